// The tab for scans.
import { booth } from "/booth.js";
import { at, choices, chosen, options } from "/dom.js";
import { offerLetIn } from "/letin.js";
import { save, tell } from "/saving.js";
import { refuse } from "/say.js";
import { text } from "/texts.js";

const ROLES = ["visitor_professional", "visitor_public", "exhibitor_staff", "media", "speaker", "delegate", "vip_gov", "organiser"];
const REASONS = [
  "invalid", "blocked", "revoked", "canceled", "unpaid", "already_redeemed", "wrong_day", "invalid_time", "wrong_zone",
  "no_exit_before_entry", "product", "rules", "ambiguous", "unknown_badge", "error",
];
const LET_IN = "";
const UNSTATED = "unstated";
const DIRECTION = "direction";
const TWICE_MS = 400;
let taken = 0;

/** Show the kinds of scans that the place has. The direction belongs to the lane: the page remembers it. */
export function showScan() {
  options("scan-role", ROLES.map((one) => [one, text(`role.${one}`)]), ROLES[0]);
  const { kinds, place, badge_register: register } = booth.card;
  at("scan-role-label").hidden = register === true; // there, the register says who somebody is
  const reasons = [UNSTATED, ...REASONS].map((one) => [one, text(`deny.${one}`)]);
  options("scan-deny", [[LET_IN, text("deny.none")], ...reasons], LET_IN);
  at("scan-deny-label").hidden = place !== "gate" && place !== "hall";
  choices("scan-kinds", "direction", kinds.map((one) => [one, text(`kind.${one}`)]));
  const kept = localStorage.getItem(DIRECTION);
  const shown = kinds.includes(kept) ? kept : kinds[0];
  for (const input of document.querySelectorAll("#scan-kinds input")) input.checked = input.value === shown;
  at("scan-direction").hidden = kinds.length < 2;
  at("scan-anonymous").hidden = place === "gate"; // a gate reads every badge
}

/** Return what is chosen on the tab. */
export function scanChoices() {
  return { role: at("scan-role").value, kind: chosen("scan-kinds")?.value, deny: at("scan-deny").value };
}

/** Return what counts for a scan on another tab: a visitor, in the direction of the lane. */
export function usualScan() {
  return { ...scanChoices(), role: ROLES[0], deny: LET_IN };
}

/** Save what a scanner read, or what was typed, with what was chosen; then the choices go back to the usual ones. */
export function scan(lines, end, { role, kind, deny = LET_IN, forced = false }) {
  const mine = (taken += 1);
  offerLetIn(null);
  if (at("scan-role").value === role) at("scan-role").value = ROLES[0];
  if (at("scan-deny").value === deny) at("scan-deny").value = LET_IN;
  const fields = { ...badgeFields(lines, end), ...decided(deny, forced) };
  // A scan right after the page was opened is sent once the card is there: then the place and its direction are known.
  const whole = () => ({
    ...fields,
    ...(booth.card.badge_register ? {} : { role }),
    ...(booth.card.kinds.length > 1 ? { kind: kind ?? scanChoices().kind } : {}),
  });
  save("/api/scan", whole, (answer) => {
    const ended = tell(answer, lines === null ? "scan.done.anonymous" : forced ? "scan.done.forced" : "scan.done");
    if (mine === taken && lines?.length === 1 && answer.content.results?.[0]?.denied) {
      offerLetIn(() => scan(lines, end, { role, kind, forced: true }));
    }
    if (ended || mine !== taken) return;
    // It was refused: what was chosen still holds for the next attempt, unless something else was chosen.
    if (at("scan-role").value === ROLES[0]) at("scan-role").value = role;
    if (at("scan-deny").value === LET_IN) at("scan-deny").value = deny;
    keepTyped("scan-badge", lines, end);
  });
}

// What a person at the gate has decided. Without a decision, the register of badges decides if the fair has one.
function decided(deny, forced) {
  if (forced) return { forced };
  if (deny === LET_IN) return {};
  return deny === UNSTATED ? { denied: true } : { denied: true, reason: deny };
}

/** Return what a request says about the badge: its codes, each with an id, or that there is none. */
export function badgeFields(lines, end) {
  return lines === null ? { id: crypto.randomUUID(), anonymous: true } : { ids: lines.map(() => crypto.randomUUID()), lines, end };
}

/** Put a typed code that was refused back into its field, to be corrected. */
export function keepTyped(field, lines, end) {
  if (end !== "typed" || at(field).value) return;
  at(field).value = lines[0];
  at(field).select();
}

/** Call `work` for a tap, but not for the second tap of a double one. */
export function onTap(button, work) {
  let last = -TWICE_MS;
  at(button).addEventListener("click", (event) => {
    if (event.timeStamp - last >= TWICE_MS) work();
    last = event.timeStamp;
  });
}

/** Call `work` with what was typed into the badge field of a form when the form is sent. */
export function onTyped(form, field, work) {
  at(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = at(field).value.trim();
    if (!typed) refuse({ word: "badge_empty" });
    else if (work(typed)) at(field).value = "";
    at(field).focus();
  });
}

/** Listen to the form. */
export function startScan() {
  onTyped("scan-form", "scan-badge", (typed) => {
    scan([typed], "typed", scanChoices());
    return true;
  });
  onTap("scan-anonymous", () => scan(null, "typed", scanChoices()));
  at("scan-kinds").addEventListener("change", () => localStorage.setItem(DIRECTION, chosen("scan-kinds").value));
}
