"""Scores: what was granted less what was taken back, by window, in any order; corrections after closing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import Place, Tables, Woken
from agents.board_windows import BOARD_WINDOWS
from agents.calendar import DAY, HOUR
from agents.rankings import KEPT, Rankings, react, wake_at
from agents.rules import RULES
from schemas.actions import ClockTicked, RuleChanged
from schemas.outcomes import (
    Balances,
    PointsEarned,
    PointsPending,
    PointsReversed,
    Score,
    ScoreChanged,
    Window,
)
from schemas.rules import EarnRate, PointsRule

PLACE = Place(0, 1)
NOTHING = Balances(pending=0, active=0, held=0, debt=0, issued=0, redeemed=0, expired=0, adjusted=0)
LEDGER: dict[str, Any] = {"postings": [], "balances": NOTHING, "lots": []}
Said = PointsPending | PointsEarned | PointsReversed


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("UTC")).timestamp() * 1000)


def tables(*zones: str) -> Tables:
    """Rule "r", of which each version has another zone; no board is closed."""
    found = {table.name: table.initial() for table in (RULES, BOARD_WINDOWS)}
    for version, zone in enumerate(zones or ("UTC",), start=1):
        changed = RuleChanged(
            event_id=f"rule-{version}",
            rule_id="r",
            occurred_at=version,
            version=version,
            effective_at=version,
            changed_by="operator-1",
            rule=PointsRule(
                earn_rates=[EarnRate(currency="GBP", points=1, per_minor=1)], zone=zone
            ),
        )
        for table in (RULES, BOARD_WINDOWS):
            list(table.react(found[table.name], changed, PLACE))
    return found


def tick(found: Tables, text: str) -> None:
    event = ClockTicked(event_id=text, occurred_at=moment(text))
    list(BOARD_WINDOWS.react(found[BOARD_WINDOWS.name], event, PLACE))


def pending(points: int, at: int, version: int = 1) -> PointsPending:
    return PointsPending(
        event_id="p",
        member_id="m",
        occurred_at=at,
        order_id="o",
        rule_id="r",
        rule_version=version,
        points=points,
        counts_at=at,
        **LEDGER,
    )


def earned(points: int, at: int, counts_at: int | None) -> PointsEarned:
    return PointsEarned(
        event_id="e",
        member_id="m",
        occurred_at=at,
        order_id="o",
        rule_id="r",
        rule_version=1,
        points=points,
        counts_at=counts_at,
        **LEDGER,
    )


def reversed_(points: int, at: int, counts_at: int, version: int = 1) -> PointsReversed:
    return PointsReversed(
        event_id="r",
        member_id="m",
        occurred_at=at,
        return_id="b",
        order_id="o",
        rule_id="r",
        rule_version=version,
        points=points,
        from_debt=0,
        uncollected=0,
        counts_at=counts_at,
        **LEDGER,
    )


def lived(events: Iterable[Said], found: Tables | None = None) -> dict[str, Score]:
    """The last score said of each board."""
    state, boards = Rankings(), dict[str, Score]()
    for event in events:
        for said in react(state, event, found or tables()):
            boards |= {score.board: score for score in said.scores}
    return boards


FRIDAY = moment("2011-12-09T12:00")
LATER = moment("2011-12-20T09:00")
BOARDS = ["day:2011-12-09", "week:2011-W49", "month:2011-12", "season:2011-Q4", "all"]
ROWS = [
    ("a grant", [pending(40, FRIDAY)], [(40, FRIDAY)] * 5),
    ("granted at once", [earned(40, FRIDAY, FRIDAY)], [(40, FRIDAY)] * 5),
    ("pending turns active", [pending(40, FRIDAY), earned(40, LATER, None)], [(40, FRIDAY)] * 5),
    ("nothing", [pending(0, FRIDAY)], []),
    (
        "a return lowers the purchase's windows",
        [pending(40, FRIDAY), reversed_(10, LATER, FRIDAY)],
        [(30, LATER)] * 5,
    ),
    (
        "all comes back",
        [pending(40, FRIDAY), reversed_(30, LATER, FRIDAY), reversed_(10, LATER + 1, FRIDAY)],
        [(0, LATER + 1)] * 5,
    ),
    (
        "another day of the month",
        [pending(40, FRIDAY), pending(5, LATER)],
        [(40, FRIDAY), (40, FRIDAY), (45, LATER), (45, LATER), (45, LATER)],
    ),
    (
        "a late purchase",
        [pending(5, LATER), pending(40, FRIDAY)],
        [(40, FRIDAY), (40, FRIDAY), (45, LATER), (45, LATER), (45, LATER)],
    ),
]


@pytest.mark.parametrize(("events", "places"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_scores(events: list[Said], places: list[tuple[int, int]]) -> None:
    """Points and the moment at which they were reached, on the boards of 9 December 2011."""
    boards = lived(events)
    found = [(boards[name].points, boards[name].reached_at) for name in BOARDS if name in boards]
    assert found == places


def test_windows_are_those_of_the_rules_zone() -> None:
    """Half an hour before midnight in London is another day in Tokyo, also for what comes back."""
    found, late = tables("Europe/London", "Asia/Tokyo"), moment("2011-12-31T23:30")
    london = lived([pending(9, late, 1), reversed_(4, late + DAY, late, 1)], found)
    tokyo = lived([pending(9, late, 2), reversed_(4, late + DAY, late, 2)], found)
    assert {name: score.points for name, score in london.items()} == dict.fromkeys(
        ["day:2011-12-31", "week:2011-W52", "month:2011-12", "season:2011-Q4", "all"], 5
    )
    assert {name: score.points for name, score in tokyo.items()} == dict.fromkeys(
        ["day:2012-01-01", "week:2011-W52", "month:2012-01", "season:2012-Q1", "all"], 5
    )


def test_what_comes_after_the_board_closed_is_a_correction() -> None:
    """Each change of a closed board raises the version; boards that are open keep 1."""
    found, state = tables(), Rankings()
    versions = []
    events: list[tuple[str, Said]] = [
        ("2011-12-09T12:00", pending(40, FRIDAY)),
        ("2011-12-10T00:59", pending(1, FRIDAY)),
        ("2011-12-10T01:00", reversed_(5, LATER, FRIDAY)),
        ("2011-12-12T06:00", pending(2, FRIDAY)),
        ("2012-01-04T00:00", reversed_(1, LATER, FRIDAY)),
    ]
    for at, event in events:
        tick(found, at)
        (said,) = react(state, event, found)
        versions.append([score.version for score in said.scores])
    assert versions == [
        [1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1],
        [2, 1, 1, 1, 1],
        [3, 2, 1, 1, 1],
        [4, 3, 2, 2, 1],
    ]


def test_the_first_that_is_ever_heard_of_a_closed_board_is_version_2() -> None:
    """A late member was not on the board when it closed."""
    found = tables()
    tick(found, "2011-12-09T12:00")
    tick(found, "2011-12-11T00:00")
    boards = lived([pending(40, FRIDAY)], found)
    assert [boards[name].version for name in BOARDS] == [2, 1, 1, 1, 1]


HOURS = st.integers(0, 500 * 24)
GRANTS = st.lists(
    st.tuples(HOURS, st.integers(1, 500), st.integers(1, 2), st.integers(0, 500)),
    min_size=1,
    max_size=12,
)


@given(GRANTS, st.randoms(use_true_random=False))
def test_boards_are_grants_less_reversals_in_any_order(
    grants: list[tuple[int, int, int, int]], random: Any
) -> None:
    """Whatever the order across purchases: the same scores, reached at the same moment, once summed."""
    found = tables("Europe/London", "America/New_York")
    streams: list[list[Said]] = []
    sums: dict[str, int] = defaultdict(int)
    for hour, points, version, back in grants:
        at = FRIDAY + hour * HOUR
        said: list[Said] = [pending(points, at, version)]
        taken = min(points, back)
        if taken:
            said.append(reversed_(taken, at + DAY, at, version))
        streams.append(said)
        for name in named(at, ("Europe/London", "America/New_York")[version - 1]):
            sums[name] += points - taken
    in_order = lived(sorted((e for s in streams for e in s), key=lambda e: e.occurred_at), found)
    mixed = lived(interleaved(streams, random), found)
    assert mixed == in_order
    assert {name: score.points for name, score in mixed.items()} == dict(sums)


def named(at: int, zone: str) -> list[str]:
    """The boards of a moment, by the platform's own calendar."""
    on = datetime.fromtimestamp(at / 1000, ZoneInfo(zone))
    season = f"season:{on.year}-Q{(on.month + 2) // 3}"
    return [f"day:{on:%Y-%m-%d}", f"week:{on:%G-W%V}", f"month:{on:%Y-%m}", season, "all"]


def interleaved(streams: list[list[Said]], random: Any) -> Iterable[Said]:
    """The events of several purchases, each purchase's in their order, mixed at random."""
    left = [list(stream) for stream in streams]
    while left:
        stream = random.choice(left)
        yield stream.pop(0)
        left = [other for other in left if other]


def test_seasons_are_let_go_and_what_comes_later_counts_for_all_time() -> None:
    """A season is kept for long after its end; the state stays small however long a member lives."""
    state, found = Rankings(), tables()
    list(react(state, pending(40, FRIDAY), found))
    at = wake_at(state)
    assert at == moment("2012-01-01") + KEPT
    assert not list(react(state, Woken(event_id="w", key="m", occurred_at=at), found))
    assert (wake_at(state), len(state.seasons), state.points) == (None, 0, 40)
    (said,) = react(state, pending(5, FRIDAY), found)
    assert [(score.board, score.points) for score in said.scores] == [("all", 45)]
    (said,) = react(state, pending(1, FRIDAY + 300 * DAY), found)
    assert [score.window for score in said.scores] == [
        *[Window.DAY, Window.WEEK, Window.MONTH, Window.SEASON, Window.ALL_TIME]
    ]


def test_ten_years_of_daily_purchases_leave_little() -> None:
    """Woken as the shell does it, before each event: what is kept is bounded."""
    state, found = Rankings(), tables()
    for day in range(3_650):
        at = FRIDAY + day * DAY
        while (due := wake_at(state)) is not None and due <= at:
            list(react(state, Woken(event_id="w", key="m", occurred_at=due), found))
        said: list[ScoreChanged] = list(react(state, pending(1, at), found))
        assert len(said) == 1
    assert len(state.seasons) <= 7
    assert max(len(msgspec.msgpack.encode(season)) for season in state.seasons.values()) < 4_000
