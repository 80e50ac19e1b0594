"""Which boards are closed: a table that every partition keeps for itself, by its own ticks.

Open: the window runs, or ended less than its grace ago; late purchases and returns change the scores.
Closed: window and grace are over by the partition's clock; the partition says so once, and the board
is final when all partitions have. What changes a score later is a correction: the score's `version`
says how many of them there were. The all-time board never closes.

A missing tick only delays a closing, a doubled one is none: each tick closes, in order, all windows
that are over by then, and at most `CLOSED_A_TICK` of them, so that a clock that jumps by years
is caught up with over several ticks. Windows that ended before the first tick are not closed at all.
With rules in several zones a window is over when it is over in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from msgspec import Struct, field

from agents import Place, Table, Tables
from agents.calendar import (
    CLOSING,
    DAY,
    HOUR,
    UTC,
    Board,
    day_of,
    ends_at,
    name_of,
    number_of,
)
from agents.rules import known_zone
from schemas.actions import ClockTicked, RuleChanged
from schemas.outcomes import BoardPartitionClosed, Window

NAME = "board_windows"
GRACE = {
    Window.DAY: HOUR,
    Window.WEEK: 6 * HOUR,
    Window.MONTH: DAY,
    Window.SEASON: 3 * DAY,
}
CLOSED_A_TICK = 500


class BoardWindows(Struct):
    """By kind of window the number of the first that closes at all, and of the next to close."""

    zones: list[str] = field(default_factory=list)
    first: dict[str, int] = field(default_factory=dict)
    next: dict[str, int] = field(default_factory=dict)


def closed(tables: Tables, board: Board) -> bool:
    """True when this partition has closed the board: what changes it now is a correction."""
    state: BoardWindows = tables[NAME]
    following = state.next.get(board.window)
    return following is not None and state.first[board.window] <= board.number < following


def react(
    state: BoardWindows, event: ClockTicked | RuleChanged, place: Place
) -> Iterator[BoardPartitionClosed]:
    """A rule brings its zone, a tick closes what is over."""
    match event:
        case RuleChanged():
            zone = event.rule.zone
            if zone not in state.zones and known_zone(zone):
                state.zones.append(zone)
        case ClockTicked():
            if not state.first:
                _begin(state, event.occurred_at)
            yield from _close(state, event.occurred_at, place)
        case _:
            assert_never(event)


def _begin(state: BoardWindows, moment: int) -> None:
    """The first windows to close are those that the first tick lies in, in the zone that is last."""
    day = min(day_of(moment, zone) for zone in _zones(state))
    state.first = {window: number_of(window, day) for window in CLOSING}
    state.next = dict(state.first)


def _close(state: BoardWindows, moment: int, place: Place) -> Iterator[BoardPartitionClosed]:
    zones, left = _zones(state), CLOSED_A_TICK
    for window in CLOSING:
        number = state.next[window]
        while left and (end := ends_at(window, number, zones)) + GRACE[window] <= moment:
            state.next[window], left = number + 1, left - 1
            yield BoardPartitionClosed(
                board=name_of(window, number),
                occurred_at=moment,
                window=window,
                ends_at=end,
                partition=place.partition,
                partitions=place.partitions,
            )
            number += 1


def _zones(state: BoardWindows) -> tuple[str, ...]:
    return tuple(state.zones) or (UTC,)


BOARD_WINDOWS = Table(NAME, BoardWindows, frozenset({ClockTicked, RuleChanged}), react)
