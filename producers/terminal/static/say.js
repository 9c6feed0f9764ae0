// The bar at the bottom: how the last action ended.
import { at } from "/dom.js";
import { onLanguage, text } from "/texts.js";

let last = null;

/** Show how an action ended. `mood` is good, bad or none; `word` and `more` are names of texts. */
export function say(mood, word, more, facts = {}) {
  last = { mood, word, more, facts };
  at("said").dataset.mood = mood;
  at("said-word").textContent = text(word, facts);
  at("said-more").textContent = more ? text(more, facts) : "";
}

// It is said again in the new language.
onLanguage(() => {
  if (last !== null) say(last.mood, last.word, last.more, last.facts);
});
