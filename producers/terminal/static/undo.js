// Takes the last scan or interaction back, for a minute after it was saved.
import { at } from "/dom.js";
import { save } from "/saving.js";
import { refuse, say } from "/say.js";
import { text } from "/texts.js";

const SECONDS = 60;
const SEEN_MS = 500; // nobody reads a number, decides and taps within this time
let offered = null;
let aimed = null; // what was offered when the finger came down
let waits = false; // something else is being saved

/** Offer to take back an event {id, seq}, with its line in the list; null: there is nothing to take back. */
export function offerUndo(event, line = null) {
  const now = performance.now();
  offered = event && { event, line, until: now + SECONDS * 1000, since: now };
  waits = false;
  count();
  setTimeout(count, SEEN_MS);
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
  at("undo").addEventListener("pointerdown", () => {
    aimed = offered;
  });
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
  if (left <= 0) {
    offered = null;
    return;
  }
  at("undo-words").textContent = text("undo.button", { seq: offered.event.seq, left });
  at("undo").setAttribute("aria-disabled", String(isNew()));
}

// A scan that came while somebody was about to press the button has changed what it takes back.
function isNew() {
  return performance.now() - offered.since < SEEN_MS;
}

function undo() {
  const meant = aimed ?? offered;
  aimed = null;
  if (!offered || waits) {
    say("bad", "undo.nothing", waits ? "undo.waits" : "undo.nothing.more");
    return;
  }
  if (isNew() || meant !== offered) {
    say("bad", "undo.refused", "undo.changed", { seq: offered.event.seq });
    return;
  }
  const before = offered;
  const { event, line } = offered;
  offerUndo(null);
  save("/api/undo", { id: crypto.randomUUID(), target: event.id }, (answer) => {
    resumeUndo();
    if (answer.status !== 200) {
      // The disk may work again in a moment; what is too old or not the last one stays so.
      if (answer.status >= 500) offered = before;
      count();
      refuse(answer.content, "undo.refused");
      return;
    }
    line?.classList.add("undone");
    say("undone", "undo.done", "undo.done.more", { seq: event.seq });
  });
}
