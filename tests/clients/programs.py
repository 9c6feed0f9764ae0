"""The programs behind the table: what each needs, how it is built, and how it is called."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from schemas.api.terminals import Terminal
from tests.clients.table import Client

HERE: Final = Path(__file__).parent
NEEDS: Final[Mapping[str, Sequence[str]]] = {
    "python": (),
    "javascript": ("node", "npm"),
    "go": ("go",),
    "java": ("java", "keytool", "mvn"),
    "curl": ("curl",),
}
"""Programs of the system, by the name of a folder beside this file; curl has none."""
TYPE: Final = "Content-Type: application/cloudevents-batch+json"
PATIENCE_S: Final = 180.0
PASSWORD: Final = "changeit"
"""Java's usual password of a store that holds no secret."""


def missing(program: str) -> str:
    """Return the first program of the system that is needed and not installed; empty if all are."""
    return next((one for one in NEEDS[program] if shutil.which(one) is None), "")


def build(program: str, made: Path, authority: Path) -> None:
    """Fetch what a program needs, and build it. Raises CalledProcessError.

    Args:
        program: a key of `NEEDS`.
        made: where its results go; they are used again.
        authority: the certificate that the clients have to trust.
    """
    folder = made / program
    folder.mkdir(parents=True, exist_ok=True)
    match program:
        case "python":
            if not (folder / "bin/python").exists():
                _run([sys.executable, "-m", "venv", str(folder)])
            pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, "--requirement", str(HERE / "python/requirements.txt")])
        case "javascript":
            for name in ("package.json", "package-lock.json", "post.js"):
                shutil.copy(HERE / "javascript" / name, folder)
            _run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], folder)
        case "go":
            _run(["go", "build", "-o", str(folder / "post"), "."], HERE / "go")
        case "java":
            listed = f"-Dmdep.outputFile={folder / 'classes.txt'}"
            _run(["mvn", "--quiet", "--batch-mode", "dependency:build-classpath", listed], HERE / "java")
            classes = (folder / "classes.txt").read_text().strip()
            _run(["javac", "-cp", classes, "-d", str(folder), str(HERE / "java/Post.java")])
            (folder / "trust.p12").unlink(missing_ok=True)
            store = ["-keystore", str(folder / "trust.p12"), "-storetype", "PKCS12", "-storepass", PASSWORD]
            _run(["keytool", "-importcert", "-noprompt", "-alias", "fair", "-file", str(authority), *store])


def call(program: str, way: str, made: Path, batch: Path) -> list[str]:
    """Return the command of a client. It prints one status per answer.

    Args:
        program: a key of `NEEDS`.
        way: of the program.
        made: where it was built.
        batch: a file with the events as an array, for curl.
    """
    folder = made / program
    match program:
        case "python":
            own = folder / "bin/python"
            return [str(own) if own.exists() else sys.executable, str(HERE / "python/post.py"), way]
        case "javascript":
            return ["node", str(folder / "post.js"), way]
        case "go":
            return [str(folder / "post"), way]
        case "java":
            trust = [
                "-Djavax.net.ssl.trustStore=" + str(folder / "trust.p12"),
                "-Djavax.net.ssl.trustStorePassword=" + PASSWORD,
            ]
            classes = f"{folder}:{(folder / 'classes.txt').read_text().strip()}"
            return ["java", *trust, "-cp", classes, "Post", way]
        case _:
            options = way.format(batch=batch).split()
            typed = [] if "application/json" in way else ["--header", TYPE]
            said = ["--silent", "--show-error", "--output", os.devnull, "--write-out", "%{http_code}\n"]
            return ["curl", *said, *typed, *options]


def post(
    client: Client,
    ids: Sequence[str],
    terminal: Terminal,
    token: str,
    address: str,
    made: Path,
    authority: Path | None = None,
) -> tuple[Counter[str], str]:
    """Let a client post scans. Return how often it was told each status, and the end of its output if it failed.

    Args:
        client: a row of the table.
        ids: of the scans.
        terminal: as which it posts.
        token: of the terminal.
        address: where it posts.
        made: where its program was built.
        authority: the certificate that it has to trust; None without TLS.
    """
    events = [
        {
            "id": one,
            "type": "fair.visitor.scanned.v1",
            "time": "2025-10-25T09:00:00.000Z",
            "data": {"scan_kind": "booth", "badge_role": "visitor_public"},
        }
        for one in ids
    ]
    with TemporaryDirectory() as temporary:
        posted, batch = Path(temporary, "events.json"), Path(temporary, "batch.json")
        posted.write_text(json.dumps(events))
        batch.write_text(json.dumps([{"specversion": "1.0", "source": terminal.source, **one} for one in events]))
        command = call(client.program, client.way, made, batch)
        if client.program == "curl":
            command += ["--header", f"Authorization: Bearer {token}", address]
        known = {
            "POST_URL": address,
            "POST_TOKEN": token,
            "POST_SOURCE": terminal.source,
            "POST_EVENTS": str(posted),
        }
        environment = {**_surroundings(authority), **known}
        with batch.open("rb") as body:
            try:
                done = subprocess.run(
                    command,
                    env=environment,
                    stdin=body,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=PATIENCE_S,
                )
            except subprocess.TimeoutExpired:
                return Counter(), f"not done within {PATIENCE_S:g} s"
    words = [line.strip() for line in done.stderr.splitlines() if line and not line.startswith(("\t", " "))]
    trouble = (words or ["no word"])[-1][:200] if done.returncode else ""
    return Counter(done.stdout.split("\n")[:-1]), trouble


def _surroundings(authority: Path | None) -> dict[str, str]:
    """Return an environment in which every client trusts the authority, and has no proxy but those of the table."""
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return own if authority is None else {**own, **dict.fromkeys(names, str(authority))}


def _run(command: Sequence[str], folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        done.check_returncode()
