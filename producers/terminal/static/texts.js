// The texts of the page: one module per language under texts/, the same names in each.
import de from "/texts/de.js";
import en from "/texts/en.js";
import zh from "/texts/zh.js";

const LANGUAGES = {
  en: { name: "English", texts: en, locale: "en-GB" },
  de: { name: "Deutsch", texts: de, locale: "de-DE" },
  zh: { name: "中文", texts: zh, locale: "zh-CN" },
};
const KEPT = "language";
const listeners = [];
let language = firstLanguage();

/** Return the languages as pairs of a code and the language's own name. */
export function languages() {
  return Object.entries(LANGUAGES).map(([code, { name }]) => [code, name]);
}

/** Return the code of the language that the page speaks. */
export function spoken() {
  return language;
}

/** Speak another language from now on, and remember it in this browser. */
export function speak(code) {
  language = code;
  try {
    localStorage.setItem(KEPT, code);
  } catch {
    // A browser that keeps nothing asks for its own language the next time.
  }
  fillIn();
  for (const listener of listeners) listener();
}

/** Call a function after every switch of the language. */
export function onLanguage(listener) {
  listeners.push(listener);
}

/** Return the text of a name with its values filled in; the name itself if there is no such text.
 * A value that is a number is written as in the language; one that is a function is called.
 */
export function text(name, facts = {}) {
  const found = LANGUAGES[language].texts[name];
  return found === undefined ? name : found.replace(/\{(\w+)\}/g, (whole, key) => (key in facts ? written(facts[key]) : whole));
}

/** Return whether a name has a text. */
export function has(name) {
  return Object.hasOwn(LANGUAGES[language].texts, name);
}

/** Return a time of day, as people of the language write it. */
export function timeOfDay(moment) {
  return moment.toLocaleTimeString(locale(), { hour12: false });
}

/** Return a day of the week with the time, as people of the language write it. */
export function dayAndTime(moment) {
  return moment.toLocaleString(locale(), { weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false });
}

/** Return a length of time in its largest unit, rounded down: "3 minutes", "2 Stunden", "4天". */
export function length(ms) {
  const seconds = Math.floor(ms / 1000);
  const units = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, one]) => seconds >= 2 * one) ?? units.at(-1);
  const style = { style: "unit", unit, unitDisplay: "long" };
  return new Intl.NumberFormat(locale(), style).format(Math.floor(seconds / size));
}

/** Return the name of a country by its two letters; empty if these are not a country's. */
export function countryName(code) {
  try {
    return new Intl.DisplayNames([locale()], { type: "region", fallback: "none" }).of(code.toUpperCase()) ?? "";
  } catch {
    return "";
  }
}

/** Fill in every element with the attribute data-text (its text) or data-label (its aria-label). */
export function fillIn(root = document) {
  document.documentElement.lang = locale();
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", text(node.dataset.label));
}

function locale() {
  return LANGUAGES[language].locale;
}

function written(value) {
  if (typeof value === "function") return value();
  return typeof value === "number" ? value.toLocaleString(locale()) : String(value);
}

function firstLanguage() {
  let kept = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch {
    // A browser that keeps nothing: its own language decides.
  }
  const wanted = [kept, ...navigator.languages].filter(Boolean).map((one) => one.toLowerCase().split("-")[0]);
  return wanted.find((one) => Object.hasOwn(LANGUAGES, one)) ?? "en";
}
