"""Prose of a file, by its kind: docstrings, comments, texts for readers, with the line on which each begins."""

import ast
import html
import inspect
import io
import json
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

Text = tuple[int, str]
"""The line on which it begins, from 1, and the text; the lines of the text are lines of the file."""

_FOR_READERS: Final = frozenset(
    {"description", "displayName", "label", "legendFormat", "noValue", "question", "story", "summary", "text"}
    | {"textFormat", "title", "titleFormat"}
)
"""Keys in JSON and YAML whose values people read."""
_DIRECTIVE: Final = re.compile(r"#\s*(?:noqa|type: ignore|fmt:|pragma|!).*")
_CODE: Final = re.compile(r"[{}<>$\\^]|\w\(\S|\b(?:SELECT|INSERT|CREATE|import|def|function|const)\b")
"""Signs of a text for a program: JSON, a regular expression, a query, a script."""


def of(path: Path) -> Iterator[Text]:
    """Yield the prose of a file; nothing of a kind that has none."""
    reader = _READERS.get(path.suffix) or _READERS.get(path.name)
    if reader is not None:
        yield from reader(path.read_text(encoding="utf-8"))


def _python(source: str) -> Iterator[Text]:
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    documents = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            text = node.value
        else:
            continue
        if id(node) in documents:
            yield node.lineno, inspect.cleandoc(text)
        elif " " in text.strip() and not text.isupper() and not _CODE.search(text):
            as_written = text.count("\n") == (node.end_lineno or node.lineno) - node.lineno
            yield from ((node.lineno, part) for part in ([text] if as_written else _paragraphs(text)))
    if "#" in source:
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        yield from _blocks(
            (token.start[0], token.string, token.line.lstrip().startswith("#"))
            for token in tokens
            if token.type == tokenize.COMMENT
        )


def _blocks(comments: Iterator[tuple[int, str, bool]]) -> Iterator[Text]:
    """Yield comments as texts. Comments on lines of their own are one text; a comment beside code stands alone."""
    block: list[str] = []
    first = last = 0
    for line, comment, own_line in comments:
        if block and (line != last + 1 or not own_line):
            yield first, "\n".join(block)
            block = []
        if not block:
            first = line
        block.append(re.sub(r"^#+ ?", "", _DIRECTIVE.sub("", comment)))
        last = line if own_line else 0
    if block:
        yield first, "\n".join(block)


def _hashed(source: str) -> Iterator[Text]:
    """Yield the comments of a file in which `#` begins one, and its quoted texts of several words."""
    found = (
        (number, match[0], line.lstrip().startswith("#"))
        for number, line in enumerate(source.splitlines(), 1)
        if (match := re.search(r"(?:^|(?<=\s))#.*", line))
    )
    yield from _blocks(found)
    for match in re.finditer(r'"([^"\n]* [^"\n]*)"', source):
        if not _CODE.search(match[1]):
            yield _line(source, match.start()), match[1]


def _yaml(source: str) -> Iterator[Text]:
    yield from _hashed(source)
    for match in re.finditer(r"(?m)^[\s-]*(\w+): (.+)$", source):
        if match[1] in _FOR_READERS:
            yield _line(source, match.start()), match[2].strip("'\"")


def _json(source: str) -> Iterator[Text]:
    for text in _read_by_people(json.loads(source)):
        line = _line(source, max(source.find(json.dumps(text, ensure_ascii=False)), 0))
        yield from ((line, part) for part in _paragraphs(text))


def _read_by_people(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(value, str):
                if key in _FOR_READERS:
                    yield value
            else:
                yield from _read_by_people(value)
    elif isinstance(node, list):
        for one in node:
            yield from _read_by_people(one)


def _markdown(source: str) -> Iterator[Text]:
    """Yield paragraphs, each with its line; code blocks keep their place but not their text."""
    prose = re.sub(r"(?ms)^ *```.*?^ *```", _emptied, source)
    for match in re.finditer(r"(?:[^\n]+\n?)+", prose):
        yield _line(prose, match.start()), match[0]


def _page(source: str) -> Iterator[Text]:
    """Yield the texts between tags, and the texts and comments of scripts."""
    bodies = r"(?s)(?<=<script>).*?(?=</script>)"
    for match in re.finditer(r">([^<>]+)<", re.sub(bodies, _emptied, source)):
        if match[1].strip():
            yield _line(source, match.start()), html.unescape(match[1])
    for match in re.finditer(r'\b(?:alt|aria-label|placeholder|title)="([^"]+)"', source):
        yield _line(source, match.start()), html.unescape(match[1])
    for match in re.finditer(bodies, source):
        yield from ((line + _line(source, match.start()) - 1, text) for line, text in _script(match[0]))


def _script(source: str) -> Iterator[Text]:
    for match in re.finditer(r"(?<!:)// (.*)|/\*([\s\S]*?)\*/", source):
        yield _line(source, match.start()), (match[1] or match[2]).replace("\n *", "\n")
    for match in re.finditer(r'"([^"\n]* [^"\n]*)"|`([^`]* [^`]*)`', source):
        text = match[1] or match[2]
        if not _CODE.search(text):
            yield _line(source, match.start()), text


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs and list items of a text whose lines are not those of its file, each on one line."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n|\n(?=\s*[*-] )", text)]


def _emptied(block: re.Match[str]) -> str:
    return "\n" * block[0].count("\n")


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1


_READERS: Final[Mapping[str, Callable[[str], Iterator[Text]]]] = {
    ".py": _python,
    ".md": _markdown,
    ".html": _page,
    ".js": _script,
    ".json": _json,
    ".yml": _yaml,
    ".yaml": _yaml,
    ".toml": _hashed,
    ".sh": _hashed,
    ".properties": _hashed,
    "Makefile": _hashed,
    "Dockerfile": _hashed,
    "run": _hashed,
    ".gitignore": _hashed,
}
