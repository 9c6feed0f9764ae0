// Brings every key of the page to the scanner, wherever the focus is, and undoes what a scan typed into fields.
import { actHeld, forgetHeld, heldFor, hold, isActing, isHolding } from "/held.js";
import { altCharacter, isAltDigit, meant } from "/numpad.js";
import { GAP_MS, MINIMUM, Scanner } from "/scanner.js";

const SLACK_MS = 10; // a key may arrive a little after its own time
const RUN_SLACK_MS = 100; // and later on a busy machine
const CODE_SLACK_MS = 300; // in the middle of a line: half a code is worse than a late answer
const FEW = 3; // fast characters from which on a code may have begun
const BUSY_MS = 20; // a timer that is later than this was held up, and so were keys
const BUSY_ROUNDS = 10;
const TAIL_MS = 300; // Enter or Tab this long after the last key of a scanner is a scanner's too
const scanner = new Scanner();
const fields = new Map(); // what each text field held before the run
let begins = () => null;
let ends = () => {};
let place = null; // where the page was when the run began
let timer = 0;
let spaceStopped = false;
let tail = { kind: "", at: 0 }; // the last run that was not ordinary typing, and its last key
let coded = { character: "", at: 0 }; // the last character whose code was typed with Alt

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
  window.addEventListener("keypress", typedByAlt, { capture: true });
}

function pressed(event) {
  if (isActing()) return;
  if (isAltDigit(event)) {
    scanner.stay(event.timeStamp);
    stop(event);
    return;
  }
  if (read(meant(event), event)) stop(event);
}

// Reads a key; returns whether it must not act on the page.
function read(key, event) {
  const target = event.target;
  const field = target instanceof Element && target.matches(":read-write");
  const composing = event.isComposing || event.keyCode === 229;
  if (isHolding() && !scanner.run && heldFor(event.timeStamp) > GAP_MS) actHeld();
  const found = scanner.key({
    key,
    time: event.timeStamp,
    field,
    repeat: event.repeat,
    control: (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState("AltGraph"),
    composing,
  });
  const late = found.closed?.kind === "loose" && key === "Enter" && !field;
  if (found.closed) end(late ? { ...found.closed, enter: true } : found.closed);
  if (found.began) {
    fields.clear();
    place = begins();
  }
  if (field && scanner.run && !fields.has(target)) fields.set(target, noteOf(target));
  if (found.found) {
    forgetHeld();
    if (!composing) restore();
  }
  if (scanner.run?.burst) tail = { kind: "scan", at: event.timeStamp };
  let stops = found.stop || late;
  if (!stops && !scanner.run && !composing) stops = isTail(key, event.timeStamp, field) || hold(event, field);
  if (key === " ") spaceStopped = found.stop;
  if (scanner.run || isHolding()) wait(GAP_MS + slack(), 0);
  return stops;
}

// How long a key may be on its way to the page after its own time.
function slack() {
  if (!scanner.run) return SLACK_MS;
  return scanner.run.line && scanner.run.count >= FEW ? CODE_SLACK_MS : RUN_SLACK_MS;
}

// The end of a scan that comes late must not press what has the focus.
function isTail(key, time, field) {
  const ends = key === "Enter" || (key === "Tab" && tail.kind === "scan");
  return ends && (tail.kind === "scan" || !field) && time - tail.at <= TAIL_MS;
}

function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

// Firefox presses a button when the space key comes up, whatever happened to its way down.
function released(event) {
  if (event.key === " " && spaceStopped) stop(event);
  const character = altCharacter(event);
  if (character === null) return;
  read(character, { target: event.target, timeStamp: event.timeStamp, getModifierState: () => false });
  coded = { character, at: event.timeStamp };
  stop(event);
}

// Windows types a character itself when Alt comes up, with no key of its own.
function typedByAlt(event) {
  const scanned = scanner.run?.burst || !event.target.matches?.(":read-write");
  if (scanned && event.key === coded.character && event.timeStamp - coded.at <= GAP_MS) stop(event);
}

// While the page was busy, keys may be waiting that belong to the run: they get their turn first.
function wait(ms, round) {
  clearTimeout(timer);
  const due = performance.now() + ms;
  timer = setTimeout(() => {
    const busy = performance.now() - due > BUSY_MS && round < BUSY_ROUNDS;
    const closed = busy ? null : scanner.silence(performance.now() - slack());
    if (closed) end(closed);
    if (scanner.run || (busy && isHolding())) wait(SLACK_MS, round + 1);
    else actHeld();
  }, ms);
}

function end(closed) {
  if (closed.kind === "loose") tail = { kind: "loose", at: performance.now() };
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
