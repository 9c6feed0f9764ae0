"""A server that somebody else makes: its program if it is installed, its image if Docker has it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

DOCKER_WITHIN_S: Final = 5
"""Patience with a Docker daemon; one that is not there must not hold up a demo."""


def docker_has(image: str) -> bool:
    """Return whether a Docker daemon answers and has the image. Nothing is ever pulled."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        asked = subprocess.run(  # noqa: S603  # the name of a constant
            [docker, "image", "inspect", image], capture_output=True, timeout=DOCKER_WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def in_container(image: str, home: Path, environment: Mapping[str, str]) -> list[str] | None:
    """Return the beginning of a command line that runs an image as if it were installed, None if that cannot be.

    It shares this machine's network, so it needs Linux, and sees `home` and our boards at their own paths.

    Args:
        image: name and tag.
        home: what it may write.
        environment: its variables.
    """
    if not sys.platform.startswith("linux") or not docker_has(image):
        return None
    docker = shutil.which("docker")
    assert docker is not None, "it has just answered"
    variables = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
    places = ["--volume", f"{home}:{home}", "--volume", f"{boards()}:{boards()}:ro"]
    user = ["--user", f"{os.getuid()}:{os.getgid()}"]
    return [docker, "run", "--rm", "--init", "--network", "host", *user, *places, *variables, image]


def installed(*names: str) -> str | None:
    """Return the path of the first of these programs that is there."""
    return next((path for path in map(shutil.which, names) if path), None)


def with_environment(environment: Mapping[str, str], program: Sequence[str]) -> list[str]:
    """Return a command line that runs a program with more variables."""
    return ["/usr/bin/env", *(f"{name}={value}" for name, value in environment.items()), *program]


def boards() -> Path:
    """Return the folder of boards, rules and provisioning, as `make generate` writes them."""
    return Path(str(files("dashboards")))
