// The form for meetings, on the tab for interactions.
import { booth } from "/booth.js";
import { at, options } from "/dom.js";
import { save, tell } from "/saving.js";
import { refuse } from "/say.js";
import { text } from "/texts.js";

const STEPS = ["invited", "accepted", "declined", "held"];

/** Show the steps of a meeting, and the exhibitors of the booth if it has several. */
export function showMeeting() {
  const exhibitors = (booth.card.exhibitors ?? []).map((one) => [one.id, one.name]);
  options("meeting-step", STEPS.map((one) => [one, text(`meeting.${one}`)]), STEPS[0]);
  options("meeting-exhibitor", exhibitors, exhibitors[0]?.[0]);
  at("meeting-exhibitor-label").hidden = exhibitors.length < 2;
}

/** Listen to the form. */
export function startMeeting() {
  at("meeting-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const meeting = at("meeting-id").value.trim();
    const step = at("meeting-step").value;
    if (!meeting) {
      refuse({ word: "meeting_bad" });
      at("meeting-id").focus();
      return;
    }
    const fields = { id: crypto.randomUUID(), meeting, step, exhibitor: at("meeting-exhibitor").value };
    save("/api/meeting", fields, (answer) => {
      if (tell(answer, `meeting.${step}`, { undo: false }) && at("meeting-id").value.trim() === meeting) at("meeting-id").value = "";
    });
  });
}
