"""Boards close once, in order, whatever becomes of the ticks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import Place
from agents.board_windows import CLOSED_A_TICK, GRACE, NAME, BoardWindows, closed, react
from agents.calendar import CLOSING, DAY, HOUR, boards_at, ends_at, name_of, number_of
from schemas.actions import ClockTicked, RuleChanged
from schemas.outcomes import BoardPartitionClosed, Window
from schemas.rules import EarnRate, PointsRule
from schemas.samples import sample

PLACE = Place(2, 12)
NOON = 1_323_432_000_000  # 2011-12-09T12:00Z, a Friday
RATES = [EarnRate(currency="GBP", points=1, per_minor=100)]


def moment(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def tick(at: int) -> ClockTicked:
    return ClockTicked(event_id=f"tick-{at}", occurred_at=at)


def rule(zone: str) -> RuleChanged:
    changed: RuleChanged = sample(RuleChanged)
    return RuleChanged(
        event_id="rule",
        rule_id="purchases",
        occurred_at=0,
        version=1,
        effective_at=0,
        changed_by=changed.changed_by,
        rule=PointsRule(earn_rates=RATES, zone=zone),
    )


def hear(state: BoardWindows, ticks: Iterable[int]) -> list[BoardPartitionClosed]:
    return [said for at in ticks for said in react(state, tick(at), PLACE)]


# zone, first tick, next tick → boards closed by the next tick
ROWS = [
    ("UTC", "2011-12-09T12:00", "2011-12-10T00:59", []),
    ("UTC", "2011-12-09T12:00", "2011-12-10T01:00", ["day:2011-12-09"]),
    ("Europe/London", "2011-06-09T12:00", "2011-06-10T00:00", ["day:2011-06-09"]),
    ("America/New_York", "2011-12-09T12:00", "2011-12-10T05:59", []),
    ("America/New_York", "2011-12-09T12:00", "2011-12-10T06:00", ["day:2011-12-09"]),
    ("Nowhere/At_All", "2011-12-09T12:00", "2011-12-10T01:00", ["day:2011-12-09"]),
    ("UTC", "2011-12-11T12:00", "2011-12-12T06:00", ["day:2011-12-11", "week:2011-W49"]),
    (
        "UTC",
        "2011-12-30T12:00",
        "2012-01-02T05:59",
        ["day:2011-12-30", "day:2011-12-31", "day:2012-01-01", "month:2011-12"],
    ),
    (
        "UTC",
        "2011-12-31T12:00",
        "2012-01-04T00:00",
        [
            *["day:2011-12-31", "day:2012-01-01", "day:2012-01-02"],
            *["week:2011-W52", "month:2011-12", "season:2011-Q4"],
        ],
    ),
]


@pytest.mark.parametrize(("zone", "first", "second", "boards"), ROWS)
def test_what_a_tick_closes(zone: str, first: str, second: str, boards: list[str]) -> None:
    """A board closes when its window and its grace are over in the rule's zone."""
    state = BoardWindows()
    assert not list(react(state, rule(zone), PLACE))
    assert not hear(state, [moment(first)])
    said = hear(state, [moment(second)])
    assert [closing.board for closing in said] == boards
    assert {(closing.partition, closing.partitions) for closing in said} <= {(2, 12)}


def test_with_two_zones_a_day_is_over_when_it_is_over_in_both() -> None:
    """The last zone decides; one that comes later moves only what is still open."""
    state = BoardWindows()
    list(react(state, rule("Europe/London"), PLACE))
    assert not hear(state, [NOON])
    list(react(state, rule("Asia/Tokyo"), PLACE))
    list(react(state, rule("America/New_York"), PLACE))
    assert not hear(state, [moment("2011-12-10T05:59")])
    (said,) = hear(state, [moment("2011-12-10T06:00")])
    assert (said.board, said.ends_at) == ("day:2011-12-09", moment("2011-12-10T05:00"))


def over_by(first: int, last: int) -> set[str]:
    """Every board from the first tick's on that is over, with its grace, by the last one: day by day."""
    found = set()
    on = datetime.fromtimestamp(first / 1000, UTC).date()
    while on <= datetime.fromtimestamp(last / 1000, UTC).date():
        for group in boards_at(moment(on.isoformat()), "UTC"):
            found |= {
                board.name
                for board in group.boards
                if ends_at(board.window, board.number) + GRACE[board.window] <= last
            }
        on += timedelta(days=1)
    return found


@given(st.lists(st.integers(0, 400 * DAY // HOUR), min_size=2, max_size=60))
def test_ticks_missing_doubled_or_late_change_nothing(hours: list[int]) -> None:
    """The same boards are closed, each once, by any ticks with the same first and last."""
    times = [NOON + hour * HOUR for hour in hours]
    first, last = times[0], max(times)
    state = BoardWindows()
    said = hear(state, [*times, last, last])
    assert max(Counter(closing.board for closing in said).values(), default=1) == 1
    assert {closing.board for closing in said} == over_by(first, last)


def test_a_clock_that_jumps_by_years_is_caught_up_with() -> None:
    """At most so many boards a tick; the following ticks close the rest."""
    state = BoardWindows()
    end = NOON + 10 * 365 * DAY
    rounds = [hear(state, [at]) for at in (NOON, *range(end, end + 24 * HOUR, HOUR))]
    assert [len(said) for said in rounds[:4]] == [0, CLOSED_A_TICK, CLOSED_A_TICK, CLOSED_A_TICK]
    assert not rounds[-1]
    assert {c.board for said in rounds for c in said} == over_by(NOON, end + 23 * HOUR)


def test_closed_is_what_was_said_and_nothing_else() -> None:
    """A board from before the first tick is never closed, nor is one that is still open."""
    state = BoardWindows()
    tables = {NAME: state}
    boards = [board for group in boards_at(NOON, "UTC") for board in group.boards]
    assert not any(closed(tables, board) for board in boards)
    hear(state, [NOON])
    assert not any(closed(tables, board) for board in boards)
    hear(state, [NOON + 2 * DAY])
    before = [board for group in boards_at(NOON - DAY, "UTC") for board in group.boards]
    assert [closed(tables, board) for board in boards] == [True, False, False, False]
    assert not any(closed(tables, board) for board in before)


@given(st.dates(date(1971, 1, 1), date(2200, 1, 1)), st.sampled_from(CLOSING))
def test_windows_follow_one_another_without_gaps(day: date, window: Window) -> None:
    """Each day lies in the window of its number, and the last day of it is before the next begins."""
    number = number_of(window, day.toordinal())
    assert ends_at(window, number - 1) <= moment(day.isoformat()) < ends_at(window, number)
    assert name_of(window, number) != name_of(window, number + 1)


@given(
    st.integers(moment("1972-01-01"), moment("2100-01-01")),
    st.sampled_from(["UTC", "Europe/London", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"]),
)
def test_the_day_of_a_moment_is_the_day_on_its_wall(at: int, zone: str) -> None:
    """Also in zones whose offset is no whole hour, and where a day was left out."""
    on = datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).date()
    names = [board.name for group in boards_at(at, zone) for board in group.boards]
    assert f"day:{on.isoformat()}" in names
    assert f"month:{on:%Y-%m}" in names
