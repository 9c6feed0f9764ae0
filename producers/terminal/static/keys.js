// Brings every key of the page to the scanner, wherever the focus is, and undoes what a scan typed into fields.
import { GAP_MS, MINIMUM, Scanner } from "/scanner.js";

const SLACK_MS = 100; // a busy machine may hand a key over this long after its own time
const ROUND_MS = 10;
const BUSY_MS = 20; // a timer that is later than this was held up, and so were keys
const BUSY_ROUNDS = 10;
const scanner = new Scanner();
const fields = new Map(); // what each text field held before the run
let begins = () => null;
let ends = () => {};
let place = null; // where the page was when the run began
let timer = 0;
let spaceStopped = false;

/** Set the number of characters of the fair's shortest badge code, null if it is not known. */
export function expectLength(length) {
  scanner.minimum = Math.min(MINIMUM, length ?? MINIMUM);
}

/**
 * Listen to all keys. `began` is called at the first key of a run and returns what the page shows then; `ended` is called
 * with how the run ended (see Scanner) and with that.
 */
export function startKeys(began, ended) {
  begins = began;
  ends = ended;
  window.addEventListener("keydown", pressed, { capture: true });
  window.addEventListener("keyup", released, { capture: true });
}

function pressed(event) {
  const target = event.target;
  const field = target instanceof Element && target.matches(":read-write");
  const composing = event.isComposing || event.keyCode === 229;
  const read = scanner.key({
    key: event.key,
    time: event.timeStamp,
    field,
    repeat: event.repeat,
    control: (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState("AltGraph"),
    composing,
  });
  const late = read.closed?.kind === "loose" && event.key === "Enter" && !field;
  if (read.closed) end(late ? { ...read.closed, enter: true } : read.closed);
  if (read.began) {
    fields.clear();
    place = begins();
  }
  if (field && scanner.run && !fields.has(target)) fields.set(target, noteOf(target));
  if (read.found && !composing) restore();
  if (read.stop || late) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
  if (event.key === " ") spaceStopped = read.stop;
  if (scanner.run) wait(GAP_MS + SLACK_MS, 0);
}

// Firefox presses a button when the space key comes up, whatever happened to its way down.
function released(event) {
  if (event.key === " " && spaceStopped) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}

// While the page was busy, keys may be waiting that belong to the run: they get their turn first.
function wait(ms, round) {
  clearTimeout(timer);
  const due = performance.now() + ms;
  timer = setTimeout(() => {
    const busy = performance.now() - due > BUSY_MS && round < BUSY_ROUNDS;
    const closed = busy ? null : scanner.silence(performance.now() - SLACK_MS);
    if (closed) end(closed);
    if (scanner.run) wait(ROUND_MS, round + 1);
  }, ms);
}

function end(closed) {
  if (closed.kind === "method") {
    document.activeElement?.blur(); // outside of a text field no input method swallows the next scan
    restore();
  }
  ends(closed, place);
}

function noteOf(field) {
  return { value: field.value, start: field.selectionStart, end: field.selectionEnd };
}

function restore() {
  for (const [field, { value, start, end: stop }] of fields) {
    if (field.value === value) continue;
    field.value = value;
    if (start !== null) field.setSelectionRange(start, stop);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
