"""The badge key: what is part of it, what is refused, and its fingerprint."""

import hashlib
from pathlib import Path

import pytest

from schemas.badges.key import checked_key, key_fingerprint
from schemas.environment import known_names
from schemas.errors import InvalidSettings
from schemas.terminal_settings import TerminalSettings

KEY = "0123456789abcdef0123456789abcdef"

SAME = {
    "as it is": KEY,
    "with a line end": KEY + "\n",
    "with a line end of Windows": KEY + "\r\n",
    "with an empty line after it": KEY + "\n\n",
    "with a byte order mark": "\ufeff" + KEY,
    "with a byte order mark and a line end of Windows": "\ufeff" + KEY + "\r\n",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_what_an_editor_adds_around_a_key_is_not_part_of_it(text: str) -> None:
    assert checked_key(text) == KEY.encode()


REFUSED = {
    "nothing": ("", "is empty"),
    "a line end": ("\n", "is empty"),
    "a byte order mark": ("\ufeff", "is empty"),
    "blanks": (" " * 40, "has blanks only"),
    "blanks and a line end": (" " * 40 + "\r\n", "has blanks only"),
    "tabs": ("\t" * 40, "has blanks only"),
    "31 bytes": (KEY[:31], "has 31 bytes, and needs at least 32"),
    "31 bytes and a line end": (KEY[:31] + "\r\n", "has 31 bytes, and needs at least 32"),
    "two lines": (f"{KEY}\n{KEY}", "has more than one line"),
    "a blank before it": (f" {KEY}", "begins or ends with a blank"),
    "a blank after it": (f"{KEY} \n", "begins or ends with a blank"),
    "a null byte": (f"{KEY}\0", "has a character that cannot be printed"),
    "UTF-16 read as another encoding": ("\0".join(KEY), "has a character that cannot be printed"),
    "bytes that are not UTF-8": (f"{KEY}\udcff", "has a character that cannot be printed"),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_key_that_is_short_or_may_be_copied_wrongly_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        checked_key(text)
    assert str(refused.value) == (
        f"the badge key {problem}; make one for all terminals of the fair with `openssl rand -hex 32`"
    )


def test_32_bytes_may_be_fewer_characters() -> None:
    assert len(checked_key("\N{CJK UNIFIED IDEOGRAPH-5C55}" * 11)) == 33


def test_a_fingerprint_is_the_beginning_of_an_hmac_and_differs_for_each_key() -> None:
    # HMAC (RFC 2104) written out: H(key ^ opad, H(key ^ ipad, message)), the key filled up to a block of 64 bytes.
    block = KEY.encode().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(one ^ 0x36 for one in block) + b"fairpulse badge key").digest()
    assert key_fingerprint(KEY.encode()) == hashlib.sha256(bytes(one ^ 0x5C for one in block) + inner).hexdigest()[:16]
    assert key_fingerprint(KEY.upper().encode()) != key_fingerprint(KEY.encode())


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in known_names():
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "badge-key"


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_the_key_is_the_same_from_the_variable_and_from_a_file(
    file: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    file.write_bytes(text.encode())
    assert TerminalSettings.load(badge_key_file=file).pseudonym_key() == KEY.encode()
    monkeypatch.setenv("FAIRPULSE_BADGE_KEY", text)
    assert TerminalSettings.load().pseudonym_key() == KEY.encode()


def test_without_a_variable_or_file_the_terminal_has_no_key(file: Path) -> None:
    assert TerminalSettings.load().pseudonym_key() is None
    assert not file.exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        *((text.encode(errors="surrogateescape"), f"the key in the file {told}") for text, told in REFUSED.values()
          if "\udcff" not in text),
        (KEY.encode("utf-16"), "the file cannot be read (it is not UTF-8 text)"),
        (None, "the file cannot be read (no such file or directory)"),
    ],
)  # fmt: skip
def test_a_file_without_a_key_is_refused_with_its_variable_and_without_its_content(
    file: Path, content: bytes | None, problem: str
) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidSettings) as refused:
        TerminalSettings.load(badge_key_file=file).pseudonym_key()
    assert str(refused.value).startswith(f"FAIRPULSE_BADGE_KEY_FILE: {problem}; ")
    assert KEY[:8] not in str(refused.value)


@pytest.mark.parametrize("text", ["", " " * 40, KEY[:31] + "\r\n", f"{KEY}\n{KEY}", f"{KEY} "])
def test_a_variable_without_a_key_is_refused_by_its_name(
    file: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert not file.exists()
    monkeypatch.setenv("FAIRPULSE_BADGE_KEY", text)
    with pytest.raises(InvalidSettings, match=r"^FAIRPULSE_BADGE_KEY: the value ") as refused:
        TerminalSettings.load()
    assert "give a key of at least 32 bytes on one line" in refused.value.hint
    assert KEY[:8] not in str(refused.value)


def test_key_and_file_together_are_refused(file: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"^FAIRPULSE_BADGE_KEY_FILE: FAIRPULSE_BADGE_KEY is given too"):
        TerminalSettings.load(badge_key=KEY, badge_key_file=file)
