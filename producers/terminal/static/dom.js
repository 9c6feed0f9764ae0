// Small tools for the elements of the page.
export const at = (id) => document.getElementById(id);

/** Fill a group with one radio button per choice. What is chosen stays so; a single choice is chosen. */
export function choices(into, name, pairs) {
  const before = chosen(into)?.value;
  at(into).replaceChildren(...pairs.map(([value, words]) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = name;
    input.value = value;
    input.checked = pairs.length === 1 || value === before;
    label.append(input, words);
    return label;
  }));
}

/** Fill a select element with choices. What is chosen stays so; at first it is `first`. */
export function options(into, pairs, first) {
  const before = at(into).value;
  at(into).replaceChildren(...pairs.map(([value, words]) => new Option(words, value, value === first, value === first)));
  if (pairs.some(([value]) => value === before)) at(into).value = before;
}

/** Return the chosen radio button of a group, null if none is chosen. */
export function chosen(group) {
  return document.querySelector(`#${group} input:checked`);
}

/** Return a new element with a text, and with attributes. */
export function made(kind, words, attributes = {}) {
  const node = document.createElement(kind);
  node.textContent = words;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
