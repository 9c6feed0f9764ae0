"""How the environment is read: `FAIRPULSE_*`, typed, refused early and without echoing a value."""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.errors import InvalidSettings

PREFIX: Final = "FAIRPULSE_"
"""All our variables start with this; an unknown one that does is refused (a typo must not be a default)."""

FOREIGN: Final = frozenset({"FAIRPULSE_TEST_BROKER"})
"""Variables with our prefix that only the tests read."""


def _seconds(text: object) -> object:
    """Take a plain number as seconds; leave ISO 8601 (PT30S) and everything else to pydantic."""
    return float(text) if isinstance(text, str) and re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,6})?", text) else text


def at_least(least: timedelta) -> AfterValidator:
    """Return a limit for a duration; pydantic's own would name it in Python's words."""

    def check(value: timedelta) -> timedelta:
        if value < least:
            raise PydanticCustomError(
                "too_short", "give at least {seconds} s", {"seconds": f"{least.total_seconds():g}"}
            )
        return value

    return AfterValidator(check)


Duration = Annotated[timedelta, BeforeValidator(_seconds), at_least(timedelta(0))]
"""A length of time: a number of seconds, or ISO 8601, PT5M."""

Port = Annotated[int, Field(ge=0, le=65_535)]
"""A port to listen on; 0 takes a free one."""

FixedPort = Annotated[int, Field(ge=1, le=65_535)]
"""A port that others must know beforehand."""


class Settings(BaseSettings):
    """Base of all settings classes: read from the environment, unknown names forbidden."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, **options: object) -> Self:
        """Return the settings from the environment; `options` that are not None win over it.

        Raises:
            InvalidSettings: names what was given, the variable or the argument, and the remedy, never the value.
        """
        refuse_unknown(os.environ if environment is None else environment)
        given = {name: value for name, value in options.items() if value is not None}
        try:
            return cls(**given)  # type: ignore[arg-type]  # pydantic converts and checks them
        except ValidationError as error:
            name = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            typed = name if name in given else variable(name)
            raise InvalidSettings(
                f"{typed}: {_complaint(error)}", hint=f"see {cls.__name__} for what it may be"
            ) from None

    @classmethod
    def check(cls, field: str, value: object) -> Any:
        """Return a value of one field as `load` would make it of its text.

        Raises:
            ValueError: why it cannot be one; the value is not named.
        """
        about = cls.model_fields[field]
        return checked(Annotated[about.annotation, *about.metadata] if about.metadata else about.annotation, value)


def checked(kind: Any, value: object) -> Any:
    """Return a value of a kind of setting as its text would make it.

    Raises:
        ValueError: why it cannot be one; the value is not named.
    """
    try:
        return TypeAdapter[Any](kind).validate_python(value)
    except ValidationError as error:
        raise ValueError(_complaint(error)) from None


def variable(field: str) -> str:
    """Return the environment variable of a field."""
    return f"{PREFIX}{field.upper()}"


def default_of(owner: type[Settings], field: str) -> Any:
    """Return the default of a setting, whatever the environment says."""
    return owner.model_fields[field].default


def default_text(owner: type[Settings], field: str) -> str:
    """Return the default of a setting for a reader, durations in seconds; empty if there is none."""
    value = default_of(owner, field)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    return "" if value is None else str(value)


def described(owner: type[Settings], field: str) -> str:
    """Return what a setting is, on one line."""
    return " ".join((owner.model_fields[field].description or "").split())


def _complaint(error: ValidationError) -> str:
    """Return what is wrong first, without the value: that may be a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"].startswith("time_delta"):
        return "give a number of seconds, or ISO 8601 such as PT30S"
    return first["msg"].lower()


def known_names() -> frozenset[str]:
    """Return every variable that some settings class declares, with prefix, in upper case."""
    pending: list[type[Settings]] = [Settings]
    names: set[str] = set(FOREIGN)
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        names.update(map(variable, cls.model_fields))
    return frozenset(names)


def refuse_unknown(environment: Mapping[str, str]) -> None:
    """Raise InvalidSettings for a variable with our prefix that nobody declares."""
    known = known_names()
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            endings = [one.removeprefix(PREFIX) for one in known]
            near = get_close_matches(name.upper().removeprefix(PREFIX), endings, n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else "remove it"
            raise InvalidSettings(f"{name} is not a setting", hint=hint)
