// The way of an action to the disk: one after the other, each until the terminal program has answered for it.
import { ask } from "/ask.js";
import { at } from "/dom.js";
import { say } from "/say.js";
import { has, text, timeOfDay } from "/texts.js";

const AGAIN_MS = 500;
const LAST = 4;
const deeds = []; // not answered yet, oldest first
let working = false;
let afterwards = () => {};

/** Set what is done after all actions were answered. */
export function whenIdle(work) {
  afterwards = work;
}

/** Return whether an action still waits for its answer. */
export function isWaiting() {
  return deeds.length > 0;
}

/** Save an action. It gets its id here: sent again after a lost reply, it is still one event. */
export function save(path, fields, what, done) {
  deeds.push({ path, fields: { id: crypto.randomUUID(), ...fields }, what, done });
  if (!working) work();
}

/** Say why something was not saved, and show the field of the deal that is wrong. */
export function complain(content, path) {
  const { word, facts, error, hint, field } = content;
  const more = has(`refused.${word}`) ? `refused.${word}` : "said.more";
  const named = () => (has(`field.${field}`) ? text(`field.${field}`) : field);
  say("bad", word === "disk_full" ? "said.full" : "said.not_saved", more, { more: `${error}. ${hint}`, field: named, ...facts });
  const wrong = path === "/api/deal" && field ? at(`deal-${field}`) : null;
  if (wrong) {
    wrong.setAttribute("aria-invalid", "true");
    wrong.focus();
  }
}

async function work() {
  working = true;
  while (deeds.length) {
    const deed = deeds[0];
    let answer;
    try {
      answer = await ask(deed.path, deed.fields);
    } catch {
      say("bad", "said.waiting", "said.waiting.more");
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      continue;
    }
    deeds.shift();
    if (answer.status === 200) {
      const facts = { seq: answer.content.seq, what: () => text(deed.what), time: timeOfDay(new Date()) };
      say("good", "said.saved", "said.saved.more", facts);
      remember(facts);
      if (deed.done) deed.done();
    } else {
      complain(answer.content, deed.path);
    }
  }
  working = false;
  afterwards();
}

// No badges in this list: it is visible to everybody at the booth.
function remember(facts) {
  const line = document.createElement("li");
  line.textContent = text("scan.line", facts);
  at("last").prepend(line);
  while (at("last").children.length > LAST) at("last").lastChild.remove();
}
