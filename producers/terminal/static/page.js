// The page of a booth. It says "Saved" only after the terminal program has answered that the event is on disk.
import { ask } from "/ask.js";
import { booth } from "/booth.js";
import { showDeal, startDeal } from "/deal.js";
import { at } from "/dom.js";
import { showDrawer } from "/drawer.js";
import { showInteract, startInteract } from "/interact.js";
import { look, startLine } from "/line.js";
import { isWaiting, whenIdle } from "/saving.js";
import { showScan, startScan } from "/scan.js";
import { show, shownTab, startTabs } from "/tabs.js";
import { fillIn, text } from "/texts.js";

const STATE_MS = 1000;
const AGAIN_MS = 500;

async function start() {
  try {
    booth.card = (await ask("/api/card")).content;
  } catch {
    setTimeout(start, AGAIN_MS);
    return;
  }
  const card = booth.card;
  at("place").textContent = `${card.title} · ${card.place} ${card.place_id} · ${card.terminal}`;
  document.title = `${card.title}: ${text("title")}`;
  showScan();
  showInteract();
  showDeal();
  document.body.dataset.ready = "yes";
}

async function watch() {
  const state = await look();
  if (state !== null && shownTab() === "rejected") showDrawer();
}

fillIn();
startTabs();
startScan();
startInteract();
startDeal();
startLine();
whenIdle(watch);
window.addEventListener("beforeunload", (event) => {
  if (isWaiting()) event.preventDefault();
});
start();
watch();
setInterval(watch, STATE_MS);
show("scan");
