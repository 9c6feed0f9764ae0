// The tabs of the page, by finger and by keyboard.
import { at } from "/dom.js";
import { showDrawer } from "/drawer.js";
import { firstOpenQuestion } from "/interact.js";

const TABS = ["scan", "interact", "deal", "rejected"];
const KEYS = { F2: "scan", F3: "interact", F4: "deal", F6: "rejected" };
const FIRST = { scan: () => at("scan-badge"), interact: firstOpenQuestion, deal: () => at("deal-partner"), rejected: () => at("tab-rejected") };
let tab = "scan";

/** Return the name of the tab that is shown. */
export function shownTab() {
  return tab;
}

/** Show a tab, and give its first field the focus. */
export function show(name) {
  tab = name;
  for (const one of TABS) {
    at(one).hidden = one !== name;
    at(`tab-${one}`).setAttribute("aria-selected", String(one === name));
    at(`tab-${one}`).tabIndex = one === name ? 0 : -1;
  }
  if (name === "rejected") showDrawer();
  FIRST[name]().focus();
}

/** Listen to the tabs and their keys. */
export function startTabs() {
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
    if (document.querySelector("dialog[open]") || event.ctrlKey || event.altKey || event.metaKey) return;
    const name = KEYS[event.key];
    if (!name || at(`tab-${name}`).hidden) return;
    event.preventDefault();
    show(name);
  });
}
