"""Checks of pages, one for each thing that may be wrong; each yields the line and what to put right there."""

import ast
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from urllib.parse import unquote

from dashboards.alerts import ALERTS
from dashboards.boards import ALL_BOARDS
from dashboards.figures import HOMES, figures_in
from dashboards.rules import RULES
from schemas.environment import known_names
from schemas.events import type_of
from schemas.topics import ALL_TOPICS, EVENT_CLASSES
from streams.kpis.catalogue import ALL_KPIS
from tests.campaign.plan import FAULTS
from tests.support.page_commands import all_options, faults_of
from tests.support.pages import ROOT, Found, Page, all_pages, simple_commands, tracked

Complaints = Iterator[tuple[int, str]]
SHELL = {"", "sh", "bash", "console"}
"""Languages of blocks that name commands; ```text and ```json do not."""
LONG = 60
"""Lines from which a page with three headings or more wants contents at its top."""
WITHOUT_CONTENTS = re.compile(r"^(README\.md|dashboards/runbooks/(?!README)|dashboards/generated/|LICENSE|NOTICE)")
"""The first page, runbooks that all have the same headings, and pages that are written."""
CODE = (".py", ".yml", ".yaml", ".toml", ".sh", ".js", ".html", ".css", ".properties", "Makefile", "Dockerfile", "/run")
KINDS_OF_FILE = r"py|md|yml|yaml|toml|sh|lock|in|sha256|properties|sql"


@cache
def words_of_code() -> frozenset[str]:
    """Return every word with an underscore or with two capitals that stands in a file of code."""
    found: set[str] = set()
    for name in tracked():
        if name.endswith(CODE) and not name.startswith(("tests/docs/", "tests/kpis/cases/")):
            text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
            found.update(re.findall(r"[A-Za-z][A-Za-z0-9_]*", text))
    found.update(kpi.name for kpi in ALL_KPIS)
    found.update(FAULTS)
    found.update(one.name for home in HOMES if home.exists() for one in figures_in(home.read_text(encoding="utf-8")))
    return frozenset(found)


@cache
def metrics() -> frozenset[str]:
    """Return the names of metrics that are put together of parts; the others are words of the code."""
    return frozenset({*(kpi.metric for kpi in ALL_KPIS), *RULES})


def pieces(page: Page) -> Iterator[Found]:
    """Yield the code of a page: inline, and the blocks of commands."""
    yield from page.spans
    yield from (one for one in page.blocks if one.language in SHELL)


def links_lead_nowhere(page: Page) -> Complaints:
    """Find links and images whose file or heading is not there."""
    for link in page.links:
        target, _, anchor = link.target.partition("#")
        if re.match(r"^[a-z]+:", target):
            continue
        path = (page.folder / unquote(target)).resolve()
        if target and not path.exists():
            yield link.line, f"there is no file {target}"
        elif not path.is_relative_to(ROOT):
            yield link.line, f"{target} is outside of the repository"
        elif anchor and (not target or path.suffix == ".md"):
            there = page if not target else Page(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
            if anchor not in {name for _, name, _ in there.headings}:
                yield link.line, f"{target or 'this page'} has no heading #{anchor}"
        if link.image and not link.text:
            yield link.line, f"say in words what the image {target} shows"


def contents_are_not_the_headings(page: Page) -> Complaints:
    """Find contents that differ from the headings of the second level, and long pages without any."""
    second = [(anchor, line) for level, anchor, line in page.headings if level == 2]
    if not second:
        return
    listed = [link for link in page.links if link.target.startswith("#") and link.line < second[0][1]]
    wanted = [anchor for anchor, _ in second]
    given = [link.target[1:] for link in listed]
    if listed and given != wanted:
        missing = [one for one in wanted if one not in given]
        extra = [one for one in given if one not in wanted]
        what = f"missing {', '.join(missing) or 'none'}, too many {', '.join(extra) or 'none'}"
        yield listed[0].line, f"the contents are not the headings in their order: {what}"
    long = len(page.text.splitlines()) > LONG and len(second) >= 3
    if long and not listed and not WITHOUT_CONTENTS.match(page.path):
        yield 1, "write contents below the first sentence: a link to every heading, in order"


def commands_do_not_exist(page: Page) -> Complaints:
    """Find commands, options, targets, variables, scripts and services that are not there."""
    for piece in pieces(page):
        offset = 0
        block = "\n" in piece.text
        text = re.sub(r"^\$ ", "", piece.text, flags=re.MULTILINE) if block else piece.text
        for words in simple_commands(text):
            for fault in faults_of(words):
                offset = next(
                    (at for at, line in enumerate(text.splitlines()) if words[0] in line and words[-1][:20] in line), 0
                )
                yield piece.line + (offset if block else 0), fault
        if not block and re.fullmatch(r"--[a-z][a-z0-9-]*(?:[ =].*)?", text):
            option = re.split(r"[ =]", text)[0]
            if option not in all_options():
                yield piece.line, f"no command has the option {option}"


def variables_do_not_exist(page: Page) -> Complaints:
    """Find settings that no class has, and other variables that no file reads."""
    known = known_names()
    for number, line in enumerate(page.text.splitlines(), 1):
        for name in re.findall(r"FAIRPULSE_[A-Z][A-Z0-9_]*", line):
            if name not in known:
                yield number, f"there is no setting {name}"
    for span in page.spans:
        is_other = re.fullmatch(r"(?!FAIRPULSE_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", span.text)
        if is_other and span.text not in words_of_code():
            yield span.line, f"no file knows the variable {span.text}"


def paths_do_not_exist(page: Page) -> Complaints:
    """Find paths in the repository, and names of its files, that are not there."""
    tops = {name.split("/")[0] for name in tracked() if "/" in name}
    names = {name.rpartition("/")[2] for name in tracked()}
    for span in page.spans:
        for word in span.text.split():
            path = word.strip("(),;:").split("::")[0].rstrip(".")
            if re.search(r"[<>*{}$]", path) or "//" in path:
                continue
            if path.split("/")[0] in tops and "/" in path:
                if not (ROOT / path).exists() and not (page.folder / path).exists():
                    yield span.line, f"there is no {path} in the repository"
            elif re.fullmatch(rf"[\w-][\w.-]*\.(?:{KINDS_OF_FILE})", path) and path not in names | ELSEWHERE:
                yield span.line, f"no file of the repository is called {path}"


ELSEWHERE = {"fair.yaml", "kafka-acls.sh"}
"""Files of the reader, and of Kafka."""


def names_do_not_exist(page: Page) -> Complaints:
    """Find metrics, KPIs, topics, event types, boards, alerts and other names of the code that are not there."""
    topics = {topic.name for topic in ALL_TOPICS} | {type_of(kind) for kind in EVENT_CLASSES}
    boards = {board.uid for board in ALL_BOARDS}
    for piece in pieces(page):
        for at, line in enumerate(piece.text.splitlines()):
            number = piece.line + at
            for name in re.findall(r"(?<![\w.-])fair(?:pulse)?[_:][a-z0-9_]+\b(?!\.[a-z])", line):
                bare = re.sub(r"_(?:bucket|count|sum|total)$", "", name)
                if not {name, bare} & (metrics() | words_of_code()):
                    yield number, f"there is no metric {name}"
            for name in re.findall(r"(?<![\w./-])fair\.[a-z]+(?:-[a-z]+)*(?:\.[a-z0-9_]+)*", line):
                if name not in topics and not re.search(r"\.(?:yaml|om|md|json|fairrec|part)$", name):
                    yield number, f"there is no topic or kind of event {name}"
            for name in re.findall(r"/d/([a-z-]+)", line) + re.findall(r"(?:^|\s)(fair-[a-z]+)(?=\?|$)", line):
                if name not in boards and name not in words_of_code():
                    yield number, f"there is no board {name}"
            for name in re.findall(r"[?&]name=(\w+)", line):
                if name not in {kpi.name for kpi in ALL_KPIS}:
                    yield number, f"there is no KPI {name}"
    for span in page.spans:
        if re.fullmatch(r"(?!fair_)[a-z]+(?:_[a-z0-9]+)+", span.text) and span.text not in words_of_code():
            yield span.line, f"no file knows the name {span.text}"


LANGUAGES = {"TypeScript"}
"""Languages that are written as an alert is, and in which nothing of the repository is written."""


def alerts_do_not_exist(page: Page) -> Complaints:
    """Find names written LikeThis that are neither an alert nor a word of the code."""
    of_kpis = {f"{kpi.name.title().replace('_', '')}Above" for kpi in ALL_KPIS}
    known = words_of_code() | of_kpis | LANGUAGES | {alert.name for alert in ALERTS}
    for one in page.prose:
        for name in re.findall(r"(?<![\w/.#-])[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", one.text):
            if name not in known:
                yield one.line, f"there is no alert {name}"


def boards_do_not_exist(page: Page) -> Complaints:
    """Find titles of boards, written in italics or bold after the word board, that no board has."""
    titles = {board.title for board in ALL_BOARDS}
    for one in page.prose:
        for title in re.findall(r"\b[Bb]oards? \*{1,2}([^*]+)\*{1,2}", one.text):
            if title not in titles:
                yield one.line, f"there is no board {title}"


def figures_are_bare(page: Page) -> Complaints:
    """Find rows of a table of figures without a date or without a command that prints them."""
    for head, lines in page.tables:
        if "figure" not in head:
            continue
        for line, cells in lines:
            row = dict(zip(head, cells, strict=False))
            try:
                date.fromisoformat(row.get("date", ""))
            except ValueError:
                yield line, f"the figure {cells[0]} wants a date in a column of its own, as 2026-11-29"
            command = row.get("command", "").strip("`")
            if not re.match(r"(?:[A-Z_]+=\S+ )*(?:make|fairpulse|python|pytest|\.venv/bin/\w+) ?", command):
                yield line, f"the figure {cells[0]} wants the command that prints it in a column of its own"


@cache
def measured() -> dict[str, str]:
    """Return the measured amounts that cannot be taken for anything else, each with the name of its figure."""
    found = {}
    for home in HOMES:
        for one in figures_in(home.read_text(encoding="utf-8")):
            for amount in re.findall(r"[0-9][0-9.,]* (?:events/s|requests/s|records/s|bytes)", one.value):
                found[amount] = one.name
    return found


def figures_are_repeated(page: Page) -> Complaints:
    """Find measured amounts outside of the tables of figures: they would stay when the figure is measured again."""
    if ROOT / page.path in HOMES:
        return
    for number, line in enumerate(page.own_text.splitlines(), 1):
        for amount, name in measured().items():
            if re.search(rf"(?<![0-9.,]){re.escape(amount)}(?![a-z])", line):
                yield number, f"{amount} is the figure {name}; take it from there, with a block of figures or a link"


def python_is_wrong(page: Page) -> Complaints:
    """Find blocks of Python that do not compile."""
    for block in page.blocks:
        if block.language == "python" and ">>>" not in block.text:
            try:
                ast.parse(block.text)
            except SyntaxError as error:
                yield block.line + (error.lineno or 1) - 1, f"this is not Python: {error.msg}"


CHECKS: tuple[Callable[[Page], Complaints], ...] = (
    links_lead_nowhere,
    contents_are_not_the_headings,
    commands_do_not_exist,
    variables_do_not_exist,
    paths_do_not_exist,
    names_do_not_exist,
    alerts_do_not_exist,
    boards_do_not_exist,
    figures_are_bare,
    figures_are_repeated,
    python_is_wrong,
)


def complaints_of(page: Page) -> list[str]:
    """Return all complaints about a page, by line."""
    found = sorted({(line, what) for check in CHECKS for line, what in check(page)})
    return [f"{page.path}:{line}: {what}" for line, what in found]


if __name__ == "__main__":
    for one in all_pages():
        print(*complaints_of(one), sep="\n", end="\n" if complaints_of(one) else "")
