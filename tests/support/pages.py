"""Pages as a program reads them: their headings, links, spans of code and blocks of code, each with its line."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^\s*(```+)([a-z]*)\s*$")
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of a page: its text, the line it begins at and, for a block, the language it is marked with."""

    text: str
    line: int
    language: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link or an image of a page; `text` is what a reader sees of it."""

    text: str
    target: str
    line: int
    image: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        path: from the top of the repository, with slashes.
    """

    path: str
    text: str

    @property
    def folder(self) -> Path:
        """Where its links begin."""
        return (ROOT / self.path).parent

    @property
    def own_text(self) -> str:
        """Its text without the tables that are written from the code."""
        blocks = r"<!-- [^>]*: written by [^>]* -->.*?<!-- end -->"
        return re.sub(blocks, lambda one: "\n" * one[0].count("\n"), self.text, flags=re.DOTALL)

    @property
    def blocks(self) -> list[Found]:
        """Its fenced blocks, with their language."""
        found: list[Found] = []
        begun: tuple[str, int, str] | None = None
        lines: list[str] = []
        for number, line in enumerate(self.text.splitlines(), 1):
            fence = FENCE.match(line)
            if begun is None and fence:
                begun, lines = (fence[1], number + 1, fence[2]), []
            elif begun is not None and fence and fence[1] == begun[0] and not fence[2]:
                found.append(Found("".join(f"{one}\n" for one in lines), begun[1], begun[2]))
                begun = None
            elif begun is not None:
                lines.append(line)
        return found

    @property
    def prose(self) -> list[Found]:
        """Its lines outside of fenced blocks and comments."""
        text = re.sub(r"<!--.*?-->", lambda one: "\n" * one[0].count("\n"), self.text, flags=re.DOTALL)
        found, inside = [], ""
        for number, line in enumerate(text.splitlines(), 1):
            fence = FENCE.match(line)
            if fence and inside in ("", fence[1]):
                inside = "" if inside else fence[1]
            elif not inside:
                found.append(Found(line, number))
        return found

    @property
    def spans(self) -> list[Found]:
        """Its inline code; a span that goes over the end of a line is one."""
        lines = self.prose
        text = "\n".join(one.text for one in lines)
        return [
            Found(" ".join(one[1].split()), lines[text.count("\n", 0, one.start())].line)
            for one in SPAN.finditer(text)
            if "\n\n" not in one[1]
        ]

    @property
    def links(self) -> list[Link]:
        """Its links and images."""
        return [
            Link(one[2], one[3], found.line, one[1] == "!") for found in self.prose for one in LINK.finditer(found.text)
        ]

    @property
    def headings(self) -> list[tuple[int, str, int]]:
        """Its headings as level, anchor and line."""
        seen: dict[str, int] = {}
        found = []
        for one in self.prose:
            if heading := re.match(r"^(#{1,6}) +(.*?) *#*$", one.text):
                anchor = anchor_of(heading[2])
                again = seen.get(anchor, 0)
                seen[anchor] = again + 1
                found.append((len(heading[1]), f"{anchor}-{again}" if again else anchor, one.line))
        return found

    @property
    def tables(self) -> list[tuple[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]]:
        """Its tables: the head, and the rows with their lines."""
        found: list[tuple[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]] = []
        inside = False
        for one in self.prose:
            if not one.text.startswith("|"):
                inside = False
                continue
            cells = tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", one.text.strip().strip("|")))
            if not inside:
                found.append((cells, []))
            elif set(one.text) - set("|-: "):
                found[-1][1].append((one.line, cells))
            inside = True
        return found


def anchor_of(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    text = LINK.sub(lambda one: one[2], heading).replace("`", "").replace("*", "").lower()
    return re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")


@cache
def tracked() -> tuple[str, ...]:
    """Return the files of the repository, those that are new and not ignored among them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return tuple(name for name in sorted(set(listed.stdout.splitlines())) if (ROOT / name).exists())


@cache
def all_pages() -> tuple[Page, ...]:
    """Return all pages of the repository."""
    return tuple(Page(name, (ROOT / name).read_text(encoding="utf-8")) for name in tracked() if name.endswith(".md"))


def simple_commands(text: str) -> Iterator[list[str]]:
    """Yield the commands of a piece of shell, each as its words: without pipes, redirections, keywords and comments."""
    waiting = ""
    text = re.sub(r"<<'(\w+)'(.*?)\n.*?\n\1$", r"\2", text, flags=re.DOTALL | re.MULTILINE)  # documents in the shell
    for line in text.replace("\\\n", " ").splitlines():
        waiting += f"{line}\n"
        words = words_of(waiting)
        if words is None:
            continue  # a quotation goes on in the next line
        waiting = ""
        yield from _split(words)


def words_of(text: str) -> list[str] | None:
    """Return the words of a line as a shell reads them; None if a quotation is open."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, "#"
    try:
        return list(lexer)
    except ValueError:
        return None


KEYWORDS = {"until", "while", "if", "then", "else", "fi", "do", "done", "!", "{", "}", "$", "time", "exec", "env"}


def _split(words: list[str]) -> Iterator[list[str]]:
    command: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif set(word) <= set("();&|") or word == "\n":
            if command:
                yield command
            command = []
        elif set(word) <= set("<>&"):
            skip = True
            if command and command[-1].isdigit():
                command.pop()
        elif command or word not in KEYWORDS:
            command.append(word)
    if command:
        yield command
