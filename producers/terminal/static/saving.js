// The way of an action to the disk: one after the other, each until the terminal program has answered for it.
import { ask } from "/ask.js";
import { booth } from "/booth.js";
import { at } from "/dom.js";
import { refuse, say } from "/say.js";
import { onLanguage, text, timeOfDay } from "/texts.js";
import { offerUndo, pauseUndo, resumeUndo } from "/undo.js";

const AGAIN_MS = 500;
const SLOW_MS = 700;
const LAST = 4;
const FULL = ["disk_full", "spool_full"];
const told = new WeakMap(); // the facts of each line in the list of last events
const deeds = []; // not answered yet, oldest first
let working = false;
let away = false; // the program did not answer the last time
let afterwards = () => {};

/** Set what is done after all actions were answered. */
export function whenIdle(work) {
  afterwards = work;
}

/** Return whether an action still waits for its answer. */
export function isWaiting() {
  return deeds.length > 0;
}

/**
 * Send an action until the program answers; its ids are in the fields, so sent twice it is still the same action.
 * `fields` may be a function that returns them; it is called when the card of the booth is known.
 */
export function save(path, fields, answered) {
  const deed = { path, fields, answered };
  deeds.push(deed);
  pauseUndo();
  if (away) sayWaiting();
  else setTimeout(() => deeds.includes(deed) && !away && sayWaiting(), SLOW_MS);
  if (!working) work();
}

/**
 * Say how an action ended, from the answer of the program. `what` names its text. Returns whether all of it is saved.
 * `undo` is whether it can be taken back.
 * One action has several results if a scanner read several badges at once; each is saved or refused by itself.
 */
export function tell(answer, what, { undo = true } = {}) {
  if (answer.status !== 200) {
    refuse(answer.content, FULL.includes(answer.content.word) ? "said.full" : "said.not_saved");
    resumeUndo();
    return false;
  }
  const results = answer.content.results ?? [answer.content];
  const saved = results.filter((one) => one.seq !== undefined);
  const fresh = saved.filter((one) => !one.again);
  const denied = saved.find((one) => one.denied);
  const numbers = (list) => [...new Set(list.map((one) => one.seq))].join(", ");
  const facts = { seq: numbers(fresh), what: () => text(what), time: timeOfDay(new Date()) };
  const lines = fresh.map((one) => remember({ ...facts, seq: one.seq, what: () => text(one.denied ? "scan.denied" : what) }));
  const refused = results.find((one) => one.seq === undefined);
  if (refused && saved.length) refuse(refused, "said.partly", { seq: numbers(saved) });
  else if (refused) refuse(refused);
  else if (denied) say("bad", "said.denied", "said.denied.more", { seq: denied.seq, why: () => text(`deny.${denied.reason ?? "unstated"}`) });
  else if (fresh.some((one) => one.checked === false)) say("good", "said.unchecked", "said.unchecked.more", { seq: numbers(fresh) });
  else if (fresh.some((one) => one.known === false)) say("good", "said.saved", "said.unknown.more", { seq: numbers(fresh) });
  else if (fresh.length) say("good", "said.saved", "said.saved.more", facts);
  else say("again", "said.again", "said.again.more", { seq: numbers(saved) });
  if (fresh.length) offerUndo(undo ? fresh.at(-1) : null, lines.at(-1));
  else resumeUndo();
  return !refused;
}

function sayWaiting() {
  say("wait", "said.waiting", "said.waiting.more", { count: deeds.length });
}

async function work() {
  working = true;
  while (deeds.length) {
    const deed = deeds[0];
    let answer;
    try {
      if (booth.card.version === undefined) throw new Error("the card is not there yet");
      if (typeof deed.fields === "function") deed.fields = deed.fields();
      answer = await ask(deed.path, deed.fields);
    } catch {
      if (!away) sayWaiting();
      away = true;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      continue;
    }
    away = false;
    deeds.shift();
    deed.answered(answer);
  }
  working = false;
  afterwards();
}

onLanguage(() => {
  for (const line of at("last").children) line.textContent = text("scan.line", told.get(line));
});

// No badges in this list: it is visible to everybody at the booth.
function remember(facts) {
  const line = document.createElement("li");
  told.set(line, facts);
  line.textContent = text("scan.line", facts);
  at("last").prepend(line);
  while (at("last").children.length > LAST) at("last").lastChild.remove();
  return line;
}
