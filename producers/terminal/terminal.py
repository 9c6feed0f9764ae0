"""The terminal as a library: scan, interact, meet, deal. When a method returns, the event is safe on disk."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from producers.terminal.badge import NO_BADGE, Badge, badge_of
from producers.terminal.card import Card
from producers.terminal.clock import ClockMs, new_event_id, writable
from producers.terminal.deal_event import deal_members
from producers.terminal.deal_form import DealForm, review_of
from producers.terminal.debounce import Debounce
from producers.terminal.envelope import envelope
from producers.terminal.fair_key import refuse_other_key
from producers.terminal.gate import refuse_wrong_decision
from producers.terminal.last_event import UNDO_MS, LastEvent
from producers.terminal.meetings import exhibitor_of_meeting
from producers.terminal.paired import Paired
from producers.terminal.review import Review, Reviewed
from producers.terminal.spool import Saved, Spool
from producers.terminal.visitor import residence_of, role_of
from schemas.badges.key import key_fingerprint
from schemas.codes import (
    AnnulReason,
    BadgeRole,
    Capture,
    DenyReason,
    InteractionKind,
    MeetingStep,
    ScanKind,
    ScanResult,
    SourceType,
)
from schemas.errors import InvalidEvent
from schemas.events import DealSigned, ExhibitInteraction, MeetingChanged, ScanAnnulled, VisitorScan, type_of
from schemas.ids import FairId, TerminalId
from schemas.times import instant_text, wall_ms
from schemas.wire import decode_strict

KINDS: Mapping[str, tuple[ScanKind, ...]] = {
    "booth": (ScanKind.BOOTH,),
    "gate": (ScanKind.ENTRY, ScanKind.EXIT),
    "hall": (ScanKind.ZONE_IN, ScanKind.ZONE_OUT),
    "desk": (ScanKind.SESSION,),
}
"""The kinds of scans at each place; the first is the default."""

ACCEPTED_WORD, DENIED_WORD = "scan", "denied"
SCAN_WORDS: Final = frozenset({ACCEPTED_WORD, DENIED_WORD})
"""What a scan is called in the spool: let in, or turned away."""

ANNULLED: Final = frozenset({type_of(VisitorScan), type_of(ExhibitInteraction)})
"""The types of events that can be taken back."""


class BoothTerminal:
    """One paired terminal.

    Args:
        spool: where events are kept until the server has them.
        badge_key: makes pseudonyms of badge codes; None if the fair's badges carry pseudonyms, or the fair has a
            register of badges: then the gateway makes them.
        clock: the terminal's own clock, right or wrong.
        elapsed: seconds of a clock that never jumps.

    Attributes:
        paired: what the folder says about the terminal.
        own_key: fingerprint of this terminal's badge key; empty without one.
        fair_key: fingerprint of the fair's badge key, as last heard of the gateway; empty if it has none.

    Raises:
        InvalidSettings: the spool was never paired, or the badge key is not the fair's or was never compared with it.
    """

    def __init__(
        self,
        spool: Spool,
        *,
        badge_key: bytes | None = None,
        clock: ClockMs = wall_ms,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self.spool = spool
        self.paired = Paired.read(spool)
        self._key = badge_key
        self.own_key = "" if badge_key is None else key_fingerprint(badge_key)
        self.fair_key = self.paired.pairing.badge_key
        refuse_other_key(self.own_key, self.fair_key)
        self._clock = clock
        self._debounce = Debounce(elapsed)
        self._online: Callable[[], bool] = lambda: True

    @property
    def card(self) -> Card:
        """The terminal's own place, as the newest pairing that was taken up says."""
        return self.paired.card

    @property
    def fair_id(self) -> FairId:
        """The fair."""
        return self.paired.pairing.fair_id

    @property
    def terminal_id(self) -> TerminalId:
        """The terminal's name."""
        return self.paired.pairing.terminal_id

    def take_up(self, paired: Paired) -> None:
        """Go on with a newer pairing. If the badge key does not fit it, no badge is saved any more."""
        self.paired = paired
        self.fair_key = paired.pairing.badge_key

    @property
    def other_key(self) -> str:
        """The fingerprint of this terminal's badge key if it is not the fair's any more; empty if all is well."""
        return "" if self.own_key == self.fair_key else self.own_key

    def tell_online(self, online: Callable[[], bool]) -> None:
        """Set how to ask whether the server answers; events saved while it does not are marked as offline."""
        self._online = online

    def scan(
        self,
        badge: str | None,
        *,
        kind: ScanKind | None = None,
        role: BadgeRole | None = None,
        country: str | None = None,
        read_by: SourceType = SourceType.QR,
        result: ScanResult = ScanResult.ACCEPTED,
        reason: DenyReason | None = None,
        forced: bool = False,
        event_id: str | None = None,
        debounce: bool | None = None,
    ) -> Saved:
        """Save the scan of a badge.

        Args:
            badge: as the scanner typed it; None for a visitor who does not want to be tracked.
            kind: None for the first kind that the place has.
            role: as printed on the badge; None for a professional visitor. At a fair with a register of badges nobody
                says it but the register.
            country: of residence, a code that ISO 3166-1 lists, in any case; None if nobody knows it. Not at a fair
                with a register of badges.
            read_by: the device that read it; manual if its code was typed by hand.
            result: denied if the person was turned away, at a gate or a hall door.
            reason: why; None if nobody said it.
            forced: let in after a denial.
            event_id: a UUID from the caller, the same on every retry; None makes a new one.
            debounce: whether a badge that was scanned for the same a moment ago is not saved anew, but answered with
                that scan, marked `again`. None: only without an `event_id`.

        Raises:
            InvalidEvent: not saved; the message says what is wrong.
            SpoolFull, Unavailable: not saved; the disk is full or does not work.
        """
        kinds = KINDS[self.card.place]
        kind = kind or kinds[0]
        if kind not in kinds:
            raise InvalidEvent(
                "out_of_scope",
                f"kind: a {self.card.place} does not have this kind of scan",
                field="kind",
                hint=f"choose one of {', '.join(kinds)}",
            )
        refuse_wrong_decision(self.card.place, result, reason, forced=forced)
        who = {"badge_role": role_of(role, self.card), "residence_country": residence_of(country, self.card)}
        said = {"scan_kind": kind, "source_type": read_by, "result": result, "reason": reason, "forced": forced}
        members = self._placed({**said, **who})
        word = ACCEPTED_WORD if result is ScanResult.ACCEPTED else DENIED_WORD
        return self._save(type_of(VisitorScan), word, members, event_id, badge, debounce=debounce)

    def badge(self, typed: str) -> Badge:
        """Return a badge as it is sent.

        Args:
            typed: by the scanner.

        Raises:
            InvalidEvent: it is not a badge, or this terminal's badge key is not the fair's.
        """
        if self.other_key:
            raise InvalidEvent(
                "bad_value",
                "badge: this terminal's badge key is not the fair's any more",
                field="badge",
                hint="set the fair's badge key, pair again, then start this program again",
                word="badge_key_changed",
            )
        return badge_of(typed, self._key, self.card.badge_codes, register=self.card.badge_register)

    def interact(
        self,
        exhibit: str,
        kind: InteractionKind,
        *,
        badge: str | None = None,
        read_by: SourceType = SourceType.QR,
        session_id: str | None = None,
        duration: timedelta | None = None,
        rating: int | None = None,
        event_id: str | None = None,
        debounce: bool | None = None,
    ) -> Saved:
        """Save what a visitor did at an exhibit of this booth; arguments and errors as `scan`.

        Without a badge nothing was read, whatever `read_by` says. All that a visitor does at the exhibit in one go has
        the same `session_id`, a UUID. The `duration` is how long it took.
        """
        shown = next((one for one in self.card.exhibits if one.id == exhibit), None)
        if shown is None:
            raise InvalidEvent(
                "unknown_place",
                "exhibit: this booth does not have it",
                field="exhibit",
                hint="`fairpulse terminal status` lists the exhibits; pair again if the fair file has changed",
            )
        members = {
            "interaction_kind": kind,
            "exhibit_id": shown.id,
            "exhibitor_id": shown.exhibitor,
            "source_type": None if badge is None else read_by,
            "session_id": session_id,
            "duration_ms": None if duration is None else duration // timedelta(milliseconds=1),
            "rating": rating,
        }
        return self._save(type_of(ExhibitInteraction), kind.value, members, event_id, badge, debounce=debounce)

    def meeting(
        self, meeting_id: str, step: MeetingStep, *, exhibitor: str | None = None, event_id: str | None = None
    ) -> Saved:
        """Save how far a meeting of an exhibitor and a visitor has come.

        Args:
            meeting_id: the same for all steps of the meeting.
            step: that it came to.
            exhibitor: of this booth; None for its main one. A desk must name one.
            event_id: see `scan`.

        Raises:
            InvalidEvent: not saved; the message says what is wrong.
            SpoolFull, Unavailable: not saved; the disk is full or does not work.
        """
        if self.card.place not in ("booth", "desk"):
            raise InvalidEvent(
                "out_of_scope",
                f"meeting: a {self.card.place} does not have meetings",
                field="meeting",
                hint="save it at the booth, or at a desk",
            )
        members = {
            "meeting_id": meeting_id,
            "step": step,
            "exhibitor_id": exhibitor_of_meeting(meeting_id, exhibitor, self.card),
        }
        return self._save(type_of(MeetingChanged), "meeting", members, event_id, None)

    def review(self, form: DealForm) -> Review:
        """Return what a deal would be stored as, without saving it; raises InvalidEvent as `deal`."""
        return review_of(form, self.card)

    def deal(self, form: DealForm, *, event_id: str | None = None, read: Reviewed | None = None) -> Saved:
        """Save a deal that was signed here.

        Args:
            form: as its person filled it in.
            event_id: see `scan`. A deal that is saved already is returned, whatever was paired meanwhile.
            read: what the person read before signing; None without a review, in a script.

        Raises:
            InvalidEvent: not saved; a field is wrong, or the value would not be the one that was read.
            SpoolFull, Unavailable: not saved; the disk is full or does not work.
        """
        if event_id is not None and (saved := self.spool.find(event_id, "deal")) is not None:
            return saved
        now = self._clock()
        chosen = event_id or new_event_id(now)
        deal_id = f"d-{chosen.replace('-', '')[-16:]}"
        members = deal_members(form, self.card, deal_id, instant_text(writable(now)), read)
        return self._save(type_of(DealSigned), "deal", members, chosen, None)

    def annul(self, target: str, *, why: AnnulReason = AnnulReason.MISTAKE, event_id: str | None = None) -> Saved:
        """Take back the scan or interaction that was saved last, within a minute. This is an event of its own.

        Args:
            target: the id of the event that is taken back.
            why: what was wrong with it.
            event_id: as of `scan`. An annulment that is saved already is returned, whatever came after it.

        Raises:
            InvalidEvent: it is not the last event, or a minute has passed.
            SpoolFull, Unavailable: not saved; the disk is full or does not work.
        """
        if event_id is not None and (saved := self.spool.find(event_id, "undo")) is not None:
            return saved
        last = self.spool.last_event()
        if last is None or not 0 <= self._clock() - last.saved_ms <= UNDO_MS:
            raise _not_undone("undo_too_late", "it is too late to take this back")
        if last.event_id != target:
            raise _not_undone("undo_not_last", "only the last event can be taken back")
        members = {"target": target, "target_type": last.type, "badge_ref": last.badge_ref, "why": why}
        saved = self._save(
            type_of(ScanAnnulled), "undo", self._placed(members), event_id, None, badge_code=last.badge_code
        )
        self._debounce.forget(target)
        return saved

    def _placed(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of an event with the place of this terminal; a desk has none."""
        return {**members, f"{self.card.place}_id": self.card.place_id} if self.card.place_id else {**members}

    def _save(
        self,
        of_type: str,
        word: str,
        members: Mapping[str, Any],
        event_id: str | None,
        badge: str | None,
        *,
        badge_code: str | None = None,
        debounce: bool | None = False,
    ) -> Saved:
        now = self._clock()
        chosen = event_id or new_event_id(now)
        occurred = instant_text(writable(now))
        event = {
            "type": of_type,
            "event_id": chosen,
            "fair_id": self.fair_id,
            "terminal_id": self.terminal_id,
            "terminal_epoch": self.paired.epoch,
            "occurred_at": occurred,
            "received_at": occurred,
            "capture": Capture.ONLINE if self._online() else Capture.OFFLINE_REPLAY,
            **{name: value for name, value in members.items() if value is not None},
        }
        shown = NO_BADGE
        if badge is not None:
            shown = self.badge(badge)
            if shown.ref is not None:
                event["badge_ref"] = shown.ref
        elif members.get("scan_kind") in (ScanKind.ENTRY, ScanKind.EXIT):
            raise InvalidEvent("missing_field", "badge: a gate must read every badge", field="badge", hint="scan it")

        def body(seq: int) -> bytes:
            # Decode it as the server does: an event that it would refuse is refused here, in the same words.
            known = decode_strict(json.dumps({**event, "terminal_seq": seq}).encode())
            return envelope(known, self.paired.pairing.source, shown.code or badge_code)

        can_be_undone = of_type in ANNULLED
        last = LastEvent(chosen, of_type, shown.ref, word, now, shown.code) if can_be_undone else None

        def save() -> Saved:
            return self.spool.save(chosen, word, now, body, undo=last)

        if badge is None or not (event_id is None if debounce is None else debounce):
            return save()
        # Not the role: it goes back to the default after a scan, and a second read must not count with that one.
        about = ("scan_kind", "result", "forced", "exhibit_id", "interaction_kind")
        what = (shown, *(members.get(name) for name in about))
        return self._debounce.once(what, chosen, save)


def _not_undone(word: str, message: str) -> InvalidEvent:
    hint = "tell the organiser, who can correct it"
    return InvalidEvent("bad_value", f"target: {message}", field="target", hint=hint, word=word)
