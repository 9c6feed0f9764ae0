// Takes the last scan or interaction back, for a minute after it was saved.
import { at } from "/dom.js";
import { save } from "/saving.js";
import { refuse, say } from "/say.js";
import { text } from "/texts.js";

const SECONDS = 60;
let offered = null;
let waits = false; // something else is being saved

/** Offer to take back an event {id, seq}, with its line in the list; null: there is nothing to take back. */
export function offerUndo(event, line = null) {
  offered = event && { event, line, until: performance.now() + SECONDS * 1000 };
  waits = false;
  count();
}

/** Offer nothing while something else is being saved. */
export function pauseUndo() {
  waits = true;
  count();
}

/** Offer again what was offered before: nothing new was saved since. */
export function resumeUndo() {
  waits = false;
  count();
}

/** Listen to the button and its key. */
export function startUndo() {
  at("undo").addEventListener("click", undo);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "F9" || event.repeat) return;
    event.preventDefault();
    undo();
  });
  setInterval(count, 1000);
}

function count() {
  const left = offered ? Math.ceil((offered.until - performance.now()) / 1000) : 0;
  at("undo").hidden = left <= 0 || waits;
  if (left > 0) at("undo-words").textContent = text("undo.button", { left });
  else offered = null;
}

function undo() {
  if (!offered || waits) {
    say("bad", "undo.nothing", "undo.nothing.more");
    return;
  }
  const { event, line } = offered;
  offerUndo(null);
  save("/api/undo", { id: crypto.randomUUID(), target: event.id }, (answer) => {
    resumeUndo();
    if (answer.status !== 200) {
      refuse(answer.content, "undo.refused");
      return;
    }
    line?.classList.add("undone");
    say("undone", "undo.done", "undo.done.more", { seq: event.seq });
  });
}
