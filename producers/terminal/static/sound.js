// How an action ended, to be heard: one tone each, no files. A browser allows sound after the first key or touch.
const TONES = {
  undone: [[660, 0, 0.12], [440, 0.14, 0.12]],
  good: [[1320, 0, 0.12]],
  again: [[880, 0, 0.06], [880, 0.11, 0.06]],
  bad: [[220, 0, 0.35], [220, 0.45, 0.35]],
  wait: [[440, 0, 0.2]],
};
const MUTED = "muted";
let context = null;

/** Return whether the sound is off. */
export function isMuted() {
  return localStorage.getItem(MUTED) === "yes";
}

/** Turn the sound on or off; the page remembers it. */
export function mute(off) {
  localStorage.setItem(MUTED, off ? "yes" : "no");
}

/** Make the sound of a mood (see say.js); a mood without tones is silent. */
export function sound(mood) {
  if (!TONES[mood] || isMuted() || !wake()) return;
  for (const [hertz, start, seconds] of TONES[mood]) tone(hertz, context.currentTime + start, seconds);
}

/** Listen for ends of actions, and for the first key or touch, after which sound is allowed. */
export function startSound() {
  document.addEventListener("said", (event) => sound(event.detail.mood));
  for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, wake, { capture: true });
}

function wake() {
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") context.resume().catch(() => undefined);
    return true;
  } catch {
    return false; // no sound device: the colour and the words remain
  }
}

function tone(hertz, start, seconds) {
  const wave = context.createOscillator();
  const volume = context.createGain();
  wave.type = hertz < 400 ? "square" : "sine";
  wave.frequency.value = hertz;
  volume.gain.setValueAtTime(0.3, start);
  volume.gain.exponentialRampToValueAtTime(0.001, start + seconds);
  wave.connect(volume).connect(context.destination);
  wave.start(start);
  wave.stop(start + seconds);
}
