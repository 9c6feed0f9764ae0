"""The whole register of badges in memory.

Pure: it takes records in any order and answers questions. References are kept as bytes, and persons with the same
registration share one object.
"""

from dataclasses import dataclass
from typing import Final

from schemas.badges.register import Origin, WornCodes
from schemas.codes import BadgeRole, DenyReason
from schemas.events import BadgeRegistered, happened_ms
from schemas.ids import BadgeRef, Country, ExhibitorId

NO_CODES: Final = WornCodes(())


@dataclass(frozen=True, slots=True)
class Registration:
    """What the register says of a person now.

    Attributes:
        country: None if unknown.
        exhibitor: whose staff the person is; None for any other role.
        consent: whether scans at booths and hall doors may name the person, from this registration on.
        denied: why gates turn the person away; None if they do not.
        erased: no badge leads to the person any more.
    """

    revision: int
    role: BadgeRole
    country: Country | None = None
    exhibitor: ExhibitorId | None = None
    consent: bool = True
    denied: DenyReason | None = None
    erased: bool = False

    @property
    def rank(self) -> tuple[int, bool, str, str, str, bool, str]:
        """What decides between two of one person: the revision, then an erasure, then the rest. The greater counts."""
        return (
            self.revision,
            self.erased,
            self.role,
            self.country or "",
            self.exhibitor or "",
            self.consent,
            self.denied or "",
        )


class Book:
    """Persons by reference, and by the hash of each code that they wear or wore.

    A code that two persons claim belongs to the one with the smaller reference, whatever was read first: so all
    gateways say the same. When that person loses it, the next one has it.

    Attributes:
        origin: whose register it is, and of which badge key; None before the first import.
        foreign: registrations of other fairs that were read and left out.
    """

    def __init__(self) -> None:
        self.origin: Origin | None = None
        self.foreign = 0
        self._persons: dict[bytes, Registration] = {}
        self._contents: dict[Registration, Registration] = {}
        self._owners: dict[bytes, bytes] = {}
        self._worn: dict[bytes, bytes | tuple[bytes, ...]] = {}  # one code alone is the most common case
        self._replaced: set[bytes] = set()
        self._claims: dict[bytes, dict[bytes, bool]] = {}  # of codes with several persons: whether it was replaced
        self._spent: set[bytes] = set()
        self._consent_changes: dict[bytes, tuple[int, ...]] = {}  # when, in order; only of persons who changed it

    def __len__(self) -> int:
        """Return the number of registered persons, those that were erased among them."""
        return len(self._persons)

    @property
    def fingerprint(self) -> str | None:
        """That of the badge key in which the references are made; None before the first import."""
        return None if self.origin is None else self.origin.badge_key

    @property
    def clashes(self) -> int:
        """The number of codes that two persons or more claim now."""
        return len(self._claims)

    def clashing(self) -> list[tuple[BadgeRef, ...]]:
        """Return the persons who claim a code together, for each such code; the first one of them has it."""
        return [tuple(sorted(person.hex() for person in claims)) for claims in self._claims.values()]

    def take_badge(self, event: BadgeRegistered) -> bool:
        """Take a registration; return whether it is the current one of its person now, and was not before."""
        return self.take_registration(event.badge_ref, registration_of(event), happened_ms(event))

    def take_registration(self, person: BadgeRef, found: Registration, at_ms: int = 0) -> bool:
        """Take a registration that is not an event yet, as `take_badge` does.

        Args:
            person: whom it is about.
            found: what it says.
            at_ms: when it was entered, in milliseconds since 1970.
        """
        key = bytes.fromhex(person)
        known = self._persons.get(key)
        if known is not None and known.rank >= found.rank:
            return False
        if known is not None and known.consent != found.consent:
            before = self._consent_changes.get(key, ())
            self._consent_changes[key] = (*before, max((at_ms, *before[-1:])))
        self._persons[key] = self._contents.setdefault(found, found)
        return True

    def take_codes(self, person: BadgeRef, worn: WornCodes | None) -> tuple[BadgeRef, ...]:
        """Take all codes of a person, in place of those that it had; None if the person was erased.

        Returns:
            The codes that another person claims too.
        """
        key = bytes.fromhex(person)
        self._forget(key)
        if worn is None:
            return ()
        clashes: list[BadgeRef] = []
        kept: list[bytes] = []
        replaced = dict.fromkeys(bytes.fromhex(one) for one in worn.replaced)
        for code in dict.fromkeys((*map(bytes.fromhex, worn.codes), *replaced)):
            kept.append(code)
            owner = self._owners.get(code)
            if owner is None:
                self._give(code, key, replaced=code in replaced)
                continue
            clashes.append(code.hex())
            claims = self._claims.setdefault(code, {owner: code in self._replaced})
            claims[key] = code in replaced
            self._give(code, min(claims), replaced=claims[min(claims)])
        if kept:
            self._worn[key] = kept[0] if len(kept) == 1 else tuple(kept)
        return tuple(clashes)

    def person_of(self, code_hash: BadgeRef) -> BadgeRef | None:
        """Return the person who wears or wore the badge with this code; None if the register lacks it."""
        code = bytes.fromhex(code_hash)
        found = None if code in self._spent else self._owners.get(code)
        return None if found is None else found.hex()

    def is_claimed(self, code_hash: BadgeRef, *, besides: BadgeRef) -> bool:
        """Return whether another person than this one wears or wore the badge with this code."""
        code, person = bytes.fromhex(code_hash), bytes.fromhex(besides)
        return code in self._claims or self._owners.get(code, person) != person

    def is_replaced(self, code_hash: BadgeRef) -> bool:
        """Return whether a code was reprinted: it still means the person, and gates turn it away."""
        code = bytes.fromhex(code_hash)
        return code in self._replaced and code not in self._spent

    def take_spent(self, code_hash: BadgeRef) -> None:
        """Take that a code was on the badge of a person who was erased: from now on it leads to nobody."""
        self._spent.add(bytes.fromhex(code_hash))

    def spent_by(self, code_hash: BadgeRef) -> BadgeRef | None:
        """Return the person of a spent code whose erasure broke off before it took the codes away; else None."""
        code = bytes.fromhex(code_hash)
        owner = self._owners.get(code) if code in self._spent else None
        return None if owner is None else owner.hex()

    def is_spent(self, code_hash: BadgeRef) -> bool:
        """Return whether a code was on the badge of a person who was erased: nobody gets it again."""
        return bytes.fromhex(code_hash) in self._spent

    def registration(self, person: BadgeRef) -> Registration | None:
        """Return the current registration of a person; None if the register lacks it."""
        return self._persons.get(bytes.fromhex(person))

    def is_erased(self, person: BadgeRef) -> bool:
        """Return whether a person was registered and then erased."""
        said = self.registration(person)
        return said is not None and said.erased

    def has_codes(self, person: BadgeRef) -> bool:
        """Return whether a person wears or wore any badge."""
        return bytes.fromhex(person) in self._worn

    def consented(self, person: BadgeRef, at_ms: int) -> bool:
        """Return whether a person consents to be named at a time, in milliseconds since 1970; False if it is unknown.

        A registration counts from its own time on, and the first one also before it. So a later change never changes
        the answer for an earlier time. One that was older than another when it came never counts.
        """
        key = bytes.fromhex(person)
        known = self._persons.get(key)
        changes = self._consent_changes.get(key, ())
        return known is not None and known.consent == (sum(one > at_ms for one in changes) % 2 == 0)

    def is_person(self, ref: BadgeRef) -> bool:
        """Return whether a reference is that of a person, not the hash of a code and not unknown."""
        key = bytes.fromhex(ref)
        return key in self._persons or key in self._worn

    def codes_of(self, person: BadgeRef) -> WornCodes:
        """Return the codes of a person, those in force and those replaced; none for an unknown person."""
        key = bytes.fromhex(person)
        in_force: list[BadgeRef] = []
        replaced: list[BadgeRef] = []
        for code in self._codes(key):
            claims = self._claims.get(code)
            (replaced if (code in self._replaced if claims is None else claims[key]) else in_force).append(code.hex())
        return WornCodes(tuple(in_force), tuple(replaced))

    def persons(self) -> "list[BadgeRef]":
        """Return the references of all registered persons."""
        return [one.hex() for one in self._persons]

    def _codes(self, person: bytes) -> tuple[bytes, ...]:
        found = self._worn.get(person, ())
        return (found,) if isinstance(found, bytes) else found

    def _forget(self, person: bytes) -> None:
        """Take all codes from a person."""
        for code in self._codes(person):
            claims = self._claims.get(code)
            if claims is None:
                del self._owners[code]
                self._replaced.discard(code)
                continue
            del claims[person]
            self._give(code, min(claims), replaced=claims[min(claims)])
            if len(claims) == 1:
                del self._claims[code]
        self._worn.pop(person, None)

    def _give(self, code: bytes, person: bytes, *, replaced: bool) -> None:
        self._owners[code] = person
        if replaced:
            self._replaced.add(code)
        else:
            self._replaced.discard(code)


def registration_of(event: BadgeRegistered) -> Registration:
    """Return what an event says of its person."""
    return Registration(
        event.revision,
        event.role,
        event.residence_country,
        event.exhibitor_id,
        event.tracking_consent,
        event.denied,
        event.erased,
    )
