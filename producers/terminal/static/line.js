// The bar at the top: whether the server answers, and what waits on this terminal.
import { ask } from "/ask.js";
import { barOf, clockOf, countsOf, isCalm } from "/bar.js";
import { at } from "/dom.js";
import { onLanguage, text } from "/texts.js";

let shown = null; // the state that the program told last; null while it does not answer

/** Ask the terminal program for its state, show it, and return it; null if the program does not answer. */
export async function look() {
  try {
    shown = (await ask("/api/state")).content;
  } catch {
    shown = null;
  }
  render();
  return shown;
}

/** Listen to the button that makes the next attempt at once, and to the language. */
export function startLine() {
  at("try-now").addEventListener("click", () => ask("/api/try-now", {}).catch(() => undefined));
  onLanguage(render);
}

function render() {
  if (shown === null) {
    show({ colour: "stopped", words: text("line.stopped"), more: text("line.stopped.more") });
    return;
  }
  show(barOf(shown));
  at("counts").textContent = countsOf(shown);
  at("clock").textContent = clockOf(shown.clock_ms);
  at("try-now").hidden = isCalm(shown);
  at("rejected-count").textContent = shown.rejected ? `(${text("number", { n: shown.rejected })})` : "";
  at("tab-rejected").classList.toggle("alarm", shown.rejected > 0);
}

function show({ colour, words, more }) {
  at("state").dataset.line = colour;
  at("words").textContent = words;
  at("trouble").textContent = more;
}
