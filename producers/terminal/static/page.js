"use strict";
// The page of a booth. It says "Saved" only after the terminal program has answered that the event is on disk.

const INTERACTIONS = {
  demo_started: "Demo started", demo_completed: "Demo completed", touch_session: "Touch screen", video_view: "Video watched",
  ar_vr_session: "AR or VR", brochure_download: "Brochure", qr_open: "QR code opened", sample_request: "Sample requested",
  question_asked: "Question", meeting_booked: "Meeting booked", meeting_held: "Meeting held",
  quote_requested: "Quote requested", lead_captured: "Lead", survey_submitted: "Survey",
};
const KINDS = { entry: "Entry", exit: "Exit", zone_in: "In", zone_out: "Out", booth: "Booth", session: "Session" };
const REASONS = {
  unknown_place: "The place is not in the fair file", out_of_scope: "This terminal may not send this",
  event_id_conflict: "Another event has the same id", bad_value: "A field has an invalid value",
  wrong_fair: "It belongs to another fair", wrong_source: "It belongs to another terminal",
  unknown_currency: "The fair does not accept this currency", too_large: "Too large",
};
const WHAT = { ...INTERACTIONS, scan: "Badge scan", deal: "Deal" };
const TABS = ["scan", "interact", "deal", "rejected"];
const KEYS = { F2: "scan", F3: "interact", F4: "deal", F6: "rejected" };
const STATE_MS = 1000;
const AGAIN_MS = 500;
const LAST = 4;

const at = (id) => document.getElementById(id);
const deeds = [];          // not yet answered by the terminal program, oldest first
let working = false;
let tab = "scan";
let card = { exhibits: [], sections: [], currencies: [], kinds: [] };

function uuid() {
  return crypto.randomUUID();
}

function say(mood, word, more) {
  at("said").dataset.mood = mood;
  at("said-word").textContent = word;
  at("said-more").textContent = more || "";
}

async function ask(path, fields) {
  const options = fields === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields),
  };
  const answer = await fetch(path, { cache: "no-store", ...options });
  return { status: answer.status, content: await answer.json() };
}

// Every action gets its id here: sent again after a lost reply, it is still one event.
function save(path, fields, word, done) {
  deeds.push({ path, fields: { id: uuid(), ...fields }, word, done });
  if (!working) work();
}

async function work() {
  working = true;
  while (deeds.length) {
    const deed = deeds[0];
    let answer;
    try {
      answer = await ask(deed.path, deed.fields);
    } catch {
      say("bad", "Not saved yet", "The terminal program does not answer. Keep this page open; it will be saved later.");
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      continue;
    }
    deeds.shift();
    if (answer.status === 200) {
      const time = new Date().toLocaleTimeString("en-GB");
      say("good", `Saved no. ${answer.content.seq}`, `${deed.word}, ${time}`);
      remember(answer.content.seq, deed.word, time);
      if (deed.done) deed.done();
    } else {
      complain(answer.content, deed.path);
    }
  }
  working = false;
  look();
}

// No badges in this list: it is visible to everybody at the booth.
function remember(seq, word, time) {
  const line = document.createElement("li");
  line.textContent = `no. ${seq}  ${word}  ${time}`;
  at("last").prepend(line);
  while (at("last").children.length > LAST) at("last").lastChild.remove();
}

function complain(content, path) {
  say("bad", content.full ? "Full: not saved" : "Not saved", `${content.error || "refused"}. ${content.hint || ""}`);
  const field = path === "/api/deal" && content.field ? at(`deal-${content.field}`) : null;
  if (field) {
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }
}

async function look() {
  let state;
  try {
    state = (await ask("/api/state")).content;
  } catch {
    at("state").dataset.line = "stopped";
    at("words").textContent = "Terminal program stopped";
    at("trouble").textContent = "Nothing can be saved until it runs again; everything saved so far is safe";
    return;
  }
  const words = {
    untried: "Starting", online: "Online", offline: "Offline", busy: "Server not ready", repair: "Pair this terminal again",
    trouble: "Call the organiser",
  };
  const safe = "keep working, events are safe here";
  at("state").dataset.line = state.full ? "full" : state.line;
  at("words").textContent = state.full ? "Full: scanning has stopped" : words[state.line];
  at("trouble").textContent = state.line === "online" ? "" : state.line === "untried" ? ""
    : state.full ? "it will continue once events have been sent" : `${state.trouble ? state.trouble + "; " : ""}${safe}`;
  at("counts").textContent = state.counts;
  at("clock").textContent = state.clock;
  at("try-now").hidden = state.line === "online" || state.line === "untried";
  at("rejected-count").textContent = state.rejected ? `(${state.rejected})` : "";
  at("tab-rejected").classList.toggle("alarm", state.rejected > 0);
  if (tab === "rejected") showRejected();
}

async function showRejected() {
  let rows;
  try {
    rows = (await ask("/api/rejected")).content;
  } catch {
    return;
  }
  at("rejected-none").hidden = rows.length > 0;
  at("rejected-some").hidden = rows.length === 0;
  at("rejected-rows").replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    const why = REASONS[row.reason] || row.reason;
    const when = new Date(row.saved_ms).toLocaleString("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
    for (const text of [row.seq, WHAT[row.kind] || row.kind, when, row.detail ? `${why} (${row.detail})` : why]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      line.append(cell);
    }
    return line;
  }));
}

function show(name) {
  tab = name;
  for (const one of TABS) {
    const chosen = one === name;
    at(one).hidden = !chosen;
    at(`tab-${one}`).setAttribute("aria-selected", String(chosen));
    at(`tab-${one}`).tabIndex = chosen ? 0 : -1;
  }
  if (name === "rejected") showRejected();
  const first = { scan: "scan-badge", deal: "deal-partner", rejected: "tab-rejected" }[name];
  (first ? at(first) : firstOpenQuestion()).focus();
}

function firstOpenQuestion() {
  for (const group of ["exhibits", "interactions"]) {
    if (!document.querySelector(`#${group} input:checked`)) return document.querySelector(`#${group} input`);
  }
  return at("interact-badge");
}

function scan(badge) {
  const fields = { role: at("scan-role").value };
  if (badge !== null) fields.badge = badge;
  if (card.kinds.length > 1) fields.kind = at("scan-kind").value;
  save("/api/scan", fields, badge === null ? "Visitor without badge" : "Badge scanned");
  at("scan-badge").value = "";
  at("scan-badge").focus();
}

function interact(badge) {
  const exhibit = document.querySelector("#exhibits input:checked");
  const kind = document.querySelector("#interactions input:checked");
  if (!exhibit || !kind) {
    say("bad", "Not saved", "Choose the exhibit and what happened.");
    at("interact-badge").value = "";
    return;
  }
  const fields = { exhibit: exhibit.value, kind: kind.value };
  if (badge !== null) fields.badge = badge;
  save("/api/interact", fields, INTERACTIONS[kind.value]);
  at("interact-badge").value = "";
  at("interact-badge").focus();
}

function dealFields() {
  const fields = {};
  for (const name of ["partner", "country", "stage", "outcome", "amount", "currency", "section"]) {
    fields[name] = at(`deal-${name}`).value.trim();
    at(`deal-${name}`).removeAttribute("aria-invalid");
  }
  fields.country = fields.country.toUpperCase();
  return fields;
}

let reviewed = null;
let checking = false;

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
  const fields = { id: uuid(), ...dealFields() };
  let answer;
  try {
    answer = await ask("/api/deal", { ...fields, review: true });
  } catch {
    say("bad", "Not checked", "The terminal program does not answer. Try again in a moment.");
    return;
  }
  if (answer.status !== 200) {
    complain(answer.content, "/api/deal");
    return;
  }
  reviewed = fields;
  const chosen = (name) => at(`deal-${name}`).selectedOptions[0].textContent;
  const terms = [
    ["Partner", `${fields.partner} (${fields.country})`],
    ["Stage", chosen("stage")],
    ["Type of deal", chosen("outcome")],
    ["Value", fields.amount ? `${fields.currency} ${fields.amount}` : "undisclosed"],
    ["Section", chosen("section")],
  ];
  at("review-terms").replaceChildren(...terms.flatMap(([term, text]) => {
    const left = document.createElement("dt");
    const right = document.createElement("dd");
    left.textContent = term;
    right.textContent = text;
    return [left, right];
  }));
  at("review").showModal();
  // The focus is on "Change": a second Enter, or a scanner's, must not sign anything.
  at("review-change").focus();
}

function sign() {
  const fields = reviewed;
  reviewed = null;
  at("review").close();
  if (!fields) return;
  save("/api/deal", fields, "Deal signed", () => {
    at("deal-form").reset();
    at("deal-section").value = card.section;
  });
}

function choices(into, name, options) {
  at(into).replaceChildren(...options.map(([value, text], index) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = name;
    input.value = value;
    input.checked = index === 0 && options.length === 1;
    label.append(input, text);
    return label;
  }));
}

function options(into, pairs, chosen) {
  at(into).replaceChildren(...pairs.map(([value, text]) => new Option(text, value, value === chosen, value === chosen)));
}

async function start() {
  try {
    card = (await ask("/api/card")).content;
  } catch {
    setTimeout(start, AGAIN_MS);
    return;
  }
  at("place").textContent = `${card.title} · ${card.place} ${card.place_id} · ${card.terminal}`;
  document.title = `${card.title}: booth terminal`;
  choices("exhibits", "exhibit", card.exhibits.map((one) => [one.id, one.name]));
  choices("interactions", "kind", Object.entries(INTERACTIONS));
  options("deal-currency", card.currencies.map((one) => [one, one]));
  options("deal-section", card.sections.map((one) => [one.id, one.name]), card.section);
  options("scan-kind", card.kinds.map((one) => [one, KINDS[one]]));
  at("scan-kind-label").hidden = card.kinds.length < 2;
  at("tab-interact").hidden = card.exhibits.length === 0;
  at("tab-deal").hidden = card.sections.length === 0;
  document.body.dataset.ready = "yes";
}

for (const one of TABS) at(`tab-${one}`).addEventListener("click", () => show(one));
document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const shown = TABS.filter((one) => !at(`tab-${one}`).hidden);
  const next = shown[(shown.indexOf(tab) + step + shown.length) % shown.length];
  show(next);
  at(`tab-${next}`).focus();
});
document.addEventListener("keydown", (event) => {
  if (at("review").open || event.ctrlKey || event.altKey || event.metaKey) return;
  const name = KEYS[event.key];
  if (name && !at(`tab-${name}`).hidden) {
    event.preventDefault();
    show(name);
    return;
  }
  // A scanner types wherever the focus is: keys that no field takes go to the badge field.
  const free = event.target === document.body || event.target.matches("[role=tab]");
  if (free && event.key.length === 1 && event.key !== " " && (tab === "scan" || tab === "interact")) {
    at(`${tab}-badge`).focus();
  }
});
at("scan-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (at("scan-badge").value.trim()) scan(at("scan-badge").value);
});
at("scan-anonymous").addEventListener("click", () => scan(null));
at("interact-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (at("interact-badge").value.trim()) interact(at("interact-badge").value);
});
at("interact-anonymous").addEventListener("click", () => interact(null));
at("deal-form").addEventListener("submit", (event) => {
  event.preventDefault();
  review();
});
at("review-change").addEventListener("click", () => at("review").close());
at("review").addEventListener("close", () => {
  if (reviewed) at("deal-partner").focus();
});
at("review-sign").addEventListener("click", sign);
at("try-now").addEventListener("click", () => ask("/api/try-now", {}).catch(() => undefined));
window.addEventListener("beforeunload", (event) => {
  if (deeds.length) event.preventDefault();
});

start();
look();
setInterval(look, STATE_MS);
show("scan");
