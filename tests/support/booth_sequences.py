"""Random sequences of taps, slow keys, scans, dialogs, languages and power cuts at a booth page, beside a model."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Final

from tests.support.booth_hands import Hands, until
from tests.support.booth_model import BoothModel, Event
from tests.support.booth_page import Booth
from tests.support.keyboard import Press, presses

STEPS: Final = 8
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
  .concat([...document.querySelectorAll("dialog[open]")].map((one) => one.id), document.documentElement.lang)
  .join("|")"""
CHOICES: Final = """[
  document.querySelector("[role=tab][aria-selected=true]").id.slice(4),
  document.getElementById("scan-role").value,
  document.querySelector("#exhibits input:checked")?.value ?? null,
  document.querySelector("#interactions input:checked")?.value ?? null,
]"""
SAID: Final = "(window.said ?? []).map((one) => one.mood)"


@dataclass
class Totals:
    """What all sequences together showed; everything but `scans` and `events` must be 0.

    Attributes:
        scans: bursts of the scanner.
        events: saved events.
        lost: events that must have been saved and were not.
        misused: events that nobody made, and controls that a scan changed.
        silent: actions that did not end as they must on bar and loudspeaker.
    """

    scans: int = 0
    events: int = 0
    lost: list[str] = field(default_factory=list)
    misused: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return them in one line."""
        bad = f"{len(self.lost)} lost, {len(self.misused)} misused, {len(self.silent)} silent"
        return f"{self.scans} scans, {self.events} events saved, {bad}"


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

    async def run(self, seed: int) -> None:
        """Run one sequence on a fresh page. The same seed takes the same steps."""
        self._chance, self._seed, self._done = Random(seed), seed, list[str]()
        self._model = BoothModel()
        await self._hands.open()
        for _ in range(STEPS):
            names = ["scan"] * 4 + [
                "twice",
                "burst",
                "foreign",
                "tab",
                "tab",
                "choose",
                "choose",
                "choose",
                "focus",
                "type",
            ]
            names += ["undo", "anonymous", "language", "list", "review"] if self._model.up else []
            names += ["kill"] if self._model.up else ["start"] * 3
            name = self._chance.choice(names)
            self._done.append(name)
            try:
                await getattr(self, f"_{name}")()
            except Exception as error:
                error.add_note(f"seed {seed}: {' '.join(self._done)}")
                raise
            await self._check()
        if not self._model.up:
            await self._start()
            await self._check()
        self._must.update(self._model.must)

    async def finish(self) -> Totals:
        """Compare what the server has with what must be there."""
        await until(self._hands, "document.getElementById('counts').textContent.length > 0")
        await self._booth.server.until_stored(self._must.total())
        targets = {name: _plain(event) for name, event in self._booth.server.events.items()}
        stored = Counter(
            ("undo", *targets[event["data"]["target"]]) if event["type"] == "fair.scan.annulled.v1" else targets[name]
            for name, event in self._booth.server.events.items()
        )
        self.totals.events = stored.total()
        self.totals.lost += map(str, (self._must - stored).elements())
        self.totals.misused += map(str, (stored - self._must).elements())
        return self.totals

    async def _check(self) -> None:
        model, where = self._model, f"seed {self._seed}, {' '.join(self._done)}"
        with suppress(TimeoutError):
            await until(self._hands, f"window.said.length >= {len(model.moods)}")
        said = await self._hands.look(SAID)
        if said != model.moods:
            self.totals.silent.append(f"{where}: said {said}, must {model.moods}")
            model.moods = list(said)
        choices = await self._hands.look(CHOICES)
        if choices != [model.tab, model.role, model.exhibit, model.kind]:
            self.totals.misused.append(f"{where}: {choices}")
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
        await self._type_code("\n".join(badges))
        self._model.scan(badges)

    async def _type_code(self, text: str) -> None:
        before = await self._hands.look(FIELDS_NOW)
        self.totals.scans += 1
        await self._hands.press(presses(text + self._chance.choice(ENDS), self._chance.choice((5, 10, 25))))
        after = await self._hands.look(FIELDS_NOW)
        if before != after:
            self.totals.misused.append(f"seed {self._seed}, {' '.join(self._done)}: {before} -> {after}")

    async def _tab(self) -> None:
        name = self._chance.choice(list(TABS))
        if self._chance.random() < 0.5:
            await self._hands.tap(f"#tab-{name}")
        else:
            await self._slowly(TABS[name])
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
            await self._hands.tap(f"#{self._model.tab}-anonymous")
            self._model.scan([""])

    async def _undo(self) -> None:
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
