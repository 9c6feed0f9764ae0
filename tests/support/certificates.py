"""Certificates for tests, made by openssl: an authority, and servers' certificates with any dates and names."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SETTINGS = """
[ca]
default_ca = here
[here]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Authority:
    """An authority of its own, that no system trusts."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def text(self) -> str:
        return self.file.read_text()

    @property
    def key_file(self) -> Path:
        return self.folder / "ca.key"

    def server(
        self, *, names: str = "IP:127.0.0.1", since: str = "20200101", until: str = "20980101"
    ) -> ssl.SSLContext:
        """Return what a server needs; the dates are like 20200101."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.pair(names=names, since=since, until=until))
        return context

    def pair(
        self,
        *,
        names: str = "IP:127.0.0.1",
        since: str = "20200101",
        until: str = "20980101",
        key: tuple[str, ...] = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    ) -> tuple[Path, Path]:
        """Return the files of a new certificate and its key; the next pair is written over them."""
        openssl(
            self.folder, "req", *key, "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=gateway",
            "-addext", f"subjectAltName={names}",
        )  # fmt: skip
        openssl(
            self.folder, "ca", "-batch", "-notext", "-config", "ca.cnf", "-in", "server.csr", "-out", "server.pem",
            "-cert", "ca.pem", "-keyfile", "ca.key", "-startdate", f"{since}000000Z", "-enddate", f"{until}000000Z",
        )  # fmt: skip
        return self.folder / "server.pem", self.folder / "server.key"


def authority(folder: Path, name: str = "the fair's authority") -> Authority:
    """Return a new authority, kept in a folder that is made for it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder.mkdir()
    (folder / "ca.cnf").write_text(SETTINGS)
    (folder / "index.txt").touch()
    openssl(
        folder, "req", "-x509", *KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650", "-subj", f"/CN={name}"
    )
    return Authority(folder)


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
