// The tab for deals, and the dialog that reviews one before it is signed.
import { ask } from "/ask.js";
import { booth } from "/booth.js";
import { at, options } from "/dom.js";
import { save, tell } from "/saving.js";
import { forgive, refuse, say } from "/say.js";
import { countryName, has, spoken, text } from "/texts.js";

const FIELDS = ["partner", "country", "stage", "outcome", "amount", "unit", "currency", "section"];
const UNITS = ["1", "wan", "yi"];
const EXAMPLES = { point: "1,250.00", comma: "1.250,00" };
const STAGES = ["contract", "purchase_order", "framework", "mou", "intent"];
const OUTCOMES = [
  "transaction", "investment", "strategic_agreement", "first_launch", "authoritative_release", "alliance_platform",
  "selection_recommendation",
];
let reviewed = null;
let checking = false;

/** Show the choices of the form. */
export function showDeal() {
  options("deal-stage", STAGES.map((one) => [one, text(`stage.${one}`)]));
  options("deal-outcome", OUTCOMES.map((one) => [one, text(`outcome.${one}`)]));
  options("deal-unit", UNITS.map((one) => [one, text(`unit.${one}`)]));
  at("deal-amount").placeholder = EXAMPLES[booth.card.decimal_mark] ?? "";
  nameCountry();
  options("deal-currency", booth.card.currencies.map((one) => [one, one]));
  options("deal-section", booth.card.sections.map((one) => [one.id, one.name]), booth.card.section);
  at("tab-deal").hidden = booth.card.sections.length === 0;
}

/** Listen to the form and the dialog. */
export function startDeal() {
  at("deal-form").addEventListener("submit", (event) => {
    event.preventDefault();
    review();
  });
  at("deal-country").addEventListener("input", nameCountry);
  at("review-change").addEventListener("click", () => at("review").close());
  at("review").addEventListener("close", () => {
    if (reviewed) at("deal-partner").focus();
  });
  at("review-sign").addEventListener("click", sign);
}

function nameCountry() {
  at("deal-country-name").textContent = countryName(at("deal-country").value.trim());
}

function dealFields() {
  const fields = {};
  for (const name of FIELDS) {
    fields[name] = at(`deal-${name}`).value.trim();
    at(`deal-${name}`).removeAttribute("aria-invalid");
  }
  return { ...fields, language: spoken() };
}

async function review() {
  if (checking || at("review").open) return;
  checking = true;
  try {
    await checkAndShow();
  } finally {
    checking = false;
  }
}

async function checkAndShow() {
  const fields = { id: crypto.randomUUID(), ...dealFields() };
  let answer;
  try {
    answer = await ask("/api/deal", { ...fields, review: true });
  } catch {
    say("bad", "said.not_checked", "said.not_checked.more");
    return;
  }
  if (answer.status !== 200) {
    complain(withUnits(answer.content));
    return;
  }
  forgive();
  const { partner, country, value } = answer.content;
  reviewed = { ...fields, reviewed: value ? value.value_minor : null };
  const words = (name) => at(`deal-${name}`).selectedOptions[0].textContent;
  const terms = [
    [text("review.partner"), `${partner} (${country}, ${countryName(country)})`],
    [text("deal.stage"), words("stage")],
    [text("deal.outcome"), words("outcome")],
    [text("review.value"), value ? value.digits : text("review.undisclosed")],
    ...(value ? [[text("review.words"), value.words]] : []),
    [text("deal.section"), words("section")],
  ];
  at("review-terms").replaceChildren(...terms.flatMap(([term, value]) => {
    const left = document.createElement("dt");
    const right = document.createElement("dd");
    left.textContent = term;
    right.textContent = value;
    return [left, right];
  }));
  at("review").showModal();
  // The focus is on "Change": a second Enter, or a scanner's, must not sign anything.
  at("review-change").focus();
}

// A refusal names units by their words; the reader sees what the list of units says.
function withUnits(content) {
  const named = ["typed", "chosen"].filter((name) => has(`unit.${content.facts[name]}`));
  return { ...content, facts: { ...content.facts, ...Object.fromEntries(named.map((name) => [name, text(`unit.${content.facts[name]}`)])) } };
}

function sign() {
  const fields = reviewed;
  reviewed = null;
  at("review").close();
  if (!fields) return;
  save("/api/deal", fields, (answer) => {
    if (!tell(answer, "deal.done", { undo: false })) return;
    at("deal-form").reset();
    at("deal-section").value = booth.card.section;
    nameCountry();
  });
}

function complain(content) {
  refuse(content);
  const field = content.field ? at(`deal-${content.field}`) : null;
  if (!field) return;
  field.setAttribute("aria-invalid", "true");
  field.focus();
}
