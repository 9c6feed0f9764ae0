// The tab of events that the server refused: why, what happens with them, and what staff can do.
import { ask } from "/ask.js";
import { at, made } from "/dom.js";
import { say } from "/say.js";
import { dayAndTime, has, onLanguage, text } from "/texts.js";

let shown = null; // what the program said last, so that nothing moves under a finger while it says the same
let saved = { numbers: [], file: "" }; // what the last file holds

/** Show the newest refused events, with the reason of each. */
export async function showDrawer() {
  let drawer;
  try {
    drawer = (await ask("/api/drawer")).content;
  } catch {
    return;
  }
  const now = JSON.stringify(drawer);
  if (now === JSON.stringify(shown) || !Array.isArray(drawer.events)) return;
  shown = drawer;
  render();
}

/** Listen to the buttons and the dialog. */
export function startDrawer() {
  at("drawer-send").addEventListener("click", () => send({}));
  at("drawer-export").addEventListener("click", exportAll);
  at("drawer-forget").addEventListener("click", askFirst);
  at("confirm-keep").addEventListener("click", () => at("confirm").close());
  at("confirm-remove").addEventListener("click", forget);
  onLanguage(() => {
    if (shown !== null) render();
  });
}

function render() {
  const { count, events } = shown;
  at("rejected-none").hidden = count > 0;
  at("rejected-some").hidden = count === 0;
  at("drawer-more").textContent = events.length < count ? text("drawer.more", { shown: events.length, count }) : "";
  at("drawer-forget").hidden = saved.numbers.length === 0;
  at("rejected-rows").replaceChildren(...events.map(rowOf));
}

function rowOf({ seq, kind, saved_at, reason, detail, mends }) {
  const line = document.createElement("tr");
  const why = made("td", has(`reason.${reason}`) ? text(`reason.${reason}`) : text("reason.refused"));
  // The technician finds the server's own words under the finger; they are in English.
  why.title = detail ? `${reason}: ${detail}` : reason;
  const what = has(`what.${kind}`) ? text(`what.${kind}`) : text(`interaction.${kind}`);
  const again = made("button", text("drawer.send"), { type: "button", "aria-label": `${text("drawer.send")} ${seq}` });
  again.addEventListener("click", () => send({ numbers: [seq] }));
  const last = document.createElement("td");
  last.append(again);
  line.append(
    made("td", text("number", { n: seq })), made("td", what), made("td", dayAndTime(new Date(saved_at))), why,
    made("td", text(mends ? "fate.mends" : "fate.final")), last,
  );
  return line;
}

async function told(path, fields) {
  let answer = null;
  try {
    answer = await ask(path, fields);
  } catch {
    say("bad", "drawer.failed", "said.not_checked.more");
    return null;
  }
  if (answer.status === 200) return answer.content;
  const { word, facts } = answer.content;
  say("bad", "drawer.failed", has(`refused.${word}`) ? `refused.${word}` : "said.more", { more: answer.content.error, ...facts });
  return null;
}

async function send(fields) {
  const answer = await told("/api/drawer/send", fields);
  if (answer === null) return;
  say("good", "drawer.sent", "drawer.sent.more", { count: answer.count });
  await showDrawer();
}

async function exportAll() {
  const answer = await told("/api/drawer/export", {});
  if (answer === null) return;
  saved = { numbers: answer.numbers, file: answer.file };
  download(answer.file, answer.lines);
  say("good", "drawer.exported", "drawer.exported.more", { count: saved.numbers.length, file: saved.file });
  render();
}

function download(file, lines) {
  const address = URL.createObjectURL(new Blob([lines], { type: "application/x-ndjson" }));
  const link = made("a", "", { href: address, download: file });
  link.click();
  URL.revokeObjectURL(address);
}

function askFirst() {
  at("confirm-more").textContent = text("confirm.more", { count: saved.numbers.length, file: saved.file });
  at("confirm").showModal();
  at("confirm-keep").focus();
}

async function forget() {
  at("confirm").close();
  const answer = await told("/api/drawer/forget", { numbers: saved.numbers });
  if (answer === null) return;
  saved = { numbers: [], file: "" };
  say("good", "drawer.removed", "", { count: answer.count });
  await showDrawer();
}
