// The button that lets in who was turned away a moment ago. Another scan takes it away.
import { at } from "/dom.js";

const OFFERED_MS = 60000;
let letIn = null;
let timer = 0;

/** Offer to let somebody in, by calling `work`; null: there is nobody to let in. */
export function offerLetIn(work) {
  letIn = work;
  clearTimeout(timer);
  at("let-in").hidden = work === null;
  if (work) timer = setTimeout(() => offerLetIn(null), OFFERED_MS);
}

/** Listen to the button. */
export function startLetIn() {
  at("let-in").addEventListener("click", () => {
    const work = letIn;
    offerLetIn(null);
    work?.();
  });
}
