// The bar at the top: whether the server answers, and what waits on this terminal.
import { ask } from "/ask.js";
import { at } from "/dom.js";
import { has, length, onLanguage, text } from "/texts.js";

const CALM = ["online", "untried"];
const MENDS_ITSELF = ["offline", "busy"];
const NOT_SAFE = ["disk", "disk_full", "spool_damaged"]; // with these, nobody can promise that all is kept
const BARELY_MS = 2000; // the server's clock comes in whole seconds
let shown = null;

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
  shown = state;
  render();
  return state;
}

/** Listen to the button that makes the next attempt at once, and to the language. */
export function startLine() {
  at("try-now").addEventListener("click", () => ask("/api/try-now", {}).catch(() => undefined));
  onLanguage(() => {
    if (shown !== null) render();
  });
}

function render() {
  const { colour, words, more } = said(shown);
  at("state").dataset.line = colour;
  at("words").textContent = words;
  at("trouble").textContent = more;
  at("counts").textContent = counts(shown);
  at("clock").textContent = clock(shown.clock_ms);
  at("try-now").hidden = CALM.includes(shown.line);
  at("rejected-count").textContent = shown.rejected ? `(${text("number", { n: shown.rejected })})` : "";
  at("tab-rejected").classList.toggle("alarm", shown.rejected > 0);
}

function said(state) {
  const { line, cause, facts } = state;
  const safe = NOT_SAFE.includes(cause) ? "" : text("line.safe");
  const why = cause && has(`cause.${cause}`) ? text(`cause.${cause}`, facts) : "";
  const remedy = cause && has(`cause.${cause}.do`) ? text(`cause.${cause}.do`, facts) : "";
  if (state.full) return { colour: "full", words: text("line.full"), more: joined(remedy || text("line.full.more")) };
  if (MENDS_ITSELF.includes(line)) return { colour: line, words: text(`line.${line}`), more: joined(why, safe) };
  if (!CALM.includes(line)) return { colour: line, words: why || text(`line.${line}`), more: joined(remedy, safe) };
  if (typeof state.copies === "number") return { colour: "trouble", words: text("cause.copies"), more: joined(text("cause.copies.do"), safe) };
  return { colour: line, words: text(`line.${line}`), more: state.moved ? text("line.moved") : "" };
}

function joined(...parts) {
  return parts.filter(Boolean).join(text("joint"));
}

function counts({ pending, sent, rejected }) {
  if (pending === null) return text("line.counts.none");
  return text(rejected ? "line.counts.rejected" : "line.counts", { pending, sent, rejected });
}

function clock(ms) {
  if (ms === null) return "";
  if (Math.abs(ms) <= BARELY_MS) return text("line.clock.right");
  return text(ms > 0 ? "line.clock.slow" : "line.clock.fast", { time: length(Math.abs(ms)) });
}
