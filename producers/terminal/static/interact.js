// The tab for interactions.
import { booth } from "/booth.js";
import { at, choices, chosen } from "/dom.js";
import { save, tell } from "/saving.js";
import { badgeFields, keepTyped, onTap, onTyped } from "/scan.js";
import { refuse } from "/say.js";
import { text } from "/texts.js";

const INTERACTIONS = [
  "demo_started", "demo_completed", "touch_session", "video_view", "ar_vr_session", "brochure_download", "qr_open",
  "sample_request", "question_asked", "meeting_booked", "meeting_held", "quote_requested", "lead_captured", "survey_submitted",
];
const GROUPS = ["exhibits", "interactions"];
const AGAIN_MS = 3000;
let taken = 0;
let before = { code: null, choices: null, at: 0 };

/** Show the exhibits of the booth, and what may happen at them. */
export function showInteract() {
  choices("exhibits", "exhibit", booth.card.exhibits.map((one) => [one.id, one.name]));
  choices("interactions", "kind", INTERACTIONS.map((one) => [one, text(`interaction.${one}`)]));
  at("tab-interact").hidden = booth.card.exhibits.length === 0;
}

/** Return the first question that is still open, or the badge field. */
export function firstOpenQuestion() {
  const open = GROUPS.find((group) => !chosen(group));
  return open ? document.querySelector(`#${open} input`) : at("interact-badge");
}

/** Return what is chosen on the tab; null for what is not. */
export function interactChoices() {
  return { exhibit: chosen("exhibits")?.value ?? null, kind: chosen("interactions")?.value ?? null };
}

/**
 * Save an interaction with what was chosen; then the choices go back to none. `lines` is null for a visitor who does not
 * want to be tracked. Returns whether it was taken: without both choices it is not.
 */
export function interact(lines, end, given) {
  const choices = sameAgain(lines, given) ?? given;
  if (!choices.exhibit || !choices.kind) {
    refuse({ word: "choose_exhibit" });
    return false;
  }
  const mine = (taken += 1);
  const now = interactChoices();
  if (now.exhibit === given.exhibit && now.kind === given.kind) clear();
  save("/api/interact", { ...badgeFields(lines, end), ...choices }, (answer) => {
    if (tell(answer, `interaction.${choices.kind}`) || mine !== taken) return;
    // It was refused: what was chosen still holds for the next attempt, unless something else was chosen.
    if (!chosen("interactions")) choose(choices);
    if (lines !== null) keepTyped("interact-badge", lines, end);
  });
  return true;
}

/** Listen to the form. */
export function startInteract() {
  onTyped("interact-form", "interact-badge", (typed) => interact([typed], "typed", interactChoices()));
  onTap("interact-anonymous", () => interact(null, "typed", interactChoices()));
}

// A scanner that reads a badge twice at once: the choices of the first read, which are gone by now, hold for the second.
function sameAgain(lines, given) {
  const code = lines?.join("\n") ?? null;
  const moment = performance.now();
  const same = code !== null && code === before.code && moment - before.at <= AGAIN_MS;
  const choices = same && !given.kind ? before.choices : given;
  before = { code, choices, at: moment };
  return choices;
}

function clear() {
  for (const group of GROUPS) {
    const inputs = document.querySelectorAll(`#${group} input`);
    for (const input of inputs) input.checked = inputs.length === 1;
  }
}

function choose({ exhibit, kind }) {
  for (const input of document.querySelectorAll("#exhibits input")) input.checked ||= input.value === exhibit;
  for (const input of document.querySelectorAll("#interactions input")) input.checked ||= input.value === kind;
}
