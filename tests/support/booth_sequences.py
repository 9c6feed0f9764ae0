"""Random sequences of taps, slow keys, scans, dialogs, languages and power cuts at a booth page, beside a model."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Final

from tests.support.booth_hands import PATIENCE_S, Hands, KeysTooSlowError, press_fast, until
from tests.support.booth_model import BoothModel, Event
from tests.support.booth_page import Booth
from tests.support.keyboard import Press, presses

STEPS: Final = 8
ATTEMPTS: Final = 10
ALWAYS: Final = (
    *["scan"] * 4, "twice", "burst", "foreign", *["tab"] * 2, *["choose"] * 3, "focus", "type",
)  # fmt: skip
"""The steps that need no running program. A step that stands here more often is taken more often."""
TABS: Final = {"scan": "F2", "interact": "F3", "deal": "F4", "rejected": "F6"}
ENDS: Final = ("\n", "\t", "", "\n\n")
ROLES: Final = (
    "visitor_professional",
    "visitor_public",
    "exhibitor_staff",
    "media",
    "speaker",
    "delegate",
    "vip_gov",
    "organiser",
)
KINDS: Final = ("demo_started", "demo_completed", "touch_session", "video_view", "lead_captured")
EXHIBITS: Final = ("x-e1", "x-e2")
FOREIGN: Final = ("https://example.com/visit?id=4711", "4006381333931", "WIFI:T:WPA;S:Guests;P:secret;;")
FIELDS: Final = ("#deal-partner", "#deal-country", "#deal-amount")

FOCUS: Final = """(() => {
  const all = [...document.querySelectorAll("button, input, select")].filter((one) => one.checkVisibility());
  const one = all[%d %% all.length];
  one.focus();
  return one.matches(":read-write");
})()"""
FIELDS_NOW: Final = """[...document.querySelectorAll("input, select")]
  .filter((one) => one.type !== "radio" && one.id !== "scan-role").map((one) => `${one.id} ${one.value}`)
  .concat([...document.querySelectorAll("dialog[open]")].map((one) => one.id), document.documentElement.lang)"""
CHOICES: Final = """[
  document.querySelector("[role=tab][aria-selected=true]").id.slice(4),
  document.getElementById("scan-role").value,
  document.querySelector("#exhibits input:checked")?.value ?? null,
  document.querySelector("#interactions input:checked")?.value ?? null,
]"""
IDLE: Final = """(async () => {
  const last = window.said.at(-1)?.mood;
  return last !== "wait" && (await (await fetch("/api/state")).json()).pending === 0;
})()"""
NOT_A_DOUBLE_TAP: Final = "performance.now() > (window.tapped ?? 0) + 400"
OLD_ENOUGH: Final = "document.querySelector('#undo:not([hidden])[aria-disabled=true]') === null"
"""Undo takes nothing back in the moment in which something else was saved."""

SAID: Final = "(window.said ?? []).map((one) => one.mood)"


@dataclass
class Totals:
    """What all sequences together showed; `lost`, `misused` and `silent` must be empty.

    Attributes:
        sequences: how many were run to their end.
        void: how many were not, because the machine was too busy to press the keys of a scanner.
        scans: bursts of the scanner.
        events: saved events.
        lost: events that must have been saved and were not.
        misused: events that nobody made, and controls that a scan changed.
        silent: actions that did not end as they must on bar and loudspeaker.
    """

    sequences: int = 0
    void: int = 0
    scans: int = 0
    events: int = 0
    lost: list[str] = field(default_factory=list)
    misused: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return them in one line."""
        bad = f"{len(self.lost)} lost, {len(self.misused)} misused, {len(self.silent)} silent"
        return f"{self.sequences} sequences ({self.void} void), {self.scans} scans, {self.events} events saved, {bad}"

    def wrong(self) -> list[str]:
        """Return what is wrong, one sentence each, with its seed and step; empty if all is right."""
        kinds = {"lost": self.lost, "misused": self.misused, "silent": self.silent}
        return [f"{kind}: {one}" for kind, found in kinds.items() for one in found]


class Sequences:
    """Runs sequences one after the other at one booth.

    Args:
        booth: its program may be killed and started.
        hands: at the page of that booth.
    """

    def __init__(self, booth: Booth, hands: Hands) -> None:
        self.totals = Totals()
        self._booth = booth
        self._hands = hands
        self._badges = (f"{number:032x}" for number in count(1))
        self._must: Counter[Event] = Counter()
        self._void_events = 0
        self._scanned_at: dict[str, str] = {}

    async def run(self, seed: int) -> None:
        """Run one sequence, and compare what was saved. The same seed takes the same steps.

        Raises:
            KeysTooSlowError: the machine was too busy again and again.
        """
        for attempt in range(ATTEMPTS):
            scans = self.totals.scans
            try:
                await self._steps(seed)
                break
            except KeysTooSlowError:
                self.totals.void += 1
                self.totals.scans = scans
                await self._settle()
                if attempt == ATTEMPTS - 1:
                    raise
        self.totals.sequences += 1

    async def _settle(self) -> None:
        if not self._model.up:
            await self._start()
        await until(self._hands, IDLE)
        self._must = self._stored()
        self._void_events = self._must.total() - self.totals.events

    async def _steps(self, seed: int) -> None:
        self._chance, self._seed, self._done = Random(seed), seed, list[str]()
        self._model = BoothModel()
        await self._hands.open()
        for _ in range(STEPS):
            names = list(ALWAYS)
            names += ["undo", "anonymous", "language", "list", "review"] if self._model.up else []
            names += ["kill"] if self._model.up else ["start"] * 3
            name = self._chance.choice(names)
            self._done.append(name)
            try:
                await getattr(self, f"_{name}")()
            except Exception as error:
                error.add_note(self._where())
                raise
            await self._check()
        if not self._model.up:
            await self._start()
            await self._check()
        self._must.update(self._model.must)
        await self._compare()

    async def _compare(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._booth.server.until_stored(self._must.total())
        stored = self._stored()
        self.totals.events = stored.total() - self._void_events
        self.totals.lost += map(self._named, (self._must - stored).elements())
        self.totals.misused += map(self._named, (stored - self._must).elements())
        self._must = stored  # each fault counts once

    def _stored(self) -> Counter[Event]:
        events = self._booth.server.events
        plain = {name: _plain(event) for name, event in events.items()}
        return Counter(
            ("undo", *plain[event["data"]["target"]]) if event["type"] == "fair.scan.annulled.v1" else plain[name]
            for name, event in events.items()
        )

    def _where(self) -> str:
        return f"seed {self._seed}, step {len(self._done)} of {STEPS} ({' '.join(self._done)})"

    def _named(self, event: Event) -> str:
        badge = event[2] if event[0] == "undo" else event[1]
        return f"{self._scanned_at.get(badge, self._where())}: {' '.join(event)}"

    async def _check(self) -> None:
        model, where = self._model, self._where()
        with suppress(TimeoutError):
            await until(self._hands, f"window.said.length >= {len(model.moods)}")
        said = await self._hands.look(SAID)
        if said != model.moods:
            self.totals.silent.append(f"{where}: said {said}, must {model.moods}")
            model.moods = list(said)
        choices = await self._hands.look(CHOICES)
        if choices != [model.tab, model.role, model.exhibit, model.kind]:
            must = [model.tab, model.role, model.exhibit, model.kind]
            self.totals.misused.append(f"{where}: the page shows {choices}, must {must}")
            model.tab, model.role, model.exhibit, model.kind = choices

    async def _burst(self) -> None:
        await self._read([next(self._badges), next(self._badges)])

    async def _scan(self) -> None:
        await self._read([next(self._badges)])

    async def _twice(self) -> None:
        badge, model = next(self._badges), self._model
        before = len(model.moods)
        await self._read([badge])
        if model.moods[before:] != ["good"]:
            return
        await self._check()
        await self._type_code(badge)
        model.again()

    async def _foreign(self) -> None:
        if not self._model.up:
            return await self._scan()
        if self._model.tab == "interact" and None in (self._model.exhibit, self._model.kind):
            return None
        await self._type_code(self._chance.choice(FOREIGN))
        self._model.foreign()
        return None

    async def _read(self, badges: list[str]) -> None:
        self._scanned_at |= dict.fromkeys(badges, self._where())
        await self._type_code("\n".join(badges))
        self._model.scan(badges)

    async def _type_code(self, text: str) -> None:
        before = await self._hands.look(FIELDS_NOW)
        self.totals.scans += 1
        await press_fast(
            self._hands, presses(text + self._chance.choice(ENDS), self._chance.choice(self._hands.gaps_ms))
        )
        after = await self._hands.look(FIELDS_NOW)
        if before != after:
            gone, new = [one for one in before if one not in after], [one for one in after if one not in before]
            self.totals.misused.append(f"{self._where()}: a scan changed {gone} to {new}")

    async def _tab(self) -> None:
        name = self._chance.choice(list(TABS))
        if self._chance.random() < 0.5:
            await self._hands.tap(f"#tab-{name}")
        else:
            await self._slowly(TABS[name])
        await until(self._hands, f"!document.getElementById('{name}').hidden")
        self._model.tab = name

    async def _choose(self) -> None:
        model = self._model
        if model.tab == "scan":
            number = self._chance.randrange(len(ROLES))
            await self._hands.tap("#scan-role")
            await self._hands.tap(f"dialog.list button:nth-child({number + 1})")
            model.role = ROLES[number]
        elif model.tab == "interact":
            model.exhibit, model.kind = self._chance.choice(EXHIBITS), self._chance.choice(KINDS)
            for value in (model.exhibit, model.kind):
                await self._hands.tap(f"#interact label:has(input[value={value}])")
        elif model.tab == "deal":
            await self._hands.tap(self._chance.choice(FIELDS))

    async def _focus(self) -> None:
        await self._hands.look(FOCUS % self._chance.randrange(100))

    async def _type(self) -> None:
        in_a_field = await self._hands.look(FOCUS % self._chance.randrange(100))
        letters = self._chance.choices("abcxyz123", k=4 if in_a_field else 1)
        await self._slowly(*letters)

    async def _slowly(self, *keys: str) -> None:
        await self._hands.press([Press(key, self._chance.randrange(80, 150)) for key in keys])

    async def _anonymous(self) -> None:
        if self._model.tab in ("scan", "interact"):
            await until(self._hands, NOT_A_DOUBLE_TAP)
            await self._hands.tap(f"#{self._model.tab}-anonymous")
            await self._hands.look("window.tapped = performance.now()")
            self._model.scan([""])

    async def _undo(self) -> None:
        await until(self._hands, OLD_ENOUGH)
        await self._slowly("F9")
        self._model.undo()

    async def _language(self) -> None:
        await self._hands.tap("#language")
        await self._hands.tap(f"dialog.list button:nth-child({self._chance.randrange(3) + 1})")

    async def _list(self) -> None:
        """Scan while a list of choices is open."""
        await self._hands.tap("#language")
        await self._scan()
        await self._check()
        await self._slowly("Escape")
        await until(self._hands, "document.querySelector('dialog[open]') === null")

    async def _review(self) -> None:
        """Scan while the review of a deal is open."""
        await self._hands.tap("#tab-deal")
        for selector, text in (("#deal-partner", "ACME"), ("#deal-country", "JP")):
            await self._hands.look(f"document.querySelector({selector!r}).value = {text!r}")
        await self._hands.tap("#deal-form button[type=submit]")
        await until(self._hands, "document.getElementById('review').open")
        self._model.tab, self._model.dialog = "deal", True
        await self._scan()
        await self._check()
        self._model.dialog = False
        await self._hands.tap("#review-change")

    async def _kill(self) -> None:
        await self._booth.kill()
        self._model.up = False

    async def _start(self) -> None:
        await self._booth.start()
        self._model.start()


def _plain(event: dict[str, Any]) -> Event:
    data = event["data"]
    badge = data.get("badge_ref", "")
    if event["type"] == "fair.exhibit.interaction.v1":
        return ("interaction", badge, data["exhibit_id"], data["interaction_kind"])
    return ("scan", badge, data.get("badge_role", ""))
