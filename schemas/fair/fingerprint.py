"""The fingerprint of a fair file: two programs that read the same file have the same one."""

from hashlib import sha256


def file_fingerprint(text: str) -> str:
    """Return 16 hex digits for the text of a fair file.

    They cover every character, comments too. A part of the file could be forgotten here; the whole cannot. A byte
    order mark is not part of the text.
    """
    return sha256(text.encode()).hexdigest()[:16]
