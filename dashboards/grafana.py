"""Grafana over HTTP, through grafana-api: the few calls that we need, with errors that say what to do.

The author of grafana-api has archived it. Everything here goes through `Calls`, so another client can replace it in
this one module. Boards are addressed by uid only: Grafana 13 no longer has the paths of grafana-api's by-id,
notification and permission methods.
"""

from collections.abc import Callable, Mapping, Sequence
from json import JSONDecodeError
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

import requests
from grafana_api.grafana_api import GrafanaException
from grafana_api.grafana_face import GrafanaFace

from schemas.errors import FairpulseError, InvalidSettings, Unavailable
from schemas.settings import GrafanaSettings

PATIENCE_S: Final = 10.0
GrafanaJson = Mapping[str, Any]


class GrafanaRefused(FairpulseError):
    """Grafana refused a request; `status` is its HTTP status."""

    def __init__(self, status: int, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class Calls(Protocol):
    """The calls that we make to Grafana."""

    def health(self) -> GrafanaJson:
        """Return the version and the state of the database; needs no token."""

    def source_health(self, uid: str) -> GrafanaJson:
        """Return whether Grafana reaches a data source."""

    def board(self, uid: str) -> GrafanaJson | None:
        """Return a board with its metadata; None if it is missing or the service account may not see it."""

    def last_message(self, uid: str) -> str:
        """Return the message of a board's newest version."""

    def save(self, board: GrafanaJson, folder: str, message: str) -> GrafanaJson:
        """Save a board into a folder; refused with 412 if its version is not the newest."""

    def folder(self, uid: str, title: str) -> None:
        """Make a folder unless it exists."""

    def annotate(self, text: str, tags: list[str], at_ms: int, board: str | None) -> GrafanaJson:
        """Leave a note at a time, on all boards or on one."""

    def ask(self, queries: Sequence[GrafanaJson], from_ms: int, to_ms: int) -> GrafanaJson:
        """Run a panel's queries; return results by refId. GrafanaRefused if one of them fails."""

    def snapshot(self, name: str, board: GrafanaJson, seconds: int) -> GrafanaJson:
        """Keep a board with its data; return its address. 0 seconds keep it for ever."""


_HINTS: Final = {
    401: "the token is unknown or has expired; make a service-account token and set FAIRPULSE_GRAFANA_TOKEN",
    403: "the service account may not do this; give it the role Editor (Viewer is enough for doctor)",
    404: "check that FAIRPULSE_GRAFANA_URL is the address of Grafana itself, and that the board exists",
    412: "somebody else has changed it in Grafana; look at its versions; then push with --force, or copy the change",
    429: "too many requests; wait and try again",
}


class GrafanaGateway:
    """The calls, over grafana-api."""

    def __init__(self, settings: GrafanaSettings) -> None:
        address = urlsplit(settings.grafana_url)
        token = settings.grafana_token
        path = address.path.strip("/")
        self._where = f"Grafana at {address.hostname}{'' if address.port is None else f':{address.port}'}"
        self._has_token = token is not None
        self._face = GrafanaFace(
            auth="" if token is None else token.get_secret_value(),
            host=address.hostname,
            port=address.port,
            protocol=address.scheme,
            url_path_prefix=f"{path}/" if path else "",
            timeout=PATIENCE_S,
        )

    def health(self) -> GrafanaJson:
        """Return the version and the state of the database; needs no token."""
        return self._call("health", lambda: self._face.api.GET("/health"), token=False)

    def source_health(self, uid: str) -> GrafanaJson:
        """Return whether Grafana reaches a data source."""
        return self._call("data source", lambda: self._face.api.GET(f"/datasources/uid/{quote(uid, safe='')}/health"))

    def board(self, uid: str) -> GrafanaJson | None:
        """Return a board with its metadata; None if it is missing or the service account may not see it.

        Grafana's access control also answers 403 for a missing board, because no permission names it.
        """
        try:
            return self._call("board", lambda: self._face.dashboard.get_dashboard(quote(uid, safe="")))
        except GrafanaRefused as refusal:
            if refusal.status not in (requests.codes.not_found, requests.codes.forbidden):
                raise
            return None

    def last_message(self, uid: str) -> str:
        """Return the message of a board's newest version."""
        path = f"/dashboards/uid/{quote(uid, safe='')}/versions?limit=1"
        answer: Any = self._call("versions", lambda: self._face.api.GET(path))
        versions = answer["versions"] if isinstance(answer, Mapping) else answer
        return str(versions[0].get("message", "")) if versions else ""

    def save(self, board: GrafanaJson, folder: str, message: str) -> GrafanaJson:
        """Save a board into a folder; refused with 412 if its version is not the newest."""
        body = {"dashboard": board, "folderUid": folder, "overwrite": False, "message": message}
        return self._call(f"board {board['uid']}", lambda: self._face.dashboard.update_dashboard(body))

    def folder(self, uid: str, title: str) -> None:
        """Make a folder unless it exists."""
        try:
            self._call("folder", lambda: self._face.folder.create_folder(title, uid))
        except GrafanaRefused as refusal:
            if refusal.status not in (requests.codes.conflict, requests.codes.precondition_failed):
                raise  # these two mean that it exists, by its title or by its uid

    def annotate(self, text: str, tags: list[str], at_ms: int, board: str | None) -> GrafanaJson:
        """Leave a note at a time, on all boards or on one."""
        body: dict[str, Any] = {"text": text, "tags": tags, "time": at_ms}
        if board is not None:
            body["dashboardUID"] = board
        return self._call("annotation", lambda: self._face.api.POST("/annotations", json=body))

    def ask(self, queries: Sequence[GrafanaJson], from_ms: int, to_ms: int) -> GrafanaJson:
        """Run a panel's queries; return results by refId. GrafanaRefused if one of them fails."""
        body = {"queries": queries, "from": str(from_ms), "to": str(to_ms)}
        results: GrafanaJson = self._call("query", lambda: self._face.api.POST("/ds/query", json=body))["results"]
        for ref, result in results.items():
            if "error" in result:
                status = int(result.get("status", requests.codes.server_error))
                what = f"query {ref}, status {status}"
                raise GrafanaRefused(
                    status, f"{self._where} refused: {what}", hint="check its data source, and see Grafana's log"
                )
        return results

    def snapshot(self, name: str, board: GrafanaJson, seconds: int) -> GrafanaJson:
        """Keep a board with its data; return its address. 0 seconds keep it for ever."""
        make = self._face.snapshots.create_new_snapshot
        return self._call("snapshot", lambda: make(dashboard=board, name=name, expires=seconds))

    def _call(self, what: str, call: Callable[[], Any], *, token: bool = True) -> GrafanaJson:
        if token and not self._has_token:
            raise InvalidSettings("there is no token for Grafana", hint="set FAIRPULSE_GRAFANA_TOKEN")
        try:
            answer: GrafanaJson = call()
        except GrafanaException as error:
            status = int(error.status_code)
            hint = _HINTS.get(status, "see Grafana's log")
            if status == requests.codes.bad_request and "provisioned" in str(error.message):
                hint = "it is provisioned from a file there: change that file instead of pushing"
            raise GrafanaRefused(status, f"{self._where} refused: {what}, HTTP status {status}", hint=hint) from None
        except (JSONDecodeError, requests.JSONDecodeError):
            raise Unavailable(
                f"{self._where} did not answer in JSON",
                hint="a proxy or a login page may be in between",
            ) from None
        except requests.RequestException:
            raise Unavailable(
                f"{self._where} does not answer", hint="check FAIRPULSE_GRAFANA_URL, and that it is running"
            ) from None
        return answer
