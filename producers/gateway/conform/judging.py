"""Whether an answer is the one that a case expects, and who gave it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from typing_extensions import override

from producers.gateway.conform.case import Case, Expected, Framing
from producers.gateway.conform.exchange import Answered
from producers.gateway.conform.making import Made
from producers.terminal.answer_reading import is_ours
from schemas.api.http import REQUEST_ID

EARLY_S: Final = 5.0
"""A refusal that needs no body comes at least as soon, even if the gateway waits a moment for the rest."""


class Who(StrEnum):
    """Who gave an answer."""

    GATEWAY = "the gateway"
    BETWEEN = "something between"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Came:
    """What came back.

    Attributes:
        status: 0 if nothing did.
        code: of a problem of the gateway.
        errors: the codes of the events that it refuses, each once.
        what: what is not as expected beside status and code, in a few words; empty if nothing is.
    """

    who: Who
    status: int = 0
    code: str = ""
    errors: tuple[str, ...] = ()
    what: str = ""

    @override
    def __str__(self) -> str:
        """Return it in words."""
        if self.who is Who.NOBODY:
            return f"no answer, {self.what}".rstrip(", ")
        inner = f" ({', '.join(self.errors)})" if self.errors else ""
        also = f", {self.what}" if self.what else ""
        return f"{f'{self.status} {self.code}'.rstrip()}{inner} from {self.who}{also}"


def came(case: Case, request: Made, answers: list[Answered | None], content: Mapping[str, Any]) -> tuple[Came, bool]:
    """Return what came back, and whether it is right.

    Args:
        case: that was sent.
        request: the last one of the case.
        answers: one for each time that it was sent; fewer if the connection ended before.
        content: the JSON object in the last answer; empty if it has none.
    """
    last = answers[-1] if answers else None
    if last is None:
        return Came(Who.NOBODY, what="the connection ended or nothing came in time"), False
    who = Who.GATEWAY if _is_gateways(request, last, content) else Who.BETWEEN
    one = Came(
        who,
        last.status,
        _text(content.get("code")) if who is Who.GATEWAY and last.status >= 400 else "",
        _errors(content),
    )
    if who is Who.GATEWAY:
        for expected in case.expects:
            if (expected.status, expected.code) == (one.status, one.code):
                what = _difference(case, expected, request, answers, content)
                return Came(who, one.status, one.code, one.errors, what), not what
    return one, False


def _is_gateways(request: Made, answer: Answered, content: Mapping[str, Any]) -> bool:
    """Return whether it repeats the id of the request, is a problem of a gateway, or a receipt."""
    if answer.headers.get(REQUEST_ID.lower()) == request.request_id or "accepted" in content:
        return True
    return is_ours(answer.headers, content)


def _difference(
    case: Case, expected: Expected, request: Made, answers: list[Answered | None], content: Mapping[str, Any]
) -> str:
    if expected.errors and set(_errors(content)) != {expected.errors}:
        return "another reason than expected"
    if expected.status == 202 and _counted(content) != len(request.events):
        return "another number of events than was sent"
    if expected.offset_ms is not None:
        told = content.get("clock_offset_ms")
        if type(told) is not int:
            return "without clock_offset_ms"
        if not expected.offset_ms[0] <= told <= expected.offset_ms[1]:
            return f"clock_offset_ms is {told}"
    if len(answers) < case.times:
        return "then the connection was closed"
    if case.framing is Framing.HALF and answers[-1] is not None and answers[-1].took_s > EARLY_S:
        return "late"
    return ""


def _counted(content: Mapping[str, Any]) -> int:
    counts = [content.get("accepted"), content.get("duplicates")]
    return sum(one for one in counts if type(one) is int)


def _errors(content: Mapping[str, Any]) -> tuple[str, ...]:
    found = content.get("errors") or content.get("results")
    each = found if isinstance(found, list) else []
    return tuple(sorted({_text(one["code"]) for one in each if isinstance(one, dict) and one.get("code")}))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
