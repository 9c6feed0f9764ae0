"""What pages say can be looked up: links lead somewhere, and commands, settings, paths and names exist."""

import doctest

import pytest

from tests.support.page_checks import complaints_of
from tests.support.pages import Page, all_pages, anchor_of, simple_commands


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.path)
def test_what_a_page_names_is_there(page: Page) -> None:
    assert not (found := complaints_of(page)), "put these right:\n" + "\n".join(found)


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.path)
def test_what_a_python_prompt_of_a_page_answers_is_true(page: Page) -> None:
    for block in page.blocks:
        if block.language == "python" and ">>>" in block.text:
            told: list[str] = []
            example = doctest.DocTestParser().get_doctest(block.text, {}, page.path, page.path, block.line)
            doctest.DocTestRunner(verbose=False).run(example, out=told.append)
            assert not told, "".join(told)


LIES = {
    "a link to a file": ("[x](no-such.md)", "there is no file no-such.md"),
    "an image": ("![x](no-such.png)", "there is no file no-such.png"),
    "an image without words": (
        "![](../dashboards/screenshots/fair-now.png)",
        "say in words what the image ../dashboards/screenshots/fair-now.png shows",
    ),
    "a link to a heading of this page": ("[x](#nowhere)", "this page has no heading #nowhere"),
    "a link to a heading of another page": ("[x](../README.md#nowhere)", "../README.md has no heading #nowhere"),
    "a link out of the repository": ("[x](../../..)", "../../.. is outside of the repository"),
    "contents in another order": (
        "* [Two](#two)\n* [One](#one)\n\n## One\n\n## Two\n",
        "the contents are not the headings in their order: missing none, too many none",
    ),
    "contents that leave a heading out": (
        "* [One](#one)\n\n## One\n\n## Two\n",
        "the contents are not the headings in their order: missing two, too many none",
    ),
    "a long page without contents": (
        "## One\n\n## Two\n\n## Three\n" + "text\n" * 60,
        "write contents below the first sentence: a link to every heading, in order",
    ),
    "a command": ("`fairpulse replayed`", "there is no command fairpulse replayed"),
    "a subcommand": ("`fairpulse terminals enroll`", "fairpulse terminals has no command enroll"),
    "a subcommand without the program": ("`audit --ever 60`", "fairpulse audit has no option --ever"),
    "an option": ("`fairpulse audit --ever 60`", "fairpulse audit has no option --ever"),
    "an option alone": ("`--ever`", "no command has the option --ever"),
    "a choice": ("`fairpulse fair example large`", "fairpulse fair example has no choice large"),
    "the choice of an option": (
        "`fairpulse simulate --scenario late`",
        "fairpulse simulate --scenario has no choice late",
    ),
    "an argument too many": ("`fairpulse worker fair.yaml`", "fairpulse worker takes no argument fair.yaml"),
    "a command in a block": ("```\nfairpulse replayed\n```", "there is no command fairpulse replayed"),
    "a command behind a pipe": ("```sh\ncat x | fairpulse replayed\n```", "there is no command fairpulse replayed"),
    "a command behind a variable": ("```sh\nX=$(fairpulse replayed)\n```", "there is no command fairpulse replayed"),
    "a command after a quotation of two lines": (
        "```sh\ncurl --data '{\n}' x\nfairpulse replayed\n```",
        "there is no command fairpulse replayed",
    ),
    "a board at Grafana": ("`python -m dashboards pull`", "python -m dashboards has no command pull"),
    "a target": ("`make tests`", "there is no target tests in the Makefile"),
    "a variable of a target": ("`make chaos RUN_COUNT=3`", "the Makefile reads no variable RUN_COUNT"),
    "a script": ("`python tests/bench/jog.py`", "there is no script tests/bench/jog.py"),
    "an option of a script": ("`python tests/bench/run.py --slow`", "tests/bench/run.py has no option --slow"),
    "a test": ("`pytest tests/jog`", "there is no test tests/jog"),
    "a name of a test": ("`pytest tests/fold -k never_written`", "no test is named never_written"),
    "a service": ("`docker compose exec gate sh`", "Compose has no service gate"),
    "a command inside a service": (
        "`docker compose exec gateway fairpulse replayed`",
        "there is no command fairpulse replayed",
    ),
    "a file of Compose": ("`docker compose -f compose.yml up`", "Compose has no file compose.yml"),
    "a setting": ("FAIRPULSE_METRIC_PORT", "there is no setting FAIRPULSE_METRIC_PORT"),
    "another variable": ("`WALL_DISPLAYED`", "no file knows the variable WALL_DISPLAYED"),
    "a variable before a command": ("`LIVE_SECONDS=60 make demo`", "no file reads the variable LIVE_SECONDS"),
    "a path": ("`streams/kpis/gate.py`", "there is no streams/kpis/gate.py in the repository"),
    "a file": ("`docker-compose.tls.yml`", "no file of the repository is called docker-compose.tls.yml"),
    "a metric": ("`fair_hall_occupancies`", "there is no metric fair_hall_occupancies"),
    "a recording rule": ("`sum(fair:hall_loads)`", "there is no metric fair:hall_loads"),
    "a topic": ("`fair.scan`", "there is no topic or kind of event fair.scan"),
    "a kind of event": ("`fair.visitor.scanned.v9`", "there is no topic or kind of event fair.visitor.scanned.v9"),
    "a KPI in an address": ("`/kpis?name=visit`", "there is no KPI visit"),
    "a KPI": ("`unique_visits`", "no file knows the name unique_visits"),
    "the address of a board": ("`/d/fair-then`", "there is no board fair-then"),
    "the title of a board": ("the board *Fair then*", "there is no board Fair then"),
    "an alert": ("see GateQuieter", "there is no alert GateQuieter"),
    "a figure without a date": (
        "| figure | value | command |\n|---|---|---|\n| takeover | 9 s | `make bench` |\n",
        "the figure takeover wants a date in a column of its own, as 2026-11-29",
    ),
    "a figure without a command": (
        "| figure | value | date | command |\n|---|---|---|---|\n| takeover | 9 s | 2026-11-24 | by hand |\n",
        "the figure takeover wants the command that prints it in a column of its own",
    ),
    "a figure once more": (
        "A journal has 44 bytes per event.",
        "44 bytes is the figure journal_bytes_per_event; take it from there, with a block of figures or a link",
    ),
    "Python": ("```python\nfor\n```", "this is not Python: invalid syntax"),
}


@pytest.mark.parametrize(("text", "said"), LIES.values(), ids=LIES)
def test_a_lie_of_any_kind_is_found(text: str, said: str) -> None:
    found = complaints_of(Page("tests/made-up.md", f"# Made up\n\n{text}\n"))
    assert said in [one.split(": ", 1)[1] for one in found]


TRUTHS = (
    "144 bytes, and 44 bytesize",
    "[x](../README.md)",
    "* [One](#one)\n* [`two`, and three](#two-and-three)\n\n## One\n\n## `two`, and three\n",
    "`fairpulse`, `fairpulse COMMAND --help`, `fairpulse-worker`, `fairpulse terminals enrol stand-1 --booth h1-a01`",
    "```sh\nuntil curl --silent http://127.0.0.1:9465/readyz; do sleep 0.2; done   # it's up\nfairpulse topics\n```",
    "```console\n$ fairpulse audit day.fairrec > out.txt 2>&1 && make check\n```",
    "```text\nfairpulse replayed\n```",
    "`fair_visits`, `fair_event_lag_seconds_bucket`, `fair:hall_load`, `fair.scans` and `fair.visitor.scanned.v1`",
    "the board *Fair now*, `/d/fair-now?kiosk`, and HallFull",
    "`streams/<room>/x.py`, `tests/kpis/cases/*/x.json`, `docker-compose.yml`",
)


@pytest.mark.parametrize("text", TRUTHS)
def test_what_is_true_is_let_pass(text: str) -> None:
    assert not complaints_of(Page("tests/made-up.md", f"# Made up\n\n{text}\n"))


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("How exact", "how-exact"),
        ("`/metrics`, and what adds up", "metrics-and-what-adds-up"),
        ("[Ports](x.md) of *all*", "ports-of-all"),
        ("A fair's day", "a-fairs-day"),
    ],
)
def test_an_anchor_is_what_github_makes_of_a_heading(heading: str, anchor: str) -> None:
    assert anchor_of(heading) == anchor


def test_a_command_is_read_as_a_shell_reads_it() -> None:
    text = "A=1 x --y 'a b' > out 2>&1 | z && (w; until v; do u; done) # t\nlong \\\n  line\n"
    assert list(simple_commands(text)) == [
        ["A=1", "x", "--y", "a b"], ["z"], ["w"], ["v"], ["u"], ["long", "line"],
    ]  # fmt: skip
