"""The texts of the booth's page, and the names of texts that its modules use."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from producers.terminal import web

STATIC: Final = Path(web.__file__).parent / "static"
LANGUAGES: Final = ("en", "de", "zh")
_LITERAL: Final = re.compile(r'"([a-z_0-9]+(?:\.[a-z_0-9]+)*)"')
_FAMILY: Final = re.compile(r"`([a-z_]+)\.\$\{")


def texts(language: str) -> dict[str, str]:
    """Return the texts of a language by name; a name that is given twice is an error."""
    source = (STATIC / "texts" / f"{language}.js").read_text(encoding="utf-8")
    body = source[source.index("{\n") : source.rindex("};") + 1]
    pairs = json.loads(body, object_pairs_hook=lambda found: found)
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), "a name is given twice"
    return dict(pairs)


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(re.findall(r"\{(\w+)\}", text))


def named_texts() -> tuple[set[str], set[str]]:
    """Return the names that page and modules spell out, and the beginnings of names that they put together."""
    names: set[str] = set()
    families: set[str] = set()
    heads = {name.split(".")[0] for name in texts("en")}
    for path in STATIC.rglob("*"):
        if path.suffix not in {".js", ".html"} or path.parent.name == "texts":
            continue
        source = path.read_text(encoding="utf-8")
        families |= set(_FAMILY.findall(source))
        names |= {name for name in _LITERAL.findall(source) if "." in name and name.split(".")[0] in heads}
        names |= set(re.findall(r'(?:text\(|data-text=|data-label=)"([^"]+)"', source))
    return names, families


def reasons_given(*folders: Path) -> Iterator[str]:
    """Yield the reasons that Python code spells out: the first argument of an InvalidEvent."""
    for call in _calls(*folders):
        match call:
            case ast.Call(
                func=ast.Name("InvalidEvent" | "WrongEnvelope" | "ServersField"), args=[ast.Constant(str(reason)), *_]
            ):
                yield reason


def words_of_calls(path: Path, name: str, place: int) -> dict[str, set[str]]:
    """Return the words that calls of a function spell out as this argument, with the facts that they give."""
    found: dict[str, set[str]] = {}
    for call in _calls(path):
        match call:
            case ast.Call(func=ast.Name(called), args=arguments) if called == name and len(arguments) > place:
                word = arguments[place]
                if isinstance(word, ast.Constant):
                    found[str(word.value)] = {one.arg for one in call.keywords if one.arg}
    return found


def _calls(*places: Path) -> Iterator[ast.Call]:
    for place in places:
        for path in place.rglob("*.py") if place.is_dir() else (place,):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))
