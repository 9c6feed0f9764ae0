"""A real nginx in front of a gateway, with any number of servers."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Final, Self

import pytest

from schemas.ports import HOST, free_port
from tests.support.workers import eventually

PAGE: Final = Path(__file__).parents[2] / "producers/gateway/RUNNING.md"
MAIN: Final = """
{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path answers; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
{servers}
}}
"""


def nginx_program() -> str:
    """Return where nginx is; skips the test if it is not installed."""
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if found is None:
        pytest.skip("nginx is not installed")
    return found


def readme_server(port: int, gateway_port: int, folder: Path) -> str:
    """Return the configuration in the page on running the gateway, for these ports.

    Args:
        port: where nginx listens.
        gateway_port: where the gateway does.
        folder: of an authority that has made a certificate for a server.
    """
    [block] = re.findall(r"^```nginx\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    for written, here in (
        ("127.0.0.1:8080", f"{HOST}:{gateway_port}"),
        ("listen 443", f"listen {HOST}:{port}"),
        ("/etc/ssl/certs/fair.pem", str(folder / "server.pem")),
        ("/etc/ssl/private/fair.key", str(folder / "server.key")),
    ):
        assert block.count(written) == 1, written
        block = block.replace(written, here)
    return str(block)


class Nginx:
    """nginx as a process of its own.

    Args:
        folder: made for it.
        servers: blocks for the `http` section.
        port: one on which it listens.
    """

    def __init__(self, folder: Path, servers: str, port: int) -> None:
        self._folder, self._port = folder, port
        folder.mkdir()
        user = "user root root;" if os.geteuid() == 0 else ""  # its workers write into a folder of this user
        (folder / "nginx.conf").write_text(MAIN.format(user=user, servers=servers))
        self._process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        with (self._folder / "log").open("ab") as output:
            self._process = subprocess.Popen(
                [nginx_program(), "-p", self._folder, "-c", self._folder / "nginx.conf"], stdout=output, stderr=output
            )
        eventually(lambda: self._process.poll() is not None or self._listens(), "nginx listens")
        assert self._process.poll() is None, self.log
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    def _listens(self) -> bool:
        try:
            socket.create_connection((HOST, self._port), timeout=1).close()
        except OSError:
            return False
        return True


def free_ports(number: int) -> list[int]:
    """Return free ports that differ from each other."""
    found: list[int] = []
    while len(found) < number:
        found.append(free_port(found))
    return found
