"""The paths on the port of the terminals, with their methods, and the words for a path that is not there.

Every path may lie behind a prefix. HEAD is answered wherever GET is, and OPTIONS everywhere.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import unquote

from producers.gateway.http.answering import Reply
from producers.gateway.http.incoming import Incoming
from producers.gateway.http.problems import RequestRefused

Answer = Callable[[Incoming], Awaitable[Reply]]

WHOLE_SERVER: Final = "*"
"""Path of an OPTIONS request about the server as a whole (RFC 9110, section 9.3.7)."""


class Routes:
    """Finds what answers a request.

    Args:
        prefix: the path in front of all others, without a slash at its end.
        answers: for each path behind the prefix, what answers which method; HEAD and OPTIONS go without saying.
    """

    def __init__(self, prefix: str, answers: Mapping[str, Mapping[str, Answer]]) -> None:
        self._answers = {f"{prefix}{path}": dict(methods) for path, methods in answers.items()}
        for methods in self._answers.values():
            if "GET" in methods:
                methods["HEAD"] = methods["GET"]

    def allowed(self, path: str) -> str:
        """Return the methods of a path as `Allow` lists them; those of all paths for `*`.

        Raises:
            RequestRefused: there is no such path (404).
        """
        if path == WHOLE_SERVER:
            methods = {name for one in self._answers.values() for name in one}
        else:
            methods = set(self._at(path))
        return ", ".join(sorted({*methods, "OPTIONS"}))

    def find(self, method: str, path: str) -> Answer:
        """Return what answers a request.

        Raises:
            RequestRefused: there is no such path (404), or it has no such method (405).
        """
        methods = self._at(path)
        if method not in methods:
            raise RequestRefused("method", allow=self.allowed(path))
        return methods[method]

    def _at(self, path: str) -> Mapping[str, Answer]:
        found = self._answers.get(path)
        if found is None:
            raise RequestRefused("no_such_resource", addition=self._meant(path))
        return found

    def _meant(self, path: str) -> str:
        """Return the path that was meant, or all: without slashes at the end or in a row, or written in another way."""
        plain = _plain(path)
        for there in self._answers:
            if plain == _plain(there) or (len(there) > 1 and plain.endswith(_plain(there)) and plain != "/"):
                return f"Did you mean {there}?"
        inside = [there for there in self._answers if _plain(there).endswith(plain) and plain != "/"]
        if len(inside) == 1:
            return f"Did you mean {inside[0]}?"
        return f"The paths are {', '.join(self._answers)}."


def _plain(path: str) -> str:
    return re.sub("/+", "/", f"/{unquote(path).lower()}/")
