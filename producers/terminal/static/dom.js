// Small tools for the elements of the page.
export const at = (id) => document.getElementById(id);

/** Fill a group with one radio button per choice; a single choice is chosen. */
export function choices(into, name, pairs) {
  at(into).replaceChildren(...pairs.map(([value, words]) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = name;
    input.value = value;
    input.checked = pairs.length === 1;
    label.append(input, words);
    return label;
  }));
}

/** Fill a select element with choices. */
export function options(into, pairs, chosen) {
  at(into).replaceChildren(...pairs.map(([value, words]) => new Option(words, value, value === chosen, value === chosen)));
}

/** Return the chosen radio button of a group, null if none is chosen. */
export function chosen(group) {
  return document.querySelector(`#${group} input:checked`);
}
