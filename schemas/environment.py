"""How the environment is read: `FAIRPULSE_*`, typed, refused early and without echoing a value."""

import os
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from typing import Any, Final, Self

from pydantic import ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.durations import duration_text
from schemas.errors import InvalidSettings
from schemas.kinds import checked, complaint, kind_of, refuse_underscore
from schemas.nearest import nearest

PREFIX: Final = "FAIRPULSE_"
"""All our variables start with this; an unknown one that does is refused (a typo must not be a default)."""

FOREIGN: Final = frozenset({"FAIRPULSE_TEST_BROKER"})
"""Variables with our prefix that only the tests read."""


class Settings(BaseSettings):
    """Base of all settings classes: read from the environment, unknown names forbidden."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _plain_numbers(cls, value: object, info: ValidationInfo) -> object:
        return refuse_underscore(kind_of(cls.model_fields[str(info.field_name)]), value)

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, **options: object) -> Self:
        """Return the settings from the environment; `options` that are not None win over it.

        Raises:
            InvalidSettings: names the variable and the remedy; what options give was checked before. It does not
                repeat the value: a password may stand in the wrong variable, and errors are logged.
        """
        refuse_unknown(os.environ if environment is None else environment)
        given = {name: value for name, value in options.items() if value is not None}
        try:
            return cls(**given)  # type: ignore[arg-type]  # pydantic converts and checks them
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = str(first["loc"][0])
            bad = complaint(first, kind_of(cls.model_fields[name]), example_of(cls, name))
            raise InvalidSettings(
                f"{_as_typed(variable(name), environment)}: the value {bad.wrong}", hint=bad.instead
            ) from None

    @classmethod
    def check(cls, field: str, value: object) -> Any:
        """Return a value of one field as `load` would make it of its text.

        Raises:
            BadValue: why it cannot be one.
        """
        return checked(kind_of(cls.model_fields[field]), value, example_of(cls, field))


def _as_typed(name: str, environment: Mapping[str, str] | None) -> str:
    """Return a variable as it is spelled in the environment, where case does not matter."""
    found = os.environ if environment is None else environment
    return next((one for one in found if one.upper() == name), name)


def variable(field: str) -> str:
    """Return the environment variable of a field."""
    return f"{PREFIX}{field.upper()}"


def default_of(owner: type[Settings], field: str) -> Any:
    """Return the default of a setting, whatever the environment says."""
    return owner.model_fields[field].default


def default_text(owner: type[Settings], field: str) -> str:
    """Return the default of a setting as it is typed, durations as 30s; empty if there is none."""
    value = default_of(owner, field)
    if isinstance(value, timedelta):
        return duration_text(value)
    return "" if value is None else str(value)


def described(owner: type[Settings], field: str) -> str:
    """Return what a setting is, on one line."""
    return " ".join((owner.model_fields[field].description or "").split())


def example_of(owner: type[Settings], field: str) -> str:
    """Return the example of a setting, as it is typed."""
    examples = owner.model_fields[field].examples
    return str(examples[0]) if examples else ""


def known_names() -> frozenset[str]:
    """Return every variable that some settings class declares, with prefix, in upper case.

    It knows those of the files that this program has not imported too: one environment serves all programs.
    """
    import_module("schemas.settings")  # it imports this module
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
            near = nearest(name.upper().removeprefix(PREFIX), endings)
            hint = f"did you mean {PREFIX}{near}?" if near else "remove it"
            raise InvalidSettings(f"{name} is not a setting", hint=hint)
