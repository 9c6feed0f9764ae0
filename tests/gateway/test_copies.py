"""Two machines that send as one terminal are found; restarts and late requests are not taken for them."""

import pytest

from producers.gateway.copies import Copies


def told(*heard: tuple[float, str], copies: Copies | None = None) -> list[float | None]:
    """Return what is told of the other machine at each request of one terminal: a second, and an instance."""
    memory = Copies() if copies is None else copies
    return [memory.heard("t-1", instance, second) for second, instance in heard]


BEFORE = [(0, "a"), (1, "b"), (2, "a"), (3, "b"), (60, "a"), (60, "b")]
"""Two machines at work, for less than a minute after the first word of the second one."""

STORIES: dict[str, tuple[list[tuple[float, str]], list[float | None]]] = {
    "one machine": ([(0, "a"), (5, "a"), (500, "a")], [None, None, None]),
    "a restart": ([(0, "a"), (100, "a"), (130, "b"), (900, "b")], [None] * 4),
    "a restart, and a request that was under way": (
        [(0, "a"), (100, "b"), (159, "a"), (160, "b"), (900, "b")], [None] * 5
    ),
    "a gateway that hears the request that was under way first": ([(100, "b"), (159, "a"), (900, "b")], [None] * 3),
    "many restarts": ([(100 * n, f"i{n // 2}") for n in range(40)], [None] * 40),
    "restarts with late requests": (
        [(0, "a"), (100, "b"), (120, "a"), (200, "c"), (220, "b"), (300, "d"), (320, "c"), (900, "d")], [None] * 8
    ),
    "two machines, at once": ([*BEFORE, (61, "a"), (63, "b"), (64, "b")], [None] * 6 + [1, 2, 3]),
    "two machines, hours apart": ([(0, "a"), (7_200, "b"), (7_300, "b"), (14_400, "a")], [None] * 4),
    "the copy comes back after lunch": (
        [(0, "a"), (7_200, "b"), (7_300, "a"), (7_301, "b")], [None, None, 100, 1]
    ),
    "the copy is switched off": (
        [*BEFORE, (61, "a"), (62, "b"), (662, "a"), (662.5, "a"), (2_000, "a")], [None] * 6 + [1, 1, 600, None, None]
    ),
    "the copy is switched on again": (
        [*BEFORE, (61, "a"), (1_000, "a"), (1_200, "b"), (1_203, "a")], [None] * 6 + [1, None, 200, 3]
    ),
    "one of two is started anew": (
        [*BEFORE, (61, "a"), (100, "c"), (101, "b"), (140, "c"), (161, "b"), (162, "c")],
        [None] * 6 + [1, None, 40, None, 21, 1],
    ),
    "one goes on while the other is started anew four times": (
        [(0, "a"), (10, "b"), (20, "a"), (30, "c"), (40, "a"), (50, "d"), (60, "a"), (70, "e"), (80, "a"), (90, "f"),
         (160, "a"), (161, "f")],
        [None] * 10 + [70, 1],
    ),
    "three machines": (
        [(0, "a"), (1, "b"), (2, "c"), (70, "a"), (71, "b"), (75, "c")], [None, None, None, None, 1, 4]
    ),
}  # fmt: skip
"""By story: who is heard and when, and for each how long ago the other machine was heard. Worked out by hand."""


@pytest.mark.parametrize("story", STORIES)
def test_the_other_machine_is_told_exactly_when_two_are_at_work(story: str) -> None:
    heard, expected = STORIES[story]
    assert told(*heard) == expected


def test_terminals_are_not_taken_for_each_other() -> None:
    copies = Copies()
    for second in range(0, 600, 10):
        assert copies.heard("t-1", "a", second) is None
        assert copies.heard("t-2", "b", second) is None
    assert list(copies.copied(600)) == []


@pytest.mark.parametrize(("second", "names"), [(60, []), (61, ["t-1"]), (661, ["t-1"]), (662, [])])
def test_a_terminal_counts_as_copied_while_both_were_heard_within_ten_minutes(second: float, names: list[str]) -> None:
    copies = Copies()
    told(*(one for one in [*BEFORE, (61, "a"), (61, "b")] if one[0] <= second), copies=copies)
    copies.heard("t-2", "c", 61)
    told((second, "a"), copies=copies)
    assert list(copies.copied(second)) == names


def test_a_gateway_that_was_started_anew_finds_them_again_a_minute_later() -> None:
    assert told((1_000, "b"), (1_005, "a"), (1_010, "b"), (1_064, "a"), (1_065, "b")) == [None] * 4 + [1]


def test_the_memory_is_bounded_in_terminals_and_instances() -> None:
    copies = Copies(most=100)
    for number in range(1_000):
        for instance in range(50):
            copies.heard(f"t-{number}", f"i{instance}", float(number))
    assert len(copies) == 100
    assert all(len(instances) <= 4 for instances in copies._known.values())


def test_the_terminal_that_was_silent_for_longest_is_forgotten_first() -> None:
    copies = Copies(most=2)
    told(*BEFORE, (61, "a"), copies=copies)
    copies.heard("t-2", "c", 61)
    told((62, "a"), copies=copies)
    copies.heard("t-3", "d", 62)
    assert list(copies.copied(63)) == ["t-1"]
