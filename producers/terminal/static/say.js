// The bar at the bottom: how the last action ended. Each end is also an event `said`, for the sound.
import { at } from "/dom.js";
import { has, onLanguage, text } from "/texts.js";

let last = null;

/** Show how an action ended. `mood` is good, again, undone, bad, wait or none; `word` and `more` are names of texts. */
export function say(mood, word, more = "", facts = {}) {
  last = { word, more, facts };
  at("said").dataset.mood = mood;
  at("said").dataset.turn = at("said").dataset.turn === "1" ? "2" : "1"; // two ends with the same words flash twice
  write();
  document.dispatchEvent(new CustomEvent("said", { detail: { mood, word, more } }));
}

/** Take back that something was wrong, once it is mended; no end of an action is said by that. */
export function forgive() {
  if (at("said").dataset.mood !== "bad") return;
  last = { word: "said.ready", more: "", facts: {} };
  at("said").dataset.mood = "none";
  write();
}

/** Say that something was not saved, and why: the answer of the terminal program, or one of its results. */
export function refuse(content, word = "said.not_saved", facts = {}) {
  const { word: reason, error, hint, field } = content;
  const more = has(`refused.${reason}`) ? `refused.${reason}` : "said.more";
  const named = () => (has(`field.${field}`) ? text(`field.${field}`) : field);
  say("bad", word, more, { more: `${error}. ${hint}`, field: named, ...facts, ...content.facts });
}

/** Say it while the browser gives the keys to another window: no scan can be read then. */
export function startSay() {
  const look = () => {
    at("said").dataset.away = document.hasFocus() ? "no" : "yes";
  };
  window.addEventListener("focus", look);
  window.addEventListener("blur", () => {
    look();
    window.focus();
  });
  document.addEventListener("visibilitychange", look);
  look();
  onLanguage(write);
}

function write() {
  if (!last) return;
  at("said-word").textContent = text(last.word, last.facts);
  at("said-more").textContent = last.more ? text(last.more, last.facts) : "";
}
