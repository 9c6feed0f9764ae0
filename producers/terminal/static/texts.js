// The texts of the page: one module per language under texts/, the same names in each.
import en from "/texts/en.js";

const LANGUAGES = { en };
let language = "en";

/** Return the text of a name with its values filled in; the name itself if there is no such text. */
export function text(name, facts = {}) {
  const found = LANGUAGES[language][name];
  return found === undefined ? name : found.replace(/\{(\w+)\}/g, (whole, key) => (key in facts ? String(facts[key]) : whole));
}

/** Return whether a name has a text. */
export function has(name) {
  return name in LANGUAGES[language];
}

/** Return a time of day, as people of the language write it. */
export function timeOfDay(moment) {
  return moment.toLocaleTimeString("en-GB");
}

/** Fill in every element with the attribute data-text (its text) or data-label (its aria-label). */
export function fillIn(root = document) {
  document.documentElement.lang = language;
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", text(node.dataset.label));
}
