"""The content of a disk after a power cut: everything that was synced, and any part of the rest.

A process is traced with strace. Its writes are replayed up to a moment; then every write since the file's last sync
is dropped, kept or torn at a sector, as a seeded chance decides.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

CALLS = "trace=openat,close,pwrite64,write,ftruncate,fsync,fdatasync,unlink"
SECTOR = 512

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass
class Disk:
    """Files by name: their safe content, and the writes since.

    Attributes:
        safe: content as of the last sync.
        since: writes (offset, bytes) and truncations (length, None) after it, in order.
    """

    safe: dict[str, bytes] = field(default_factory=dict)
    since: dict[str, list[tuple[int, bytes | None]]] = field(default_factory=dict)

    def sync(self, name: str) -> None:
        content = self.safe.get(name, b"")
        for offset, data in self.since.pop(name, []):
            content = _applied(content, offset, data)
        self.safe[name] = content

    def after_a_cut(self, chance: Random) -> dict[str, bytes]:
        """Return the files as they may be found when the power is back."""
        found = {}
        for name in {*self.safe, *self.since}:
            content = self.safe.get(name, b"")
            for offset, data in self.since.get(name, []):
                fate = chance.random()
                if fate < 0.4:
                    continue
                if data is not None and fate > 0.8:
                    torn = chance.randrange(0, len(data) + 1, SECTOR) if len(data) > SECTOR else 0
                    content = _applied(content, offset, data[:torn])
                else:
                    content = _applied(content, offset, data)
            found[name] = content
        return found


@dataclass(frozen=True)
class Moment:
    """One system call: the disk after it, and the output printed by then."""

    disk: Disk
    printed: str


def moments(trace: Path, folder: Path) -> Iterator[Moment]:
    """Replay a trace; yield after every call that touches a file of the folder or standard output.

    The disk that is yielded is the same object every time: use it before going on.
    """
    disk, printed, names = Disk(), "", {1: ""}
    for line in trace.read_text(encoding="latin-1").splitlines():
        found = _CALL.match(line)
        if found is None:
            assert "unfinished" not in line, "the traced program has one thread"
            continue
        call, arguments, result = found[1], found[2], int(found[3])
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
        if result < 0:
            continue
        if call == "openat":
            path = Path(texts[0].decode())
            names.pop(result, None)
            if path.parent == folder:
                names[result] = path.name
                if "O_TRUNC" in arguments:
                    disk.since.setdefault(path.name, []).append((0, None))
            continue
        if call == "unlink":
            disk.safe.pop(Path(texts[0].decode()).name, None)
            disk.since.pop(Path(texts[0].decode()).name, None)
            continue
        descriptor = int(re.match(r"\d+", arguments)[0])  # type: ignore[index]
        name = names.get(descriptor)
        if name is None:
            continue
        if call == "close":
            names.pop(descriptor)
        elif call == "write" and descriptor == 1:
            printed += texts[0].decode()
        elif call == "pwrite64":
            offset = int(arguments.rsplit(", ", 1)[1])
            disk.since.setdefault(name, []).append((offset, texts[0][:result]))
        elif call == "ftruncate":
            disk.since.setdefault(name, []).append((int(arguments.rsplit(", ", 1)[1]), None))
        elif call in ("fsync", "fdatasync"):
            disk.sync(name)
        yield Moment(disk, printed)


def _applied(content: bytes, offset: int, data: bytes | None) -> bytes:
    if data is None:
        return content[:offset].ljust(offset, b"\0")
    return content[:offset].ljust(offset, b"\0") + data + content[offset + len(data) :]
