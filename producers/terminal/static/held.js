// Keys that act on the page wait for a moment: a scanner may send them before a code, and then they must not act.
const TAKEN_BY_BROWSER = new Set(["F5", "F11", "F12"]);
const MOVES = new Set(["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"]);
const MOVABLE = "select, input[type=radio], [role=tablist] *, dialog.list *";
let held = [];
let since = 0;
let acting = false;

/** Return whether keys act now that were held before: these are not read again. */
export function isActing() {
  return acting;
}

/** Hold a key if it would act on the page; return whether it is held. Tab and text fields' own keys are not. */
export function hold({ key, target, timeStamp, repeat, ctrlKey, altKey, metaKey, shiftKey }, field) {
  if (repeat || ctrlKey || altKey || metaKey || !(target instanceof Element)) return false;
  const isFunctionKey = /^F\d+$/.test(key) && !TAKEN_BY_BROWSER.has(key);
  const closes = key === "Escape" && document.querySelector("dialog[open]") !== null;
  const moves = MOVES.has(key) && !field && target.matches(MOVABLE);
  if (!isFunctionKey && !closes && !moves && key !== "Enter") return false;
  held.push({ key, target, shiftKey });
  since = timeStamp;
  return true;
}

/** Return whether any key is held. */
export function isHolding() {
  return held.length > 0;
}

/** Return how long the last key has been held, in ms, at a time. */
export function heldFor(time) {
  return time - since;
}

/** Forget the held keys: a scanner sent them. */
export function forgetHeld() {
  held = [];
}

/** Let the held keys act: a person pressed them. */
export function actHeld() {
  const keys = held;
  held = [];
  acting = true;
  try {
    keys.forEach(act);
  } finally {
    acting = false;
  }
}

// The listeners of the page come first, as for the key itself; then what the browser would have done.
function act({ key, target, shiftKey }) {
  const event = new KeyboardEvent("keydown", { key, shiftKey, bubbles: true, cancelable: true });
  if (!target.dispatchEvent(event)) return;
  if (key === "Escape") [...document.querySelectorAll("dialog[open]")].at(-1)?.close();
  else if (key === "Enter") press(target);
  else if (target.matches("input[type=radio]")) move(target, { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[key]);
}

function press(target) {
  if (target.matches("button")) target.click();
  else if (target.matches("input")) target.form?.requestSubmit();
}

function move(radio, step) {
  if (!step) return;
  const group = [...document.querySelectorAll(`input[type=radio][name="${radio.name}"]`)];
  const next = group[(group.indexOf(radio) + step + group.length) % group.length];
  next.focus();
  next.click();
}
