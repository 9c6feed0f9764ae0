"""Plain YAML: mappings, lists and one-line texts, each with its line.

Every scalar stays text, so that the country NO is Norway and 09:00 is a time. All other features of YAML
(anchors, aliases, tags, several documents) are refused: a fair file must mean what it shows.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from schemas.errors import InvalidFairFile
from schemas.ids import NAME_PATTERN

LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, where PyYAML was built with it: several times faster."""

MOST_DEPTH = 8
"""Most levels of nesting; the fair file needs four."""

CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
"""Characters that are invisible, or that change the direction of the text around them."""

IN_FILE = re.compile(f"[{CONTROL}]")
IN_TEXT = re.compile(f"[{CONTROL}\t\r\n]")

FieldPath = tuple[str | int, ...]
"""The place of a value in the file: keys of mappings and positions in lists, from the top."""

Plain = str | list["Plain"] | dict[str, "Plain"]
"""The values that plain YAML can have."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a fair file, and its remedy.

    Attributes:
        hide_last: the last part of the place is itself wrong, so it is not echoed.
    """

    place: FieldPath
    what: str
    hide_last: bool = False

    @property
    def shown(self) -> FieldPath:
        """The place as a message names it."""
        return self.place[:-1] if self.hide_last else self.place


@dataclass(slots=True)
class PlainFile:
    """A file as text values.

    Attributes:
        lines: line of each value, counted from 1; for a value of a mapping, the line of its key.
    """

    name: str
    top: Plain = ""
    lines: dict[FieldPath, int] = field(default_factory=dict)

    def line_of(self, path: FieldPath) -> int:
        """Return the line of the value, or of the nearest thing around it that the file has."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def dotted(path: FieldPath) -> str:
    """Return the path as people write it, `halls.h3.capacity`; parts that are not valid names show as `?`."""
    return ".".join(str(part) if re.fullmatch(NAME_PATTERN, str(part)) else "?" for part in path)


def problem_text(line: int, path: FieldPath, what: str) -> str:
    """Return one line for a reader: line, field, what is wrong and the remedy."""
    where = f"{dotted(path)}: " if path else ""
    return f"line {line}: {where}{what}"


def refusal(name: str, line: int, path: FieldPath, what: str) -> InvalidFairFile:
    """Return the error with the file and the one line of `problem_text`."""
    return InvalidFairFile(f"{name} {problem_text(line, path, what)}")


def read_plain(text: str, name: str) -> PlainFile:
    """Return the text values of a YAML document.

    Raises:
        InvalidFairFile: at the first thing that is not plain YAML.
    """
    if found := IN_FILE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise refusal(name, line, (), "has an invisible control character; remove it")
    reader = _Reader(name)
    try:
        return reader.read(text)
    except yaml.YAMLError as error:
        raise refusal(name, *_not_yaml(text, error, reader.long_quote)) from None


def _not_yaml(text: str, error: yaml.YAMLError, long_quote: tuple[int, int]) -> tuple[int, FieldPath, str]:
    """Return where a text is not YAML, no field, and what is wrong there.

    A parser notices a missing quote or bracket late; the place where the thing begins helps more.

    Args:
        text: of the file.
        error: of the parser.
        long_quote: first and last line of the last text in quotes over several lines before the error.
    """
    noticed = _line(getattr(error, "problem_mark", None))
    context, begins = getattr(error, "context", None) or "", _line(getattr(error, "context_mark", None))
    if re.match(r" *\t", "".join(text.split("\n")[noticed - 1 : noticed])):
        return noticed, (), "is not valid YAML: it is indented with a tab; write spaces instead"
    if "quoted scalar" in context:
        return begins, (), "is not valid YAML: a quote opens here and is never closed; add the closing quote"
    if long_quote[1] and noticed - long_quote[1] <= 1:
        return (
            long_quote[0],
            (),
            f"is not valid YAML: the quote that opens here closes on line {long_quote[1]}; close it here",
        )
    if "flow" in context and begins < noticed:
        return begins, (), f"is not valid YAML from here to line {noticed}; check the brackets, commas and quotes"
    return noticed, (), "is not valid YAML at or before this line; check the indentation, colons, quotes and brackets"


def _line(mark: Any) -> int:
    """Return the line of a place that the parser names, counted from 1; 1 without a place."""
    return 1 if mark is None else mark.line + 1


class _Reader:
    """Builds the values from YAML's events, without recursion and without resolving anything."""

    def __init__(self, name: str) -> None:
        self.file = PlainFile(name)
        self.path: list[str | int] = []
        self.open: list[list[Plain] | dict[str, Plain]] = []
        self.long_quote = (0, 0)

    def read(self, text: str) -> PlainFile:
        documents = 0
        for event in yaml.parse(text, Loader=LOADER):
            line = _line(event.start_mark)
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise self.refusal(line, "starts a second document; keep one")
                case yaml.NodeEvent():
                    self.take(event, line)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self.open.pop()
                    self.done()
                case _:  # start and end of the stream, end of the document: nothing to keep
                    pass
        return self.file

    def take(self, event: yaml.NodeEvent, line: int) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self.refusal(line, "uses an anchor (&) or alias (*); write the value out, in quotes if it is text")
        if getattr(event, "tag", None) is not None:
            raise self.refusal(line, "uses a tag (!); leave it out, or put the text in quotes")
        if isinstance(event, yaml.ScalarEvent) and event.style and event.style in "'\"":
            ends = _line(event.end_mark)
            self.long_quote = (line, ends) if ends > line else self.long_quote
        if self.open and isinstance(self.open[-1], dict) and len(self.path) < len(self.open):
            self.take_key(event, line, self.open[-1])
            return
        if isinstance(event, yaml.ScalarEvent):
            self.place(event.value, line)
            if IN_TEXT.search(event.value):
                if self.long_quote[0] == line:
                    what = f"must be one line of text, but its quote closes on line {self.long_quote[1]}; close it here"
                    raise self.refusal(line, what)
                raise self.refusal(line, "must be one line of text without control characters; shorten it to one line")
            self.done()
        else:
            holder: list[Plain] | dict[str, Plain] = {} if isinstance(event, yaml.MappingStartEvent) else []
            self.place(holder, line)
            self.open.append(holder)
            if len(self.open) > MOST_DEPTH:
                raise self.refusal(line, "is nested too deeply; see `fairpulse fair example small`")

    def take_key(self, event: yaml.NodeEvent, line: int, holder: dict[str, Plain]) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise self.refusal(line, "has a key that is not text; write key: value")
        key = event.value
        self.path.append(key)
        if key in holder:
            first = self.file.line_of(tuple(self.path))
            raise self.refusal(line, f"is given twice, first on line {first}; keep one")
        self.file.lines[tuple(self.path)] = line
        holder[key] = ""

    def place(self, value: Plain, line: int) -> None:
        """Put the value under its key or into its list."""
        if not self.open:
            self.file.top = value
            self.file.lines[()] = line
            return
        holder = self.open[-1]
        if isinstance(holder, list):
            self.path.append(len(holder))
            self.file.lines[tuple(self.path)] = line
            holder.append(value)
        else:
            holder[str(self.path[-1])] = value

    def done(self) -> None:
        """Leave the value just read."""
        if self.path:
            self.path.pop()

    def refusal(self, line: int, what: str) -> InvalidFairFile:
        return refusal(self.file.name, line, tuple(self.path), what)
