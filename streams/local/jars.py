"""Kafka's jars: fetched once from the Maven registry, checked at every start against `kafka.sha256`.

The committed list is the class path. `python -m streams.local.jars` resolves it anew after a change of `KAFKA`.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest
from pathlib import Path
from typing import Final

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext
from rich.console import Console
from rich.progress import track

from schemas.errors import Unavailable
from schemas.outputs import reason

VERSION: Final = "4.3.1"
"""The Kafka that tests and the demo run; docker-compose.yml names the same."""

KAFKA: Final = (f"org.apache.kafka:kafka_2.13:{VERSION}", "org.slf4j:slf4j-simple:1.7.36")
"""What is asked of Maven. slf4j-simple writes Kafka's log to stderr without a configuration file."""

SUMS: Final = Path(__file__).with_name("kafka.sha256")
"""One line a jar: its SHA-256, two spaces, groupId:artifactId:version."""

AT_ONCE: Final = 8
"""Downloads side by side: 46 small files wait for answers, not for bandwidth."""

Fetch = Callable[[str, Path], Path]
"""Download the jar of a coordinate somewhere below a directory and return its path."""


def default_cache() -> Path:
    """Return where downloads are kept: `$XDG_CACHE_HOME/fairpulse`, or `~/.cache/fairpulse`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fairpulse"


def expected_sums(listing: Path = SUMS) -> dict[str, str]:
    """Return the SHA-256 of every jar by its coordinate, as committed."""
    lines = (line.split() for line in listing.read_text(encoding="ascii").splitlines())
    return {coordinate: digest for digest, coordinate in lines}


def fetch(coordinate: str, directory: Path) -> Path:
    """Download one jar with jgo, from the repositories of the user's jgo settings or Maven's default."""
    group, artifact, version = coordinate.split(":")
    return Path(maven(directory).project(group, artifact).at_version(version).artifact().resolve())


def class_path(cache: Path | None = None, *, sums: Mapping[str, str] | None = None, get: Fetch = fetch) -> list[Path]:
    """Return the verified jars of Kafka, downloading what the cache lacks. No network is touched when it lacks nothing.

    Args:
        cache: the directory of downloads, `default_cache()` if None.
        sums: SHA-256 by coordinate, the committed list if None.
        get: how a jar is downloaded.

    Raises:
        Unavailable: a download failed, or a jar is not the one we know; that jar is deleted.
    """
    wanted = expected_sums() if sums is None else sums
    directory = (cache or default_cache()) / f"kafka-{VERSION}"
    places = {coordinate: directory / file_name(coordinate) for coordinate in wanted}
    missing = [coordinate for coordinate, place in places.items() if not place.exists()]
    for coordinate, place in places.items():
        if coordinate not in missing:
            refuse_altered(place, coordinate, wanted[coordinate])
    if missing:
        try:
            download(missing, wanted, directory, get)
        except (OSError, RuntimeError) as error:
            raise Unavailable(
                f"Kafka's jars cannot be downloaded to {directory} ({reason(error)})",
                hint="the first start needs the network and 45 MB of disk; check both and run again",
            ) from error
    return list(places.values())


def download(coordinates: Sequence[str], sums: Mapping[str, str], directory: Path, get: Fetch) -> None:
    """Put each jar into the directory once it is complete and verified, so that a broken run leaves no half jar."""
    directory.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    console.print(f"Kafka {VERSION}: downloading {len(coordinates)} jars, once, to {directory}", soft_wrap=True)
    with tempfile.TemporaryDirectory(dir=directory) as place, ThreadPoolExecutor(AT_ONCE) as workers:
        arriving = workers.map(lambda coordinate: get(coordinate, Path(place)), coordinates)
        labelled = zip(coordinates, arriving, strict=True)
        for coordinate, jar in track(labelled, "downloading", len(coordinates), console=console, transient=True):
            refuse_altered(jar, coordinate, sums[coordinate])
            jar.replace(directory / file_name(coordinate))


def refuse_altered(jar: Path, coordinate: str, expected: str) -> None:
    """Delete a jar whose sum differs from the committed one.

    Raises:
        Unavailable: it was deleted; a new run downloads it again.
    """
    if sha256(jar) != expected:
        jar.unlink(missing_ok=True)
        raise Unavailable(
            f"the jar {coordinate} is not the one we know (its SHA-256 differs) and was deleted",
            hint="run again to download it; if it differs again, something between you and the registry alters it",
        )


def file_name(coordinate: str) -> str:
    """Return the jar's file name as Maven spells it."""
    _, artifact, version = coordinate.split(":")
    return f"{artifact}-{version}.jar"


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal; 45 MB take 30 ms."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def maven(directory: Path) -> MavenContext:
    """Return a Maven that keeps its files below the directory; a mirror named `central` in jgo's settings wins."""
    return MavenContext(
        repo_cache=directory, remote_repos={"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    )


def resolve() -> dict[str, str]:
    """Return coordinate and SHA-256 of everything that `KAFKA` needs at run time, asked of Maven now."""
    with tempfile.TemporaryDirectory() as place:
        context = maven(Path(place))
        asked, needed = context.resolver.resolve([context.create_dependency(coordinate) for coordinate in KAFKA])
        needed = [dependency for dependency in needed if dependency.scope in {"compile", "runtime"}]
        artifacts = [dependency.artifact for dependency in (*asked, *needed)]
        with ThreadPoolExecutor(AT_ONCE) as workers:
            jars = workers.map(lambda artifact: Path(artifact.resolve()), artifacts)
            return {
                f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}": sha256(jar)
                for artifact, jar in zip(artifacts, jars, strict=True)
            }


if __name__ == "__main__":
    found = resolve()
    SUMS.write_text("".join(f"{found[name]}  {name}\n" for name in sorted(found)), encoding="ascii")
    sys.stderr.write(f"{SUMS.name}: {len(found)} jars\n")
