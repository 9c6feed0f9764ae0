"""Every text of the repository is plain English: each sentence is short, and is read once."""

import subprocess
from pathlib import Path

import pytest

from tests.support.prose import MOST_WORDS, RIDDLES, Riddle, complaints, line_of, sentences
from tests.support.prose_of import of

ROOT = Path(__file__).parents[2]
FILES = [
    path
    for path in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / path).is_file()
]
QUOTES_RIDDLES = {"tests/support/prose.py", "tests/docs/test_plain_english.py"}
"""These two show how not to write."""
ALLOWED: dict[str, str] = {}
"""Sentences that are right as they are, each with its reason."""
LONG = "word " * MOST_WORDS + "more"
RIDDLE = "A retry is no new event."


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_in_plain_english(path: str) -> None:
    if path in QUOTES_RIDDLES:
        return
    found = [
        f"{path}:{line + line_of(sentence, text)}: {sentence}\n    {remedy}"
        for line, text in of(ROOT / path)
        for sentence, remedy in complaints(text)
        if sentence not in ALLOWED
    ]
    assert not found, "a reader has to read these twice:\n" + "\n".join(found)


@pytest.mark.parametrize("riddle", RIDDLES, ids=lambda riddle: riddle.name)
def test_a_riddle_is_found_and_its_plain_neighbour_is_not(riddle: Riddle) -> None:
    remedy = f"{riddle.name}: write {riddle.instead}"
    assert list(complaints(riddle.wrong)) == [(sentence, remedy) for sentence in sentences(riddle.wrong)]
    assert not list(complaints(riddle.right))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (
            "What was refused is listed and shown, and then sent again.",
            "What was refused, and why, and what is to be done?",
        ),
        ("What a worker shows after a day is what the audit must show.", "What a panel shows."),
    ],
)
def test_what_begins_a_question_or_a_heading_but_no_sentence(wrong: str, right: str) -> None:
    assert len(list(complaints(wrong))) == 1
    assert not list(complaints(right))


@pytest.mark.parametrize(
    "right",
    [
        LONG.removesuffix(" more"),
        f"{LONG[:60]}: {LONG[60:]}",
        f"It calls `{LONG}`.",
        f"Use it so:\n\n    {LONG}",
        f"```\n{LONG}\n```",
        "\n".join(f"* {part}" for part in (LONG[:60], LONG[60:])),
        f"| {LONG[:60]} | {LONG[60:]} |",
    ],
)
def test_a_sentence_is_too_long_by_its_own_words_alone(right: str) -> None:
    assert [remedy[:8] for _, remedy in complaints(LONG)] == ["31 words"]
    assert not list(complaints(right))


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("module.py", f'"""{RIDDLE}"""\n', 1),
        ("module.py", f'def f() -> None:\n    """Return it.\n\n    It is fine. {RIDDLE}\n    """\n', 4),
        ("module.py", f"\n# {RIDDLE}\n", 2),
        ("module.py", "x = 1  # A retry\ny = 2\n# is the first.\n# A retry is\n# no new event.\n", 4),
        ("module.py", f'say("One.\\n\\n\\nTwo. {RIDDLE}")\n', 1),
        ("module.py", f'raise ValueError("{RIDDLE}")\n', 1),
        ("module.py", 'log.info(f"A retry of {event} is no new event.")\n', 1),
        ("page.md", f"# Title\n\n```\nmake test\n```\n\n* One item.\n* {RIDDLE}\n", 8),
        ("page.html", f"<main>\n<p>{RIDDLE}</p></main>\n", 2),
        ("page.html", f'<button\ntitle="{RIDDLE}">OK</button>\n', 2),
        ("page.html", f"<script>\nsay(`{RIDDLE}`)\n</script>\n", 2),
        ("page.js", f'const a = 1\nsay("{RIDDLE}")\n', 2),
        ("page.js", f"const a = 1\n\n// {RIDDLE}\n", 3),
        ("board.json", f'{{"panels": [\n{{"description": "{RIDDLE}"}}]}}', 2),
        ("board.json", f'{{"panels": [\n{{"fieldConfig": {{"defaults": {{"noValue": "{RIDDLE}"}}}}}}]}}', 2),
        ("story.json", f'{{"story": "One.\\n\\nTwo.\\n\\n{RIDDLE}"}}', 1),
        ("alerts.yml", f"groups:\n- annotations:\n    summary: '{RIDDLE}'\n", 3),
        ("compose.yaml", f"services: # {RIDDLE}\n", 1),
        ("pyproject.toml", f'[tool]\nname = "{RIDDLE}"\n', 2),
        ("Makefile", f'help: ## list\n\t@echo "{RIDDLE}"\n', 2),
        ("Makefile", f"help: ## {RIDDLE}\n", 1),
        ("Dockerfile", f"# {RIDDLE}\nFROM scratch\n", 1),
        ("start.sh", f"set -e\n# {RIDDLE}\n", 2),
        ("start.sh", "set -e\n  # A retry is\n  # no new event.\n", 2),
    ],
)
def test_prose_is_found_wherever_it_stands(name: str, content: str, line: int, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    found = [
        (at + line_of(sentence, text), remedy)
        for at, text in of(tmp_path / name)
        for sentence, remedy in complaints(text)
    ]
    assert [(at, remedy.partition(":")[0]) for at, remedy in found] == [(line, "is no")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("module.py", f'query = "SELECT {LONG}"\n'),
        ("module.py", f"x = 1  # noqa: {LONG}\n"),
        ("board.json", f'{{"expr": "{LONG}"}}'),
        ("page.md", f"```\n{LONG}\n```\n"),
        ("packages.lock", LONG),
    ],
)
def test_a_text_for_a_program_is_not_prose(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert not [text for _, text in of(tmp_path / name) for _ in complaints(text)]


def test_everything_allowed_is_still_written_somewhere() -> None:
    written = {one for path in FILES for _, text in of(ROOT / path) for one in sentences(text)} if ALLOWED else set()
    assert set(ALLOWED) <= written
