"""A member's scores: points earned, pending included, net of returns, on the boards of the purchase.

Spending, expiry, holds and adjustments do not count. A grant counts to the windows of its purchase in
the zone of the rule version that granted it, and a return lowers the very same ones. A score was
reached at the latest of the moments that made it, so that neither score nor place depends on the order
in which a member's events came. What a verdict stops does not count; but its purchases and returns still
make those moments, and verdicts make none: when it is released the member is back at the same place.

Who is blocked is hidden from all boards (`blocks.py`), and the scores go on.

The scores of a season's windows lie in one entry, which is let go `KEPT` after the season's end: no
action is taken that is older, and no order open so long. What would come yet counts for all time only.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, StateMap, Tables, Woken, board_windows, rules
from agents.blocks import Blocks
from agents.calendar import ALL_TIME, DAY, SeasonBoards, boards_at, ends_at
from agents.cases import NEVER
from schemas.outcomes import (
    JudgedOutcome,
    MemberHidden,
    MemberShown,
    PointsEarned,
    PointsForfeited,
    PointsPending,
    PointsReleased,
    PointsReversed,
    PointsWithheld,
    Score,
    ScoreChanged,
    Window,
)
from schemas.record import Event, Outcome
from schemas.risk import AlertClosed, FraudScored

KEPT = 430 * DAY


class Standing(Struct, frozen=True, array_like=True):
    """A score, when it was reached, and its version: 1 until the board is closed."""

    points: int = 0
    reached_at: int = 0
    version: int = 1


class Season(Struct, frozen=True, array_like=True):
    """Standings by board: the season's days, weeks and months, and its own."""

    standings: dict[str, Standing]


class Rankings(Struct):
    """The all-time score; seasons by number, those held in order, and the last one let go; blocks."""

    points: int = 0
    reached_at: int = 0
    held: list[int] = field(default_factory=list)
    let_go: int = 0
    blocks: Blocks = field(default_factory=Blocks)
    seasons: StateMap[Season] = field(default_factory=StateMap)


Judged = PointsWithheld | PointsReleased | PointsForfeited
Heard = PointsPending | PointsEarned | PointsReversed | Judged | FraudScored | AlertClosed | Woken


def react(
    state: Rankings, event: Heard, tables: Tables
) -> Iterator[ScoreChanged | MemberHidden | MemberShown]:
    """A grant raises, a reversal lowers; points that were pending before have counted already."""
    match event:
        case PointsPending() | PointsEarned():
            if event.points and event.counts_at is not None:
                at = event.occurred_at
                yield _change(state, event, event.points, event.counts_at, at, tables)
        case PointsReversed():
            if event.points:
                points, at = -event.points * event.counted, event.occurred_at
                yield _change(state, event, points, event.counts_at, at, tables)
        case PointsWithheld() | PointsReleased() | PointsForfeited():
            if event.score_change:
                yield _change(state, event, event.score_change, event.counts_at, 0, tables)
        case FraudScored():
            yield from state.blocks.begin(event)
        case AlertClosed():
            yield from state.blocks.end(event)
        case Woken():
            _let_go(state, event.occurred_at)
            yield from state.blocks.lapse(event.key, event.occurred_at)
        case _:
            assert_never(event)


def _change(
    state: Rankings,
    event: PointsPending | PointsEarned | PointsReversed | JudgedOutcome,
    points: int,
    counts_at: int,
    at: int,
    tables: Tables,
) -> ScoreChanged:
    """`at`: the moment that makes the score, if it makes one."""
    zone = rules.zone_of(tables, event.rule_id, event.rule_version)
    scores: list[Score] = []
    for group in boards_at(counts_at, zone):
        if group.season > state.let_go:
            _change_season(state, group, points, at, tables, scores)
    state.points += points
    state.reached_at = max(state.reached_at, at)
    scores.append(
        Score(
            board=ALL_TIME,
            window=Window.ALL_TIME,
            points=state.points,
            reached_at=state.reached_at,
        )
    )
    return ScoreChanged(member_id=event.member_id, occurred_at=event.occurred_at, scores=scores)


def _change_season(
    state: Rankings,
    group: SeasonBoards,
    points: int,
    at: int,
    tables: Tables,
    scores: list[Score],
) -> None:
    entry = str(group.season)
    season = state.seasons.get(entry)
    standings = {} if season is None else season.standings.copy()
    if season is None:
        insort(state.held, group.season)
    for board in group.boards:
        before = standings.get(board.name, _NONE)
        after = standings[board.name] = Standing(
            before.points + points,
            max(before.reached_at, at),
            before.version + board_windows.closed(tables, board),
        )
        scores.append(
            Score(
                board=board.name,
                window=board.window,
                points=after.points,
                reached_at=after.reached_at,
                version=after.version,
            )
        )
    state.seasons[entry] = Season(standings)


_NONE = Standing()


def _let_go(state: Rankings, moment: int) -> None:
    while state.held and _let_go_at(state.held[0]) <= moment:
        state.let_go = state.held.pop(0)
        del state.seasons[str(state.let_go)]


def _let_go_at(season: int) -> int:
    return ends_at(Window.SEASON, season) + KEPT


def wake_at(state: Rankings) -> int | None:
    """When the oldest season held is let go, or the first block lapses."""
    season = _let_go_at(state.held[0]) if state.held else NEVER
    due = min(season, state.blocks.due())
    return due if due < NEVER else None


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {
        PointsPending,
        PointsEarned,
        PointsReversed,
        PointsWithheld,
        PointsReleased,
        PointsForfeited,
        FraudScored,
        AlertClosed,
    }
)
RANKINGS: Agent[Any] = Agent("rankings", Rankings, HEARS, react, wake_at)
