"""`make generators`: code generators make clients of our OpenAPI document. Each compiles, and its scan counts in Kafka.

Loopback only, except that generators and libraries come from the registries of their languages. A generator whose
programs are not installed is left out, with the reason.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from schemas.ports import HOST
from schemas.settings import KafkaSettings
from schemas.topics import SCANS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, GatewayProcess, Paired
from tests.support.workers import read_back

ROOT: Final = Path(__file__).parents[2]
PROGRAMS: Final = Path(__file__).parent / "generated"
OPENAPI_GENERATOR: Final = "7.25.0"
OAPI_CODEGEN: Final = "v2.8.2"

Command = list[str]


class Generator(NamedTuple):
    """A code generator.

    Attributes:
        name: for readers.
        needs: programs of the system.
        make: makes a client from a document in a folder; returns the command that posts.
    """

    name: str
    needs: tuple[str, ...]
    make: Callable[[Path, Path], Command]


def run(command: Command, folder: Path) -> None:
    """Run a program in a folder; what it says is shown only if it fails. Raises CalledProcessError."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        print((done.stdout + done.stderr)[-4_000:], file=sys.stderr)
        done.check_returncode()


def python_of(folder: Path, *requirements: str) -> str:
    """Return the Python of a virtual environment in a folder, with these requirements."""
    own = folder / "venv/bin/python"
    if not own.exists():
        run([sys.executable, "-m", "venv", "venv"], folder)
    run([str(own), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements], folder)
    return str(own)


def openapi_python_client(document: Path, folder: Path) -> Command:
    own = python_of(folder, "--requirement", str(PROGRAMS / "requirements.txt"))
    run([own, "-m", "openapi_spec_validator", str(document)], folder)
    command = ["generate", "--path", str(document), "--output-path", "made", "--overwrite", "--fail-on-warning"]
    run(["/usr/bin/env", f"PATH={Path(own).parent}:{os.environ['PATH']}", "openapi-python-client", *command], folder)
    return ["/usr/bin/env", f"PYTHONPATH={folder / 'made'}", own, str(PROGRAMS / "openapi_python_client.py")]


def openapi_generator(document: Path, folder: Path, *options: str) -> None:
    name = f"org.openapitools:openapi-generator-cli:{OPENAPI_GENERATOR}"
    run(["mvn", "--quiet", "--batch-mode", "dependency:copy", f"-Dartifact={name}", "-DoutputDirectory=."], folder)
    jar = f"openapi-generator-cli-{OPENAPI_GENERATOR}.jar"
    run(["java", "-jar", jar, "generate", "-i", str(document), "-o", "made", *options], folder)


def openapi_generator_java(document: Path, folder: Path) -> Command:
    openapi_generator(document, folder, "-g", "java", "--library", "native")
    run(["mvn", "--quiet", "--batch-mode", "-Dmaven.test.skip=true", "package"], folder / "made")
    target = folder / "made/target"
    jar = next(one for one in target.glob("*.jar") if not one.stem.endswith(("-javadoc", "-sources")))
    classes = f"{jar}:{target}/lib/*:{folder}"
    run(["javac", "-cp", classes, "-d", str(folder), str(PROGRAMS / "Post.java")], folder)
    return ["java", "-cp", classes, "Post"]


def openapi_generator_python(document: Path, folder: Path) -> Command:
    openapi_generator(document, folder, "-g", "python")
    own = python_of(folder, "./made")
    return [own, str(PROGRAMS / "openapi_generator.py")]


def openapi_typescript(document: Path, folder: Path) -> Command:
    for name in ("package.json", "post.ts"):
        shutil.copy(PROGRAMS / name, folder)
    run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], folder)
    run(["npx", "openapi-typescript", str(document), "-o", "schema.d.ts"], folder)
    kind = ["--strict", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022"]
    run(["npx", "tsc", *kind, "--types", "node", "post.ts"], folder)
    return ["node", str(folder / "post.js")]


def oapi_codegen(document: Path, folder: Path) -> Command:
    (folder / "gateway").mkdir(exist_ok=True)
    shutil.copy(PROGRAMS / "main.go", folder)
    if not (folder / "go.mod").exists():
        run(["go", "mod", "init", "generated"], folder)
    codegen = f"github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@{OAPI_CODEGEN}"
    made = ["-generate", "types,client", "-package", "gateway", "-o", "gateway/gateway.go", str(document)]
    run(["go", "run", codegen, *made], folder)
    run(["go", "mod", "tidy"], folder)
    run(["go", "build", "-o", "post", "."], folder)
    return [str(folder / "post")]


GENERATORS: Final = (
    Generator("openapi-python-client", (), openapi_python_client),
    Generator("openapi-generator, Java", ("java", "javac", "mvn"), openapi_generator_java),
    Generator("openapi-generator, Python", ("java", "mvn"), openapi_generator_python),
    Generator("openapi-typescript with openapi-fetch", ("node", "npm"), openapi_typescript),
    Generator("oapi-codegen, Go", ("go",), oapi_codegen),
)


def main() -> None:
    wanted = sys.argv[1:]
    told: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary, LocalKafka.start() as kafka:
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=4)))
        paired = Paired(Path(temporary) / "terminals.sqlite")
        paired.enrol(BOOTH)
        gateway = GatewayProcess(kafka.bootstrap_servers, paired, Path(temporary) / "gateway.log").start()
        try:
            document = Path(temporary) / "openapi.json"
            document.write_bytes(gateway.post(b"", path="/openapi.json", method="GET").body)
            for one in GENERATORS:
                if not wanted or any(word in one.name for word in wanted):
                    told[one.name] = posted(one, document, kafka.bootstrap_servers, gateway)
                    print(f"{one.name}: {told[one.name]}", flush=True)
        finally:
            gateway.stop()
    sys.exit(any(text.startswith("failed") for text in told.values()))


def posted(generator: Generator, document: Path, servers: str, gateway: GatewayProcess) -> str:
    """Make a client, let it post a scan, and count that in Kafka. Return how it went."""
    lacking = [program for program in generator.needs if shutil.which(program) is None]
    if lacking:
        return f"not tried, {lacking[0]} is not installed"
    folder = ROOT / ".fairpulse/generators" / generator.make.__name__
    shutil.rmtree(folder / "made", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    event_id = str(uuid.uuid4())
    said: Mapping[str, str] = {
        "POST_URL": f"http://{HOST}:{gateway.port}",
        "POST_TOKEN": gateway.paired.of(BOOTH),
        "POST_SOURCE": BOOTH.source,
        "POST_ID": event_id,
    }
    try:
        command = generator.make(document, folder)
    except subprocess.CalledProcessError as error:
        return f"failed: {error.cmd[0]} made no client"
    done = subprocess.run(command, env={**os.environ, **said}, capture_output=True, text=True, check=False, timeout=120)
    stored = [json.loads(value)["event_id"] for *_, value in read_back(servers, SCANS.name) if value]
    if done.returncode or stored.count(event_id) != 1:
        return f"failed: its scan is {stored.count(event_id)} times in Kafka. {done.stderr[-1_000:]}"
    return "compiles, and its scan counts once"


if __name__ == "__main__":
    main()
