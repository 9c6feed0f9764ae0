"""The kinds of values that settings and options have, and what is wrong with one in the words of a person.

A complaint has two halves: what is wrong, which goes on after the value or "the value" ("is too small"), and what to
give instead, with an example. It never has the words of a library.
"""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin
from unicodedata import category

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from schemas.badges.key import key_problem
from schemas.durations import MOST, BadDuration, duration, duration_text
from schemas.nearest import nearest
from schemas.web import NotOfTheWeb, brokers, networks, origins, path_prefix

T = TypeVar("T")

MOST_SHOWN: Final = 60
"""Characters of a value that an error repeats."""

OURS: Final = "fairpulse"
"""Type of an error of pydantic's whose text is a complaint of this module."""


class BadValue(ValueError):
    """A value cannot be taken.

    Attributes:
        wrong: what is wrong with it, to be read after the value: "is too small".
        instead: what to give, with an example.
    """

    def __init__(self, wrong: str, instead: str) -> None:
        super().__init__(f"{wrong}; {instead}")
        self.wrong = wrong
        self.instead = instead


def wrong(text: str) -> PydanticCustomError:
    """Return the error that a validator in this module raises; `text` goes on after the value."""
    return PydanticCustomError(OURS, "{text}", {"text": text})


def _timed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return duration(value)
    except BadDuration as error:
        raise wrong(str(error)) from None


def _not_empty(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise wrong("is empty")
    return value


def _host(value: str) -> str:
    if "://" in value:
        raise wrong("has a protocol before the host")
    if re.fullmatch(r"[A-Za-z0-9._-]+:[0-9]+", value):
        raise wrong("has a port behind it, which is a setting of its own")
    if not re.fullmatch(r"[A-Za-z0-9._:%-]+", value):
        raise wrong("has a character that no host has")
    return value


def _brokers(value: str) -> str:
    return _read(brokers, value)


def _web_address(value: str) -> str:
    scheme, there, rest = value.partition("://")
    if not there or scheme not in ("http", "https"):
        raise wrong("does not begin with http:// or https://")
    if "@" in rest:
        raise wrong("has a user name or password before the host; the token is a setting of its own")
    if not re.fullmatch(r"[^\s?#]+", rest) or rest.startswith(("/", ":")):
        raise wrong("is not an address of a server: host, port and path alone")
    return value


def _secret(value: SecretStr) -> SecretStr:
    if problem := secret_problem(value.get_secret_value()):
        raise wrong(problem)
    return value


def secret_problem(secret: str) -> str:
    """Return what is wrong with a password or key; empty if nothing is."""
    if "\n" in secret or "\r" in secret:
        return "has a line end"
    if any(category(one) in ("Cc", "Cs") for one in secret):  # Cs: bytes that are not UTF-8
        return "has a character that cannot be printed"
    return ""


def _badge_secret(value: SecretStr) -> SecretStr:
    if problem := key_problem(value.get_secret_value()):
        raise wrong(problem)
    return value


def _token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value()
    if any(one.isspace() and one not in "\r\n" for one in token):
        raise wrong("has a blank")
    if not token.isascii():
        raise wrong("has a character that is not ASCII")
    return value


def _user_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._@=/+ -]{1,255}", value):
        raise wrong("has a character that no principal has, or is longer than 255")
    return value


def _networks(value: str) -> str:
    return ",".join(map(str, _read(networks, value)))


def _path_prefix(value: str) -> str:
    return _read(path_prefix, value)


def _origins(value: str) -> str:
    return ",".join(_read(origins, value))


def _read(reader: Callable[[str], T], value: str) -> T:
    try:
        return reader(value)
    except NotOfTheWeb as error:
        raise wrong(str(error)) from None


Duration = Annotated[timedelta, BeforeValidator(_timed), Field(ge=timedelta(0), le=MOST)]
"""A length of time: 30s, 5m, 1h30m, a number of seconds, or ISO 8601."""

Port = Annotated[int, Field(ge=0, le=65_535)]
"""A port to listen on; 0 takes a free one."""

FixedPort = Annotated[int, Field(ge=1, le=65_535)]
"""A port that others must know beforehand."""

File = Annotated[Path, BeforeValidator(_not_empty)]
"""A path of a file or folder; an empty text would be this folder."""

Secret = Annotated[SecretStr, BeforeValidator(_not_empty), AfterValidator(_secret)]
"""A password or key: no error repeats it."""

BadgeSecret = Annotated[SecretStr, AfterValidator(_badge_secret)]
"""The badge key of a fair; a line end at its end is not part of it."""

HeaderSecret = Annotated[Secret, AfterValidator(_token)]
"""A secret that goes into a header of HTTP, where a client's own error would repeat it."""

Host = Annotated[str, BeforeValidator(_not_empty), AfterValidator(_host)]
"""A host name or an IP address."""

Brokers = Annotated[str, BeforeValidator(_not_empty), AfterValidator(_brokers)]
"""host:port[,host:port]; blanks around a comma are taken away."""

WebAddress = Annotated[str, BeforeValidator(_not_empty), AfterValidator(_web_address)]
"""http(s)://host[:port][/path]."""

UserName = Annotated[str, BeforeValidator(_not_empty), AfterValidator(_user_name)]
"""A principal of Kafka."""

Networks = Annotated[str, BeforeValidator(_not_empty), AfterValidator(_networks)]
"""network[,network]: IPv4 or IPv6 with a length, or an address alone; see `schemas.web.networks`."""

PathPrefix = Annotated[str, AfterValidator(_path_prefix)]
"""/path: in front of all paths of a service; the slash at its end is taken away. Empty for none."""

Origins = Annotated[str, BeforeValidator(_not_empty), AfterValidator(_origins)]
"""scheme://host[:port][,...], or * for all."""

_NOUNS: Final[dict[type, str]] = {
    timedelta: "a length of time",
    int: "a whole number",
    float: "a number",
    Path: "a path",
    SecretStr: "a text in UTF-8",
    str: "a text",
}
_OF_KIND: Final[dict[object, str]] = {
    _host: "a host name or IP address",
    _brokers: "brokers as host:port,host:port",
    _web_address: "an address http://host:port",
    _user_name: "the name of a principal",
    _networks: "networks as address/length,address/length",
    _path_prefix: "a path of letters, digits and -._~",
    _origins: "origins as https://host,https://host:port, or *",
    _token: "the token alone, in ASCII without blanks",
    _secret: "a text on one line",
    _badge_secret: "a key of at least 32 bytes on one line",
}


def checked(kind: Any, value: object, example: str) -> Any:
    """Return a value of a kind as its text would make it.

    Raises:
        BadValue: why it cannot be one.
    """
    try:
        return TypeAdapter[Any](Annotated[kind, BeforeValidator(partial(refuse_underscore, kind))]).validate_python(
            value
        )
    except ValidationError as error:
        raise complaint(error.errors(include_url=False)[0], kind, example) from None


def refuse_underscore(kind: Any, value: object) -> object:
    """Return the value; raise for a number such as 1_000, which Python takes and no other program does."""
    if type_of(kind) in (int, float) and isinstance(value, str) and re.fullmatch(r"[0-9.+-]+_[0-9_.]+", value.strip()):
        raise wrong("has an underscore")
    return value


def complaint(error: Any, kind: Any, example: str) -> BadValue:
    """Return what is wrong with a value, in our words.

    Args:
        error: one of pydantic's.
        kind: of what the value should be.
        example: of the kind, as it is typed.
    """
    given = error.get("input")
    words = choices(kind)
    if words:
        near = nearest(given, words) if isinstance(given, str) else ""
        meant = f"did you mean {near}? It may be" if near else "give one of"
        is_empty = isinstance(given, str) and not given.strip()
        return BadValue("is empty" if is_empty else "is not one of the choices", f"{meant} {', '.join(words)}")
    is_above = error["type"] in ("less_than_equal", "less_than", "int_parsing_size")
    return BadValue(_wrong(error, kind, given), f"give {expected(kind, every_limit=is_above)}, for example {example}")


def _wrong(error: Any, kind: Any, given: object) -> str:
    if error["type"] == OURS:
        return str(error["ctx"]["text"])
    if isinstance(given, str) and not given.strip():
        return "is empty"
    base, _ = _parts(kind)
    match error["type"]:
        case "greater_than_equal" | "greater_than":
            is_negative = re.match(r"\s*-.*[1-9]", str(given)) is not None
            return "is negative" if is_negative else "is too short" if base is timedelta else "is too small"
        case "less_than_equal" | "less_than":
            return "is too long" if base is timedelta else "is too large"
        case "int_parsing_size":
            return "is too large"
        case "missing":
            return "is missing"
        case _:
            return f"is not {_NOUNS.get(base, 'a value')}"


def expected(kind: Any, *, every_limit: bool = False) -> str:
    """Return what a value of a kind is, with its limits; those too, if asked for, that go without saying."""
    base, about = _parts(kind)
    for one in reversed(about):
        if isinstance(one, AfterValidator) and one.func in _OF_KIND:
            return _OF_KIND[one.func]
    noun = _NOUNS.get(base, "a value")
    least: list[Any] = [one.ge for one in about if isinstance(one, Ge)]
    above = [one.gt for one in about if isinstance(one, Gt)]
    most: list[Any] = [one.le for one in about if isinstance(one, Le)] + [
        one.lt for one in about if isinstance(one, Lt)
    ]
    low = _number(max(least)) if least and max(least) != timedelta(0) else ""
    high = _number(min(most)) if most and (every_limit or not _goes_without_saying(min(most))) else ""
    if above:
        return f"{noun} above {_number(above[0])}" + (f" and at most {high}" if high else "")
    if low and high:
        return f"{noun} from {low} to {high}"
    return f"{noun} of at least {low}" if low else f"{noun} of at most {high}" if high else noun


def choices(kind: Any) -> tuple[str, ...]:
    """Return the words that a value of a kind may be; empty if it may be others."""
    base, _ = _parts(kind)
    return tuple(get_args(base)) if get_origin(base) is Literal else ()


def type_of(kind: Any) -> type:
    """Return the Python type of a kind."""
    base, _ = _parts(kind)
    return str if get_origin(base) is Literal else base


def is_secret(kind: Any) -> bool:
    """Return whether a value of a kind must never be repeated."""
    return type_of(kind) is SecretStr


def kind_of(field: FieldInfo) -> Any:
    """Return the kind of a field of a settings class."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _parts(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the bare type of a kind, and all that is said about it."""
    about: tuple[Any, ...] = ()
    while get_origin(kind) in (Annotated, Union, UnionType):
        kind, *more = get_args(kind)
        about += tuple(_flat(more))
    return kind, about


def _flat(about: Iterable[Any]) -> Iterable[Any]:
    for one in about:
        yield from one.metadata if isinstance(one, FieldInfo) else (one,)


def _goes_without_saying(limit: Any) -> bool:
    return limit == MOST if isinstance(limit, timedelta) else limit > 10**9


def _number(limit: Any) -> str:
    if isinstance(limit, timedelta):
        return duration_text(limit)
    return f"{limit:,}" if _goes_without_saying(limit) else str(limit)


def quoted(value: object) -> str:
    """Return what was typed for an error: in quotes, on one line, cut, without a password in front of an `@`."""
    text = re.sub(r"[^\s/,@]+:[^\s,@/]*@|[^\s/,@:]+@(?=[^\s@]*:[0-9])", "***@", str(value))
    shown = visible(text)
    return f'"{shown[: MOST_SHOWN - 3]}..."' if len(shown) > MOST_SHOWN else f'"{shown}"'


def visible(text: str) -> str:
    """Return a text on one line: characters that would move a terminal's cursor are spelled."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
