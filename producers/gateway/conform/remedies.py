"""The likely cause of an answer that was not expected, and what to do. Data: the first row that fits counts."""

from dataclasses import dataclass
from typing import Final

from producers.gateway.conform.judging import Came, Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A remedy.

    Attributes:
        who: gave the answer.
        statuses, codes, cases, what: of the answers that it fits; empty for all.
        text: the cause and what to do, in one line.
    """

    who: Who
    statuses: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    what: str = ""
    text: str


ANYTHING_ELSE: Final = "The gateway may be of another version than this program: update both."

REMEDIES: Final = (
    # Nobody
    Remedy(
        who=Who.NOBODY, cases=("early_answer",),
        text="A proxy keeps bodies until they are whole: switch that off (nginx: proxy_request_buffering off), or "
        "measure Clock-Offset on each device.",
    ),
    Remedy(
        who=Who.NOBODY, cases=("large_body", "too_large_body", "large_event"),
        text="Something closes the connection during a large body: let it take more than 1 MiB, and 20 s.",
    ),
    Remedy(
        who=Who.NOBODY,
        text="Something on the way closed the connection or waits: give it at least 20 s for an answer, and let it "
        "pass the request unchanged.",
    ),
    # Something between
    Remedy(
        who=Who.BETWEEN, statuses=(301, 302, 303, 307, 308),
        text="The address is redirected, and no device follows with a token: use the address that it redirects to.",
    ),
    Remedy(
        who=Who.BETWEEN, cases=("early_answer",),
        text="A proxy keeps bodies until they are whole: switch that off (nginx: proxy_request_buffering off), or "
        "measure Clock-Offset on each device.",
    ),
    Remedy(
        who=Who.BETWEEN, statuses=(413,),
        text="A proxy limits bodies itself: let it take 2 MiB, so that the gateway answers "
        "(nginx: client_max_body_size 2m).",
    ),
    Remedy(
        who=Who.BETWEEN, cases=("large_headers",),
        text="A proxy limits headers below the gateway's 16 KiB: raise its limit to 32 KiB "
        "(nginx: large_client_header_buffers 4 32k).",
    ),
    Remedy(
        who=Who.BETWEEN, statuses=(401, 407),
        text="Something on the way wants a login of its own: switch it off for the gateway's paths.",
    ),
    Remedy(
        who=Who.BETWEEN, statuses=(405, 501),
        text="Something on the way does not allow this method: allow GET, HEAD, OPTIONS and POST.",
    ),
    Remedy(
        who=Who.BETWEEN, statuses=(403, 406),
        text="A firewall for web applications refuses the request: exempt the gateway's paths from its rules.",
    ),
    Remedy(
        who=Who.BETWEEN, statuses=(404,),
        text="The web server at this address does not pass this path on: let it pass /v1/ and /openapi.json.",
    ),
    Remedy(
        who=Who.BETWEEN, statuses=(502, 503, 504),
        text="The proxy reaches no gateway: see that one is ready (/readyz on its internal port) and that the "
        "proxy knows it.",
    ),
    Remedy(
        who=Who.BETWEEN, statuses=(101,),
        text="Something on the way takes the offer of another protocol: take Upgrade out of requests, or pass it on.",
    ),
    Remedy(
        who=Who.BETWEEN, statuses=(200, 204), cases=("head", "options"),
        text="Something on the way answers this itself, or takes the header Request-Id out of answers: pass both on.",
    ),
    Remedy(
        who=Who.BETWEEN, statuses=(200,),
        text="A web server answers in place of the gateway, as the login page of a Wi-Fi does: check address and path.",
    ),
    Remedy(
        who=Who.BETWEEN,
        text="Something on the way answers in place of the gateway: let it pass the request unchanged.",
    ),
    # The gateway
    Remedy(
        who=Who.GATEWAY, codes=("token_missing", "token_malformed"),
        text="Authorization was removed or changed on the way: pass it on "
        "(nginx: proxy_set_header Authorization $http_authorization).",
    ),
    Remedy(
        who=Who.GATEWAY, codes=("token_unknown", "wrong_fair"),
        text="The gateway does not know the token, or it has ended: ask the organiser for one of a rehearsal.",
    ),
    Remedy(
        who=Who.GATEWAY, codes=("no_such_resource",),
        text="The path was changed on the way: pass it on as it is (nginx: proxy_pass without a path).",
    ),
    Remedy(
        who=Who.GATEWAY, codes=("method",),
        text="The method was changed on the way, or the gateway is older: update it.",
    ),
    Remedy(
        who=Who.GATEWAY, codes=("not_json", "not_gzip"), cases=("gzip",),
        text="Content-Encoding was removed on the way, or the body was changed: pass both on "
        "(nginx: proxy_set_header Content-Encoding $http_content_encoding).",
    ),
    Remedy(
        who=Who.GATEWAY, codes=("missing_field", "not_a_cloudevent", "wrong_shape"), cases=("binary",),
        text="The headers ce-... were removed on the way: pass them on.",
    ),
    Remedy(
        who=Who.GATEWAY,
        codes=("no_body", "not_json", "no_events", "wrong_shape", "body_cut", "body_late", "too_deep", "duplicate_key"),
        text="The body was lost or changed on the way: let it pass whole and unchanged "
        "(nginx: proxy_pass_request_body on).",
    ),
    Remedy(
        who=Who.GATEWAY, codes=("media_type",),
        text="Content-Type was changed on the way, or the gateway is older than this program: pass it on, update it.",
    ),
    Remedy(
        who=Who.GATEWAY, codes=("body_too_large", "event_too_large", "too_many_events", "headers_too_large"),
        text="The request grew on the way, or the limits of the gateway are of another version: update it.",
    ),
    Remedy(
        who=Who.GATEWAY, statuses=(500, 503),
        text="The gateway is not able to store events right now; its log says why. Try again then.",
    ),
    Remedy(
        who=Who.GATEWAY, statuses=(429,),
        text="The terminal sends more than it may; is something else sending with its token?",
    ),
    Remedy(
        who=Who.GATEWAY, what="then the connection was closed",
        text="Something closes the connection after each answer, so each post needs a new one: let it keep them "
        "(nginx: keepalive_timeout 75).",
    ),
    Remedy(
        who=Who.GATEWAY, what="without clock_offset_ms", text="The gateway is older than this program: update it."
    ),
    Remedy(
        who=Who.GATEWAY, cases=("clock_offset", "sent_at"),
        text="Clock-Offset or Sent-At was removed or changed on the way, so a wrong clock is not corrected: pass "
        "them on.",
    ),
    Remedy(
        who=Who.GATEWAY, what="late",
        text="A proxy keeps bodies until they are whole: switch that off (nginx: proxy_request_buffering off).",
    ),
)  # fmt: skip


def remedy_of(case: str, answer: Came) -> str:
    """Return what to do about an answer that is not the expected one."""
    for one in REMEDIES:
        if (
            one.who is answer.who
            and (not one.statuses or answer.status in one.statuses)
            and (not one.codes or answer.code in one.codes)
            and (not one.cases or case in one.cases)
            and (not one.what or one.what == answer.what)
        ):
            return one.text
    return ANYTHING_ELSE
