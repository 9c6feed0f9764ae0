// The bar at the top: whether the server answers, and what waits on this terminal.
import { ask } from "/ask.js";
import { at } from "/dom.js";
import { text } from "/texts.js";

/** Ask the terminal program for its state, show it, and return it; null if the program does not answer. */
export async function look() {
  let state;
  try {
    state = (await ask("/api/state")).content;
  } catch {
    at("state").dataset.line = "stopped";
    at("words").textContent = text("line.stopped");
    at("trouble").textContent = text("line.stopped.more");
    return null;
  }
  const calm = state.line === "online" || state.line === "untried";
  at("state").dataset.line = state.full ? "full" : state.line;
  at("words").textContent = text(`line.${state.full ? "full" : state.line}`);
  at("trouble").textContent = calm ? "" : state.full ? text("line.full.more")
    : `${state.trouble ? state.trouble + "; " : ""}${text("line.safe")}`;
  at("counts").textContent = state.counts;
  at("clock").textContent = state.clock;
  at("try-now").hidden = calm;
  at("rejected-count").textContent = state.rejected ? `(${state.rejected})` : "";
  at("tab-rejected").classList.toggle("alarm", state.rejected > 0);
  return state;
}

/** Listen to the button that makes the next attempt at once. */
export function startLine() {
  at("try-now").addEventListener("click", () => ask("/api/try-now", {}).catch(() => undefined));
}
