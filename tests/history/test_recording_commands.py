"""`fairpulse recording ...`, `record`, `replay`: what they print, what they refuse, and how they end."""

import json
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner

from producers.play.replay import renamed_fair, replayed
from producers.records import record_of
from schemas.console import program
from schemas.errors import InvalidRecording, InvalidSettings
from schemas.fair.file import example_fair_path, load_fair
from schemas.recording.arrival import arrival_of
from schemas.recording.frames import RecordedRecord
from schemas.recording.header import TopicPart
from schemas.recording.inspection import held
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from streams.history.reading import Span
from streams.history.record import span_of
from tests.support import builders

RUSH = Path(__file__).parents[1] / "recordings" / "opening_rush.fairrec"
FAIR = load_fair(example_fair_path("small"))


def run(*arguments: str | Path, code: int = 0, typed: str | None = None) -> str:
    command: Command = program
    result = CliRunner().invoke(command, [str(one) for one in arguments], input=typed, standalone_mode=False)
    assert result.exception is None, result.output
    assert (result.return_value or 0) == code, result.output
    return result.output


def topics_in(recording: Path) -> list[str]:
    said = run("recording", "inspect", recording).splitlines()
    return [line for line in said if line.startswith("topic ")]


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (TopicPart(8, 36, {0: (0, 20), 6: (0, 14)}), "36 records in 2 of 8 partitions"),
        (TopicPart(1, 1, {0: (7, 7)}), "1 record in 1 of 1 partition"),
        (TopicPart(8), "0 records in 0 of 8 partitions"),
        (TopicPart(0, 36, {0: (0, 20), 6: (0, 14)}), "36 records in 2 partitions"),
        (TopicPart(0, 1, {3: (7, 7)}), "1 record in 1 partition"),
    ],
)
def test_inspect_counts_the_records_of_a_topic_and_the_partitions_that_hold_them(part: TopicPart, told: str) -> None:
    assert held(part) == told


def test_inspect_names_fair_topics_types_and_times() -> None:
    said = run("recording", "inspect", RUSH, "--check")
    for part in (
        "small-2025",
        "fair.scans: ",
        "fair.visitor.scanned.v1: ",
        "2025-10-25T06:35:43.080Z",
        "checksums match",
    ):
        assert part in said


def test_inspect_of_a_cut_recording_counts_what_is_there_and_exits_with_1(tmp_path: Path) -> None:
    path = tmp_path / "cut.fairrec"
    path.write_bytes(RUSH.read_bytes()[:-10])
    assert "CUT       at byte" in run("recording", "inspect", path, "--check", code=1)


def test_export_and_import_give_the_same_records(tmp_path: Path) -> None:
    lines, again = tmp_path / "lines.jsonl", tmp_path / "again.fairrec"
    run("recording", "export", RUSH, "--to", lines)
    run("recording", "import", lines, again, "--fair", example_fair_path("small"))
    assert list(Recording(again).records()) == list(Recording(RUSH).records())
    assert topics_in(again) == [line.replace(" of 8", "") for line in topics_in(RUSH)], "lines tell no number of all"
    first = json.loads(lines.read_bytes().splitlines()[0])
    assert first["topic"].startswith("fair.")


def test_an_import_that_stops_at_a_bad_line_may_be_repeated_once_the_line_is_right(tmp_path: Path) -> None:
    lines, path = tmp_path / "lines.jsonl", tmp_path / "again.fairrec"
    run("recording", "export", RUSH, "--to", lines)
    good = lines.read_bytes()
    lines.write_bytes(good + b"no line\n")
    with pytest.raises(InvalidRecording, match="line 721 is not a record"):
        CliRunner().invoke(
            program,
            ["recording", "import", str(lines), str(path), "--fair", str(example_fair_path("small"))],
            standalone_mode=False,
            catch_exceptions=False,
        )
    assert not list(tmp_path.glob("again*"))
    lines.write_bytes(good)
    run("recording", "import", lines, path, "--fair", example_fair_path("small"))


def test_an_import_replaces_no_recording_and_makes_none_of_nothing(tmp_path: Path) -> None:
    lines, path = tmp_path / "lines.jsonl", tmp_path / "day.fairrec"
    run("recording", "export", RUSH, "--to", lines)
    path.write_bytes(RUSH.read_bytes())
    small = example_fair_path("small")

    def refused(*words: str | Path) -> str:
        typed = [str(word) for word in ("recording", "import", *words, "--fair", small)]
        return str(CliRunner().invoke(program, typed, input="", standalone_mode=False).exception)

    assert refused(lines, path) == "day.fairrec exists already; name another file, or overwrite it with --force"
    nothing = "there is no record to import; see how the export ended that wrote the lines"
    assert refused("-", path, "--force") == nothing
    assert refused("-", tmp_path / "new.fairrec") == nothing
    assert path.read_bytes() == RUSH.read_bytes()
    assert not list(tmp_path.glob("*.part"))
    run("recording", "import", lines, path, "--fair", small, "--force")
    assert path.read_bytes() != RUSH.read_bytes()
    assert list(Recording(path).records()) == list(Recording(RUSH).records())


def test_as_a_new_fair_every_event_and_the_fair_file_have_the_new_id_and_nothing_else_changes() -> None:
    fair, content = renamed_fair(Recording(RUSH), "rehearsal-2026")
    assert fair.fair_id == "rehearsal-2026"
    assert b"rehearsal-2026" in content
    before = list(replayed(Recording(RUSH)))
    after = list(replayed(Recording(RUSH), new_fair="rehearsal-2026"))
    changed = 0
    for old, new in zip(before, after, strict=True):
        assert old.value is not None
        assert new.value == old.value.replace(b'"fair_id":"small-2025"', b'"fair_id":"rehearsal-2026"')
        changed += new.value != old.value
        assert old._replace(value=None) == new._replace(value=None)
    assert changed > len(before) * 0.9


def test_as_a_new_fair_the_address_of_a_terminal_moves_with_its_events(tmp_path: Path) -> None:
    kept = (("ce_id", b"A-1"), ("ce_subject", b"/fairs/small-2025/"), ("ce_none", None))
    moved = {
        b"/fairs/small-2025/gates/n/terminals/t": b"/fairs/new/gates/n/terminals/t",
        b"/else": b"/else",
        None: None,
    }
    path = tmp_path / "with.fairrec"
    with RecordingWriter(path, "small-2025", {}) as writer:
        for at, source in enumerate(moved):
            writer.write(RecordedRecord("fair.scans", 0, at, 0, b"k", b"{}", (*kept, ("ce_source", source))))
    for new_fair, sources in ((None, moved.keys()), ("new", moved.values())):
        found = [one.headers for one in replayed(Recording(path), new_fair=new_fair)]
        assert found == [(*kept, ("ce_source", source)) for source in sources]


def test_an_id_that_no_fair_can_have_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="--as-new-fair"):
        renamed_fair(Recording(RUSH), "not an id")


def test_records_come_at_the_time_they_were_received_and_one_that_is_not_an_event_with_the_one_before() -> None:
    stream = list(replayed(Recording(RUSH)))
    at_ms = 0
    for one in stream:
        at_ms = arrival_of(one.value).ms or at_ms
        assert one.at_ms == at_ms
    assert {one.kind for one in stream} >= {"fair.visitor.scanned.v1", "fair.exhibit.interaction.v1"}
    assert [one.number for one in replayed(Recording(RUSH), skip=700)] == list(range(700, 720))


@pytest.mark.parametrize(
    ("since", "until", "span"),
    [
        ("beginning", "end", Span(since_ms=0)),
        ("now", None, Span(since_ms=None, follow=True)),
        ("beginning", None, Span(since_ms=0, follow=True)),
        (
            "2025-10-25T09:00",
            "2025-10-25T10:00:00Z",
            Span(since_ms=1_761_375_600_000, until_ms=1_761_386_400_000, follow=True),
        ),
    ],
)
def test_options_name_a_span_in_the_venue_s_time(since: str, until: str | None, span: Span) -> None:
    assert span_of(since, until, FAIR) == span


@pytest.mark.parametrize(("since", "until", "option"), [("soon", None, "--from"), ("now", "later", "--until")])
def test_a_text_that_is_not_a_time_is_refused_with_the_option_s_name(
    since: str, until: str | None, option: str
) -> None:
    with pytest.raises(InvalidSettings, match=option):
        span_of(since, until, FAIR)


def test_record_does_not_write_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "there.fairrec"
    path.touch()
    with pytest.raises(InvalidSettings, match="exists already"):
        CliRunner().invoke(program, ["record", str(path)], standalone_mode=False, catch_exceptions=False)


@pytest.mark.parametrize("command", ["record", "replay", "recording", "audit", "rebuild", "dead-letters"])
def test_every_command_has_help(command: str) -> None:
    assert "Usage:" in run(command, "--help")


EVENT = record_of(builders.scan("ada"))


@pytest.mark.parametrize(
    ("key", "value", "sent"),
    [
        (EVENT.key, EVENT.value, EVENT.key),
        (None, EVENT.value, EVENT.key),
        (b"another", EVENT.value, EVENT.key),
        (b"another", b"{", b"another"),
        (None, b"{", None),
        (None, None, None),
    ],
)
def test_a_replay_sends_an_event_under_its_own_key_and_any_other_record_under_that_of_the_record(
    tmp_path: Path, key: bytes | None, value: bytes | None, sent: bytes | None
) -> None:
    path = tmp_path / "keys.fairrec"
    with RecordingWriter(path, "small-2025", {}) as writer:
        writer.write(RecordedRecord("fair.scans", 0, 0, 0, key, value))
    assert [(one.key, one.value) for one in replayed(Recording(path))] == [(sent, value)]
    assert Recording(path).header.partitions == {"fair.scans": 0}, "the number of partitions is not known"
