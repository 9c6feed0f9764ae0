// The tab of events that the server refused.
import { ask } from "/ask.js";
import { at } from "/dom.js";
import { dayAndTime, has, text } from "/texts.js";

/** Show the newest refused events, with the reason of each. */
export async function showDrawer() {
  let rows;
  try {
    rows = (await ask("/api/rejected")).content;
  } catch {
    return;
  }
  at("rejected-none").hidden = rows.length > 0;
  at("rejected-some").hidden = rows.length === 0;
  at("rejected-rows").replaceChildren(...rows.map(rowOf));
}

function rowOf(row) {
  const line = document.createElement("tr");
  const why = has(`reason.${row.reason}`) ? text(`reason.${row.reason}`) : row.reason;
  const what = has(`what.${row.kind}`) ? text(`what.${row.kind}`) : text(`interaction.${row.kind}`);
  const when = dayAndTime(new Date(row.saved_ms));
  for (const words of [row.seq, what, when, row.detail ? `${why} (${row.detail})` : why]) {
    const cell = document.createElement("td");
    cell.textContent = words;
    line.append(cell);
  }
  return line;
}
