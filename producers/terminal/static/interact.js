// The tab for interactions.
import { booth } from "/booth.js";
import { at, choices, chosen } from "/dom.js";
import { save } from "/saving.js";
import { say } from "/say.js";
import { text } from "/texts.js";

const INTERACTIONS = [
  "demo_started", "demo_completed", "touch_session", "video_view", "ar_vr_session", "brochure_download", "qr_open",
  "sample_request", "question_asked", "meeting_booked", "meeting_held", "quote_requested", "lead_captured", "survey_submitted",
];

/** Show the exhibits of the booth, and what may happen at them. */
export function showInteract() {
  choices("exhibits", "exhibit", booth.card.exhibits.map((one) => [one.id, one.name]));
  choices("interactions", "kind", INTERACTIONS.map((one) => [one, text(`interaction.${one}`)]));
  at("tab-interact").hidden = booth.card.exhibits.length === 0;
}

/** Return the first question that is still open, or the badge field. */
export function firstOpenQuestion() {
  const open = ["exhibits", "interactions"].find((group) => !chosen(group));
  return open ? document.querySelector(`#${open} input`) : at("interact-badge");
}

/** Save an interaction; `badge` is null for a visitor who does not want to be tracked. */
export function interact(badge) {
  const exhibit = chosen("exhibits");
  const kind = chosen("interactions");
  if (!exhibit || !kind) {
    say("bad", "said.not_saved", "interact.choose");
    at("interact-badge").value = "";
    return;
  }
  const fields = { exhibit: exhibit.value, kind: kind.value };
  if (badge !== null) fields.badge = badge;
  save("/api/interact", fields, `interaction.${kind.value}`);
  at("interact-badge").value = "";
  at("interact-badge").focus();
}

/** Listen to the form. */
export function startInteract() {
  at("interact-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (at("interact-badge").value.trim()) interact(at("interact-badge").value);
  });
  at("interact-anonymous").addEventListener("click", () => interact(null));
}
