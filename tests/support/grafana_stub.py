"""A stand-in for Grafana's HTTP interface: the documented paths that we use, in the shapes of Grafana 13.

It keeps boards, folders, notes and snapshots, checks the token, and refuses what Grafana refuses.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from schemas.ports import HOST

TOKEN = "glsa_" + "t" * 32
EDITOR, VIEWER = "Editor", "Viewer"
DENIED = {"accessErrorId": "ACE1", "message": "You'll need additional permissions", "title": "Access denied"}


class GrafanaStub:
    """What the server knows; tests look at it and change it.

    Attributes:
        requests: method and path of every request, in order.
        provisioned: uids of boards that come from files and cannot be saved.
        failing: part of the queries that fail, while the others of a request are answered.
        checks_sources: whether the plugin of the data source has a health check.
        missing: what it says of a board that is not there: with access control, as of 9, that one may not see it.
    """

    def __init__(self) -> None:
        self.role = EDITOR
        self.boards: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[str]] = {}
        self.folders: dict[str, str] = {}
        self.notes: list[dict[str, Any]] = []
        self.snapshots: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.provisioned: set[str] = set()
        self.version = "13.0.1"
        self.missing = 404
        self.checks_sources = True
        self.failing = ""
        self.source = {"status": "OK", "message": "Successfully queried the Prometheus API."}
        self.url = ""

    def edited_by_somebody(self, uid: str) -> None:
        self.boards[uid] = {**self.boards[uid], "title": "mine now", "version": self.boards[uid]["version"] + 1}
        self.messages[uid].append("")

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        match [method, *path.strip("/").split("/")]:
            case ["GET", "health"]:
                return 200, {"commit": "0", "database": "ok", "version": self.version}
            case ["GET", "datasources", "uid", "fairpulse-prometheus", "health"]:
                answers = self.checks_sources and self.source
                return (200, self.source) if answers else (self.missing, {"message": "data source not found"})
            case ["GET", "dashboards", "uid", uid] if uid in self.boards:
                return 200, {
                    "meta": {"slug": uid, "version": self.boards[uid]["version"]},
                    "dashboard": self.boards[uid],
                }
            case ["GET", "dashboards", "uid", uid, "versions"] if uid in self.boards:
                newest = [{"message": message, "createdBy": "sa"} for message in reversed(self.messages[uid])]
                return 200, {"continueToken": "", "versions": newest[: int(query["limit"][0])]}
            case ["GET", *_] if self.missing == 404:
                return 404, {"message": "Not found", "messageId": "not-found", "statusCode": 404}
            case ["GET", *_]:
                return 403, DENIED
            case _ if self.role == VIEWER:
                return 403, DENIED
            case ["POST", "folders"] if body["uid"] in self.folders:
                return 412, {"message": "the folder has been changed by someone else", "status": "version-mismatch"}
            case ["POST", "folders"]:
                self.folders[body["uid"]] = body["title"]
                return 200, body
            case ["POST", "dashboards", "db"]:
                return self.save(body)
            case ["POST", "annotations"]:
                self.notes.append(body)
                return 200, {"message": "Annotation added", "id": len(self.notes)}
            case ["POST", "ds", "query"] if not self.source:
                return 404, {"message": "data source not found"}
            case ["POST", "ds", "query"]:
                self.asked.append(body)
                results = {query["refId"]: self.result(query) for query in body["queries"]}
                return 207 if any("error" in one for one in results.values()) else 200, {"results": results}
            case ["POST", "snapshots"]:
                self.snapshots.append(body)
                return 200, {"key": "k1", "deleteKey": "d1", "url": f"{self.url}/dashboard/snapshot/k1", "id": 1}
        return 404, {"message": "Not found"}

    def result(self, query: Any) -> dict[str, Any]:
        if self.failing and self.failing in query["expr"]:
            return {"status": 503, "error": "query timed out in expression evaluation", "frames": []}
        return result(query)

    def save(self, body: Any) -> tuple[int, Any]:
        board = body["dashboard"]
        uid = board["uid"]
        if uid in self.provisioned:
            return 400, {"message": "Cannot save provisioned dashboard"}
        there = self.boards.get(uid)
        if there is not None and not body["overwrite"] and board.get("version", 0) != there["version"]:
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        version = 1 if there is None else there["version"] + 1
        self.boards[uid] = {**board, "id": len(self.boards) + 1, "version": version}
        self.messages.setdefault(uid, []).append(body["message"])
        return 200, {"uid": uid, "status": "success", "version": version}


def result(query: Any) -> dict[str, Any]:
    """Return one series of hall h1 with the value 7; of a question for the values of a label, b10 and b9."""
    offered = re.match(r"group by \((\w+)\)", query["expr"])
    series = [{offered[1]: value} for value in ("b10", "b9")] if offered else [{"hall": "h1"}]
    return {"status": 200, "frames": [frame(query["refId"], labels) for labels in series]}


def frame(ref: str, labels: dict[str, str]) -> dict[str, Any]:
    fields = [
        {"name": "Time", "type": "time", "config": {"interval": 1_000}},
        {"name": "Value", "type": "number", "labels": labels, "config": {"displayNameFromDS": "h1"}},
    ]
    return {"schema": {"refId": ref, "fields": fields}, "data": {"values": [[1], [7]]}}


def _handler(stub: GrafanaStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve("GET", None)

        def do_POST(self) -> None:
            self._serve("POST", json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _serve(self, method: str, body: Any) -> None:
            address = urlsplit(self.path)
            path = unquote(address.path).removeprefix("/api")
            stub.requests.append((method, self.path))
            if path != "/health" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._say(401, {"message": "Invalid API key", "messageId": "api-key.invalid"})
            else:
                self._say(*stub.answer(method, path, parse_qs(address.query), body))

        def _say(self, status: int, answer: Any) -> None:
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def grafana_stub() -> Iterator[GrafanaStub]:
    stub = GrafanaStub()
    with ThreadingHTTPServer((HOST, 0), _handler(stub)) as server:
        stub.url = f"http://{HOST}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield stub
        server.shutdown()
        thread.join()
