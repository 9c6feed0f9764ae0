// The tab for scans.
import { booth } from "/booth.js";
import { at, options } from "/dom.js";
import { save } from "/saving.js";
import { text } from "/texts.js";

const ROLES = ["visitor_professional", "visitor_public", "exhibitor_staff", "media", "speaker", "delegate", "vip_gov", "organiser"];

/** Show the kinds of scans that the place has. */
export function showScan() {
  options("scan-role", ROLES.map((one) => [one, text(`role.${one}`)]), ROLES[0]);
  options("scan-kind", booth.card.kinds.map((one) => [one, text(`kind.${one}`)]));
  at("scan-kind-label").hidden = booth.card.kinds.length < 2;
}

/** Save the scan of a badge; null for a visitor who does not want to be tracked. */
export function scan(badge) {
  const fields = { role: at("scan-role").value };
  if (badge !== null) fields.badge = badge;
  if (booth.card.kinds.length > 1) fields.kind = at("scan-kind").value;
  save("/api/scan", fields, badge === null ? "scan.done.anonymous" : "scan.done");
  at("scan-badge").value = "";
  at("scan-badge").focus();
}

/** Listen to the form. */
export function startScan() {
  at("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (at("scan-badge").value.trim()) scan(at("scan-badge").value);
  });
  at("scan-anonymous").addEventListener("click", () => scan(null));
}
