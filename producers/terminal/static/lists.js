// The lists of select elements, as a part of the page. A browser's own list would swallow the keys of a scanner.
const OPENING = new Set([" ", "Enter"]);
const BROWSERS_OWN = "F4"; // it would open the browser's list; on this page it is the key of a tab
let list = null;

/** Return whether the list of a select element is open. */
export function isListOpen() {
  return Boolean(list?.open);
}

/** Listen to all select elements. */
export function startLists() {
  list = document.createElement("dialog");
  list.className = "list";
  document.body.append(list);
  list.addEventListener("click", (event) => {
    if (event.target === list) list.close();
  });
  document.addEventListener("mousedown", (event) => {
    if (selectAt(event)) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const select = selectAt(event);
    if (!select) return;
    select.focus();
    open(select);
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.target.localName !== "select") return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (OPENING.has(event.key) || (step && event.altKey)) open(event.target);
    else if (step) choose(event.target, event.target.selectedIndex + step);
    else if (event.key !== BROWSERS_OWN) return;
    event.preventDefault();
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...list.children];
    buttons[Math.min(Math.max(buttons.indexOf(document.activeElement) + step, 0), buttons.length - 1)].focus();
  });
}

// The target, not what lies at the point by now: a dialog that this click has closed may have lain over a select.
function selectAt({ target }) {
  return target instanceof Element ? target.closest("select") : null;
}

function open(select) {
  if (isListOpen() || select.disabled) return;
  list.setAttribute("aria-label", select.labels[0]?.firstElementChild?.textContent ?? "");
  list.replaceChildren(...[...select.options].map((option, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = option.textContent;
    button.setAttribute("aria-pressed", String(option.selected));
    button.addEventListener("click", () => {
      list.close();
      choose(select, index);
    });
    return button;
  }));
  list.showModal();
  list.children[Math.max(select.selectedIndex, 0)]?.focus();
}

function choose(select, index) {
  if (index < 0 || index >= select.options.length || index === select.selectedIndex) return;
  select.selectedIndex = index;
  for (const kind of ["input", "change"]) select.dispatchEvent(new Event(kind, { bubbles: true }));
}
