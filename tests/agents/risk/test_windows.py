"""Windows over event time: exact whatever the order, bounded whatever the number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.risk.windows import (
    DAY,
    HOUR,
    KEPT,
    SEEN_MOST,
    WINDOWS,
    Window,
    distinct,
    keep,
    see,
    tallies,
    tally,
)

START = 1_522_540_800_000
Things = list[tuple[int, int]]
things = st.lists(
    st.tuples(st.integers(0, 40 * DAY), st.integers(0, 10**6)), min_size=1, max_size=60
)


def kept(happened: Things, most: int = 512) -> Window:
    window = Window()
    for at, amount in happened:
        keep(window, START + at, amount, most)
    return window


def counted(happened: Things, now: int, length: int) -> tuple[int, int]:
    """By definition: all in (now - length, now]."""
    inside = [amount for at, amount in happened if now - length < at <= now]
    return len(inside), sum(inside)


@pytest.mark.parametrize(
    ("happened", "now", "length", "expected"),
    [
        ([], 0, HOUR, (0, 0)),
        ([(0, 5)], 0, HOUR, (1, 5)),  # what happens now is in
        ([(0, 5)], HOUR - 1, HOUR, (1, 5)),
        ([(0, 5)], HOUR, HOUR, (0, 0)),  # a window is open at its early end
        ([(HOUR, 5)], 0, HOUR, (0, 0)),  # what comes later is not in
        ([(HOUR, 5), (0, 7)], HOUR, DAY, (2, 12)),  # out of order
        ([(0, 5), (0, 7)], 0, HOUR, (2, 12)),  # at one moment
    ],
)
def test_rows(happened: Things, now: int, length: int, expected: tuple[int, int]) -> None:
    """(now - length, now], to the millisecond."""
    assert tally(kept(happened), START + now, length) == expected


@given(things, st.integers(0, 40 * DAY))
def test_exact_in_any_order(happened: Things, back: int) -> None:
    """Every window is what its definition says, at the newest moment and at any one back within reach."""
    newest = max(at for at, _ in happened)
    window = kept(happened)
    for now in {newest, max(0, newest - back)}:
        for length in WINDOWS.values():
            if now - length >= newest - KEPT:
                assert tally(window, START + now, length) == counted(happened, now, length)


@given(things, st.integers(0, 45 * DAY))
def test_all_lengths_at_once(happened: Things, now: int) -> None:
    """Asked for all windows together, each is what it is when asked for alone."""
    window = kept(happened)
    alone = [tally(window, START + now, length) for length in WINDOWS.values()]
    assert list(tallies(window, START + now)) == alone


@given(things)
def test_beyond_the_cap_the_oldest_go(happened: Things) -> None:
    """Long windows then say less, never more; what lies among the newest is exact, its amount too."""
    most = 10
    window = kept(sorted(happened), most)
    assert len(window.at) <= most
    newest = max(at for at, _ in happened)
    for length in WINDOWS.values():
        found, true = tally(window, START + newest, length), counted(happened, newest, length)
        assert found.times == min(true[0], most)
        if true[0] <= most:
            assert found.amount == true[1]


def test_what_is_old_goes() -> None:
    """A member of many years keeps thirty days."""
    window = kept([(day * DAY, 1) for day in range(400)])
    assert len(window.at) == 30
    assert tally(window, START + 399 * DAY, 30 * DAY) == (30, 30)


def test_seen_is_bounded_by_the_oldest() -> None:
    """The name that was not seen for longest makes room; one that is seen again stays."""
    seen: dict[str, int] = {}
    for number in range(SEEN_MOST):
        see(seen, f"d{number}", number)
    see(seen, "d0", 100)
    see(seen, "new", 101)
    assert len(seen) == SEEN_MOST
    assert "d0" in seen
    assert "d1" not in seen


def test_distinct_counts_the_window() -> None:
    """A late repeat does not make a thing older than it is."""
    seen: dict[str, int] = {}
    for name, at in (("a", 10), ("b", 20), ("a", 5)):
        see(seen, name, at)
    assert distinct(seen, 20, 10) == 1
    assert distinct(seen, 20, 11) == 2
    assert distinct(seen, 15, 10) == 1
