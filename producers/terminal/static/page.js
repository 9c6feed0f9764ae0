// The page of a booth. It says "Saved" only after the terminal program has answered that the event is on disk.
import { ask } from "/ask.js";
import { booth } from "/booth.js";
import { startBursts } from "/burst.js";
import { showDeal, startDeal } from "/deal.js";
import { at } from "/dom.js";
import { showDrawer, startDrawer } from "/drawer.js";
import { showInteract, startInteract } from "/interact.js";
import { expectLength } from "/keys.js";
import { startLanguage } from "/language.js";
import { startLetIn } from "/letin.js";
import { look, startLine } from "/line.js";
import { startLists } from "/lists.js";
import { showMeeting, startMeeting } from "/meeting.js";
import { isWaiting, whenIdle } from "/saving.js";
import { startSay } from "/say.js";
import { showScan, startScan } from "/scan.js";
import { startSound } from "/sound.js";
import { show, shownTab, startTabs } from "/tabs.js";
import { fillIn, onLanguage, text } from "/texts.js";
import { startUndo } from "/undo.js";

const STATE_MS = 1000;
const AGAIN_MS = 500;

async function start() {
  try {
    booth.card = (await ask("/api/card")).content;
  } catch {
    setTimeout(start, AGAIN_MS);
    return;
  }
  showCard();
  document.body.dataset.ready = "yes";
}

// The names in it are those of the fair file, in every language.
function showCard() {
  if (!isKnown()) return;
  const { title, place, place_id: id, terminal } = booth.card;
  at("place").textContent = `${title} · ${text(`place.${place}`, { id })} · ${terminal}`;
  document.title = `${title}: ${text("title")}`;
  expectLength(booth.card.badge_length);
  showScan();
  showInteract();
  showMeeting();
  showDeal();
  if (at(`tab-${shownTab()}`).hidden) show("scan");
}

function isKnown() {
  return booth.card.version !== undefined;
}

async function watch() {
  const state = await look();
  if (state === null || !isKnown()) return;
  // The terminal was paired again: the page shows its new exhibits and sections.
  if (state.version !== booth.card.version) await start();
  if (shownTab() === "rejected") showDrawer();
}

fillIn();
startBursts();
startSay();
startSound();
startLists();
startUndo();
startTabs();
startScan();
startInteract();
startMeeting();
startLetIn();
startDeal();
startLine();
startDrawer();
startLanguage();
onLanguage(showCard);
showScan();
whenIdle(watch);
window.addEventListener("beforeunload", (event) => {
  if (isWaiting()) event.preventDefault();
});
start();
watch();
setInterval(watch, STATE_MS);
show("scan");
