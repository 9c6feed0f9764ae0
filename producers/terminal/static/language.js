// The menu of languages in the header.
import { at, options } from "/dom.js";
import { languages, speak, spoken } from "/texts.js";

/** Show the languages by their own names, and listen to the menu. */
export function startLanguage() {
  options("language", languages(), spoken());
  at("language").addEventListener("change", () => speak(at("language").value));
}
