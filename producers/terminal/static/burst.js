// What a scan does: that depends on what the page showed when the scan began, never on the focus.
import { at } from "/dom.js";
import { interact, interactChoices } from "/interact.js";
import { startKeys } from "/keys.js";
import { isListOpen } from "/lists.js";
import { say } from "/say.js";
import { scan, scanChoices, usualScan } from "/scan.js";
import { shownTab } from "/tabs.js";

const NOWHERE = 6; // a person who typed this many keys believes that they count
const PAUSE_MS = 1000;
let lost = { count: 0, at: 0 };

/** Listen to all keys of the page. */
export function startBursts() {
  startKeys(shownNow, ended);
}

// An open dialog belongs to no tab, except for a list of choices.
function shownNow() {
  const dialog = document.querySelector("dialog[open]") && !isListOpen();
  return { tab: dialog ? "" : shownTab(), scan: scanChoices(), interact: interactChoices() };
}

function ended(run, shown) {
  if (run.kind === "method") say("bad", "said.not_saved", "refused.input_method");
  else if (run.kind === "loose") loose(run, shown);
  else if (shown.tab === "interact") interact(run.lines, run.end, shown.interact);
  else scan(run.lines, run.end, shown.tab === "scan" ? shown.scan : usualScan());
}

// Keys of a person, or of a slow scanner, outside of every text field.
function loose({ text, enter }, { tab }) {
  if (tab !== "scan" && tab !== "interact") {
    const now = performance.now();
    const count = (now - lost.at > PAUSE_MS ? 0 : lost.count) + text.length;
    if (lost.count < NOWHERE && count >= NOWHERE) say("bad", "said.nowhere", "said.nowhere.more");
    lost = { count, at: now };
    return;
  }
  const field = at(`${tab}-badge`);
  field.focus();
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  if (enter) field.form.requestSubmit();
}
