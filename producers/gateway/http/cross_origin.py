"""Pages and web hooks of other origins: CORS (Fetch standard, section 3.3) and the check of CloudEvents web hooks.

Nobody is let in unless a setting names the origin. No answer allows credentials of the browser: a token is a header.
"""

import re
from typing import Final

from producers.gateway.http.answering import HttpHeader
from producers.gateway.http.heading import Heading
from schemas.api.http import REQUEST_ID, TERMINAL_COPIES
from schemas.environment import variable
from schemas.logs import logger
from schemas.web import ANY_ORIGIN, origins

log = logger(__name__)

EXPOSED: Final = (
    "Retry-After",
    REQUEST_ID,
    TERMINAL_COPIES,
    "Allow",
    "Accept-Post",
    "Accept-Encoding",
    "WWW-Authenticate",
)
"""Headers of answers that pages may read."""
PREFLIGHT_S: Final = 600
"""How long a browser may remember what it was allowed."""

_NAMES: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
_RATE: Final = re.compile("[1-9][0-9]{0,8}")


class CrossOrigin:
    """The origins that are let in.

    Args:
        allowed: as `FAIRPULSE_GATEWAY_ORIGINS` has them; None for none.
        rate: events per second that a terminal may send.
    """

    def __init__(self, allowed: str | None, rate: float) -> None:
        self._allowed = frozenset(origins(allowed)) if allowed else frozenset[str]()
        self._hosts = {one.partition("://")[2] for one in self._allowed}
        self._per_minute = max(1, int(60 * rate))
        self._told = False

    def headers(self, heading: Heading) -> tuple[HttpHeader, ...]:
        """Return what is added to an answer of any status."""
        if not self._allowed:
            self._tell(heading)
            return ()
        vary = () if ANY_ORIGIN in self._allowed else ((b"vary", b"Origin"),)
        origin = self._let_in(heading)
        if not origin:
            self._tell(heading)
            return vary
        return (
            (b"access-control-allow-origin", origin.encode()),
            (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
            *vary,
        )

    def options(self, heading: Heading, allow: str) -> tuple[HttpHeader, ...]:
        """Return what is added to an answer to OPTIONS, beside `headers`.

        Args:
            heading: of the request.
            allow: the methods of the path.
        """
        return (*self._preflight(heading, allow), *self._web_hook(heading))

    def _preflight(self, heading: Heading, allow: str) -> tuple[HttpHeader, ...]:
        if not self._let_in(heading) or "access-control-request-method" not in heading.headers:
            return ()
        wanted = ", ".join(heading.headers.get("access-control-request-headers", ()))
        private = heading.headers.get("access-control-request-private-network") == ["true"]
        return (
            (b"access-control-allow-methods", allow.encode()),
            # All that are wanted: attributes of an event in binary mode are headers of any name.
            *(((b"access-control-allow-headers", wanted.encode()),) if _NAMES.fullmatch(wanted) else ()),
            *(((b"access-control-allow-private-network", b"true"),) if private else ()),
            (b"access-control-max-age", b"%d" % PREFLIGHT_S),
            (b"vary", b"Access-Control-Request-Headers"),
        )

    def _web_hook(self, heading: Heading) -> tuple[HttpHeader, ...]:
        """Return the agreement to deliveries of a web hook (HTTP 1.1 Web Hooks for Event Delivery, section 4.2)."""
        asked = heading.headers.get("webhook-request-origin", ())
        if len(asked) != 1:
            return ()
        host = asked[0].lower()
        if ANY_ORIGIN in self._allowed:
            host = ANY_ORIGIN
        elif host not in self._hosts:
            return ()
        rate = heading.headers.get("webhook-request-rate", [""])[0]
        granted = min(int(rate), self._per_minute) if _RATE.fullmatch(rate) else self._per_minute
        return ((b"webhook-allowed-origin", host.encode()), (b"webhook-allowed-rate", b"%d" % granted))

    def _let_in(self, heading: Heading) -> str:
        """Return the value for Access-Control-Allow-Origin; empty for a request without origin, or one not let in."""
        asked = heading.headers.get("origin", ())
        if len(asked) != 1:
            return ""
        if ANY_ORIGIN in self._allowed:
            return ANY_ORIGIN
        return asked[0] if asked[0] in self._allowed else ""

    def _tell(self, heading: Heading) -> None:
        if not self._told and "origin" in heading.headers and "access-control-request-method" in heading.headers:
            self._told = True
            log.warning(
                "a web page of another origin may not post",
                origin=heading.headers["origin"][0][:100],
                remedy=f"if it is yours, name its origin in {variable('gateway_origins')}",
            )
