// The digits of the numeric keypad, as scanners use it: without Num Lock, and as codes of characters typed with Alt.
const DIGIT = /^Numpad(\d)$/;
const ENDS = { 9: "Tab", 10: "Enter", 13: "Enter" };
let typed = null; // the digits since Alt went down

/** Return the key that was meant: a digit of the keypad is a digit even while Num Lock is off. */
export function meant({ key, code, altKey }) {
  const digit = DIGIT.exec(code)?.[1];
  return digit !== undefined && !altKey && [...key].length > 1 ? digit : key;
}

/** Read a key that goes down; return whether it is a digit of a code typed with Alt. */
export function isAltDigit({ key, code, altKey, repeat }) {
  if (key === "Alt" && !repeat) typed = "";
  const digit = DIGIT.exec(code)?.[1];
  if (typed === null || digit === undefined || !altKey) return false;
  typed += digit;
  return true;
}

/** Read a key that comes up; return the character whose code was typed with Alt, null if none was. */
export function altCharacter({ key }) {
  if (key !== "Alt") return null;
  const number = Number(typed || 0);
  typed = null;
  if (!number) return null;
  if (number in ENDS) return ENDS[number];
  return number >= 32 && number < 127 ? String.fromCharCode(number) : "\ufffd";
}
