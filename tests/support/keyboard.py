"""A keyboard for Chromium whose keys carry the times that they were pressed at, however busy the machine is.

The times of a real keyboard come from the system, not from the moment at which a page hears of the key. So the keys of
a scan are handed over at once, and each has its own time. A key after a pause waits for its time: until then, the page
has done what the key before it says.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from schemas.times import wall_ms

if TYPE_CHECKING:
    from playwright.async_api import CDPSession

SCANNER_MS: Final = 8
"""Between two keys of a hand scanner."""

PERSON_MS: Final = 90
"""Between two keys of a quick typist."""

PAUSE_MS: Final = 60
"""After a key that is alone for this long, the page does what it says."""

ENDED_MS: Final = 210
OPEN_MS: Final = 420
"""After this, the page has taken what was typed: after Enter or Tab, and after a character."""

AHEAD_MS: Final = 150
EACH_MS: Final = 5
"""The first key is handed over `AHEAD_MS` before its time, and `EACH_MS` more for each key of the scan.

So the last one is not late on a busy machine.
"""

QUIET: Final = """new Promise((done) => {
  const round = (left) => {
    const due = performance.now() + 70;
    setTimeout(() => (left > 0 && performance.now() - due > 20 ? round(left - 1) : done()), 70);
  };
  round(10);
})"""
"""Waits in the page until its timers were on time for longer than a key is held: then the key has acted.

The page itself waits for as many rounds while it is busy, see `keys.js`.
"""

SHIFT: Final = 8
NAMED: Final = {
    "Enter": (13, "Enter", "\r"), "Tab": (9, "Tab", ""), "Escape": (27, "Escape", ""), "Space": (32, "Space", " "),
    "ArrowLeft": (37, "ArrowLeft", ""), "ArrowUp": (38, "ArrowUp", ""), "ArrowRight": (39, "ArrowRight", ""),
    "ArrowDown": (40, "ArrowDown", ""), "Backspace": (8, "Backspace", ""), "Shift": (16, "ShiftLeft", ""),
    "End": (35, "End", ""),
    "Dead": (229, "Quote", ""), "Process": (229, "KeyA", ""),
    **{f"F{number}": (111 + number, f"F{number}", "") for number in range(1, 13)},
}  # fmt: skip
KEYPAD: Final = (
    "Insert", "End", "ArrowDown", "PageDown", "ArrowLeft", "Clear", "ArrowRight", "Home", "ArrowUp", "PageUp",
)  # fmt: skip
"""The keys of the digits 0 to 9 on the numeric keypad while Num Lock is off."""

ALT: Final = 1
SHIFTED: Final = dict(zip(')!@#$%^&*(_+{}|:"<>?~', "0123456789-=[]\\;',./`", strict=True))
CODES: Final = {
    " ": (32, "Space"), "-": (189, "Minus"), "=": (187, "Equal"), "[": (219, "BracketLeft"), "]": (221, "BracketRight"),
    "\\": (220, "Backslash"), ";": (186, "Semicolon"), "'": (222, "Quote"), ",": (188, "Comma"), ".": (190, "Period"),
    "/": (191, "Slash"), "`": (192, "Backquote"),
}  # fmt: skip


@dataclass(frozen=True)
class Press:
    """One key: a character, or a name such as Enter or Shift+Tab, and the time since the key before it."""

    key: str
    after_ms: float = SCANNER_MS


def presses(text: str, gap_ms: float = SCANNER_MS) -> list[Press]:
    """Return one press per character, one time apart; a line feed is Enter, a tab is Tab."""
    return [Press({"\n": "Enter", "\t": "Tab"}.get(one, one), gap_ms) for one in text]


def silence_ms(keys: Sequence[Press]) -> int:
    """Return how long after some keys the page has taken them."""
    return ENDED_MS if keys[-1].key in ("Enter", "Tab") else OPEN_MS


def alt_code(character: str, gap_ms: float, *, types: bool = False) -> list[Press]:
    """Return the keys of a scanner that types a character by its code: Alt, three digits of the keypad, Alt comes up.

    `types` is whether the system then types the character too, as Windows does.
    """
    digits = [Press(f"Alt+Numpad{digit}", gap_ms) for digit in f"{ord(character):03}"]
    typed = [Press(f"Typed{character}", 0)] if types and character.isprintable() else []
    return [Press("AltDown", gap_ms), *digits, Press("AltUp", gap_ms), *typed]


class Keyboard:
    """The keyboard of one page."""

    def __init__(self, session: "CDPSession") -> None:
        self._session = session
        self._last = 0.0  # ms since 1970

    async def press(
        self, keys: Sequence[Press], *, go_on: bool = False, wait: bool = True, late_ms: float = 0.0
    ) -> None:
        """Press keys, and return when they have been pressed and the page has taken them.

        Args:
            keys: at least one.
            go_on: the first key follows the last one of the call before, without a pause.
            wait: False returns as soon as the page has heard of the keys.
            late_ms: the keys come this long after the own time of the key before them.
        """
        moment = self._last if go_on else max(wall_ms() + AHEAD_MS + EACH_MS * len(keys), self._last)
        if late_ms:
            await asyncio.sleep(max(moment + late_ms - wall_ms(), 0) / 1000)
        sent: list[Awaitable[None]] = []
        for one in keys:
            moment += one.after_ms
            if one.after_ms > PAUSE_MS and sent:
                await asyncio.gather(*sent)
                sent = []
                await self._quiet()
                moment = max(moment, wall_ms())
                await asyncio.sleep(max(moment - wall_ms(), 0) / 1000)
            sent += [asyncio.ensure_future(self._send(fields, moment)) for fields in _strokes(one.key)]
        await asyncio.gather(*sent)
        self._last = moment
        if not wait:
            return
        # The keys take as long as they take, and then there is silence.
        await self._quiet()
        await asyncio.sleep(max(moment + silence_ms(keys) - wall_ms(), 0) / 1000)

    async def _quiet(self) -> None:
        await self._session.send("Runtime.evaluate", {"expression": QUIET, "awaitPromise": True})

    async def _send(self, fields: dict[str, Any], moment: float) -> None:
        await self._session.send("Input.dispatchKeyEvent", {**fields, "timestamp": moment / 1000})


def _keypad(key: str) -> list[dict[str, Any]]:
    if key.startswith("Typed"):
        return [{"type": "char", "text": key[-1], "key": key[-1]}]
    alt = {"key": "Alt", "code": "AltLeft", "windowsVirtualKeyCode": 18}
    if key == "AltDown":
        return [{**alt, "type": "rawKeyDown", "modifiers": ALT}]
    if key == "AltUp":
        return [{**alt, "type": "keyUp", "modifiers": 0}]
    held, _, bare = key.rpartition("+")
    digit = bare[-1]
    name = digit if held else KEYPAD[int(digit)]
    fields = {"key": name, "code": f"Numpad{digit}", "modifiers": ALT if held else 0, "isKeypad": True}
    return [{**fields, "type": "rawKeyDown"}, {**fields, "type": "keyUp"}]


def _strokes(key: str) -> list[dict[str, Any]]:
    if len(key) > 1 and ("Numpad" in key or key.startswith(("Alt", "Typed"))):
        return _keypad(key)
    shift, _, bare = key.rpartition("+") if len(key) > 1 else ("", "", key)
    if bare in NAMED:
        number, code, text = NAMED[bare]
        fields: dict[str, Any] = {"key": " " if bare == "Space" else bare, "code": code, "text": text}
    else:
        plain = SHIFTED.get(bare, bare.lower())
        shift = shift or ("Shift" if plain != bare else "")
        number, code = CODES.get(
            plain, (ord(plain.upper()), f"Digit{plain}" if plain.isdigit() else f"Key{plain.upper()}")
        )
        fields = {"key": bare, "code": code, "text": bare}
    fields |= {"windowsVirtualKeyCode": number, "modifiers": SHIFT if shift else 0}
    down = {**fields, "type": "keyDown" if fields["text"] else "rawKeyDown", "unmodifiedText": fields["text"]}
    up = {**fields, "type": "keyUp", "text": ""}
    if not shift:
        return [down, up]
    hold = {"key": "Shift", "code": "ShiftLeft", "windowsVirtualKeyCode": 16}
    return [{**hold, "type": "rawKeyDown", "modifiers": SHIFT}, down, up, {**hold, "type": "keyUp", "modifiers": 0}]
