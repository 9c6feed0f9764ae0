// The words of the bar at the top. Knows the state that the terminal program told, and no element of the page.
import { has, length, text } from "/texts.js";

const CALM = ["online", "untried"];
const MENDS_ITSELF = ["offline", "busy"];
const FULL = ["disk_full", "spool_full"];
const NOT_SAFE = [...FULL, "disk", "spool_damaged", "badge_key_changed"]; // with these, nobody can promise that all is kept
const BARELY_MS = 2000; // the server's clock comes in whole seconds

/** Return the bar for a state: its colour, the words, and what is wrong and what to do. */
export function barOf({ line, full, cause, facts, copies, moved }) {
  const safe = NOT_SAFE.includes(cause) ? "" : text("line.safe");
  if (full && !CALM.includes(line) && NOT_SAFE.includes(cause) && !FULL.includes(cause)) return broken(line, cause, facts, safe);
  if (full) return broken("full", FULL.includes(cause) ? cause : "spool_full", facts, "");
  if (MENDS_ITSELF.includes(line)) {
    return { colour: line, words: text(`line.${line}`), more: joined(has(`cause.${cause}`) ? text(`cause.${cause}`, facts) : "", safe) };
  }
  if (!CALM.includes(line)) return broken(line, cause, facts, safe);
  if (typeof copies === "number") return broken("trouble", "copies", {}, safe);
  if (moved) return { colour: "moved", words: text(`line.${line}`), more: text("cause.moved") };
  return { colour: line, words: text(`line.${line}`), more: "" };
}

/** Return the line of counts, for example "saved here: 12, sent: 340". Nothing is promised of a spool that cannot be read. */
export function countsOf({ pending, sent }) {
  return typeof pending === "number" ? text("line.counts", { pending, sent }) : text("line.counts.none");
}

/** Return how wrong the clock is, by the server's clock minus ours in ms; empty while that is unknown. */
export function clockOf(ms) {
  if (ms === null) return "";
  if (Math.abs(ms) <= BARELY_MS) return text("line.clock.right");
  return text(ms > 0 ? "line.clock.slow" : "line.clock.fast", { time: length(Math.abs(ms)) });
}

/** Return whether the server answers, so that nobody needs to ask for another attempt. */
export function isCalm({ line }) {
  return CALM.includes(line);
}

function broken(colour, cause, facts, safe) {
  const words = has(`cause.${cause}`) ? text(`cause.${cause}`, facts) : text(`line.${colour}`);
  return { colour, words, more: joined(has(`cause.${cause}.do`) ? text(`cause.${cause}.do`, facts) : "", safe) };
}

function joined(...parts) {
  return parts.filter(Boolean).join(text("joint"));
}
