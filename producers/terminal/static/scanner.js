// Tells what a scanner types from what a person types, by the speed of the keys alone. It uses neither the page nor a clock.

/** Keys that follow each other within this time, in ms, are typed by a scanner. */
export const GAP_MS = 50;
/** The number of fast characters that make a scan, unless the codes of the fair are shorter. */
export const MINIMUM = 6;
/** The number of fast characters outside of a text field that make a cut-off scan, if Enter or Tab follows as fast. */
const CUT = 3;
const ENDS = { Enter: "enter", Tab: "tab" };
const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "NumLock"]);
const UNREADABLE = "\ufffd";

/**
 * Reads keys one by one. A run is a chain of keys with gaps of at most GAP_MS; with enough characters it is a burst.
 *
 * `key` returns: `closed` - how the run before this key ended, or null; `began` - this key begins a run; `found` - this
 * key makes the run a burst, so what it typed into fields must go; `stop` - the key must not act on the page.
 *
 * A run ends as {kind: "scan", lines, end}, {kind: "method", count} (an input method swallowed the keys),
 * {kind: "loose", text, enter} (keys outside of every text field) or null (ordinary typing in a text field).
 */
export class Scanner {
  constructor(minimum = MINIMUM) {
    this.minimum = minimum;
    this.run = null;
  }

  /** Read a key: its name, its time in ms, whether it is held down, made with Ctrl, Alt or Meta, and where it went. */
  key({ key, time, field = false, repeat = false, control = false, composing = false }) {
    const before = this.silence(time);
    const read = { closed: before, began: false, found: false, stop: false };
    if (repeat) return { ...read, stop: this.#stopsHeld(key, field) };
    if (MODIFIERS.has(key)) {
      if (this.run) this.run.last = time;
      return read;
    }
    if (composing) return this.#character(read, "", time, field, true);
    if (key === "Dead") return this.#character(read, UNREADABLE, time, field);
    if (!control && [...key].length === 1) return this.#character(read, key, time, field);
    if (!this.run) return read;
    this.run.last = time;
    if (!control && key in ENDS) return this.#lineEnd(read, ENDS[key], field);
    return { ...read, stop: this.run.burst || !field };
  }

  /** Let the run go on at a time: a key that is a part of a character. */
  stay(time) {
    if (this.run) this.run.last = time;
  }

  /** End the run if its last key is longer ago than GAP_MS; return how it ended, null if it goes on or there is none. */
  silence(time) {
    return this.run && time - this.run.last > GAP_MS ? this.#close() : null;
  }

  #character(read, letter, time, field, composing = false) {
    // A space alone presses a button.
    if (!this.run && letter === " " && !field) return read;
    const began = !this.run;
    this.run ??= { lines: [], line: "", loose: "", count: 0, swallowed: 0, burst: false, end: "silence", last: time };
    const run = this.run;
    run.line += letter;
    run.count += 1;
    run.swallowed += composing ? 1 : 0;
    run.last = time;
    if (!field) run.loose += letter;
    const found = !run.burst && run.count >= this.minimum;
    run.burst ||= found;
    return { ...read, began, found, stop: !composing && (run.burst || !field) };
  }

  #lineEnd(read, end, field) {
    const run = this.run;
    const found = !run.burst && !field && run.count >= CUT;
    run.burst ||= found;
    if (run.burst) {
      if (run.line.trim()) {
        run.lines.push(run.line);
        run.end = end;
      }
      run.line = "";
      return { ...read, found, stop: true };
    }
    if (field) {
      this.run = null;
      return read;
    }
    return { ...read, closed: { ...this.#close(), enter: end === "enter" }, stop: true };
  }

  #close() {
    const { lines, line, loose, count, swallowed, burst, end } = this.run;
    this.run = null;
    if (burst && swallowed) return { kind: "method", count };
    if (burst && line.trim()) return { kind: "scan", lines: [...lines, line], end: "silence" };
    if (burst) return { kind: "scan", lines: lines.length ? lines : [""], end };
    return loose ? { kind: "loose", text: loose, enter: false } : null;
  }

  // A held key is not typed by a scanner. Held down, Enter and Space would press a button again and again.
  #stopsHeld(key, field) {
    return Boolean(this.run?.burst) || key === "Enter" || (!field && [...key].length === 1);
  }
}
