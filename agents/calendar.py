"""The calendar of boards: which day, ISO week, month and season a moment belongs to, by name and number.

Windows of a kind are numbered without gaps, so that "the next one" is one more. A season is a quarter
of the year; a week belongs to the season of its Thursday, as it belongs to that day's year.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.outcomes import Window

HOUR = 3_600_000
DAY = 24 * HOUR
UTC = "UTC"
ALL_TIME = "all"
CLOSING = (Window.DAY, Window.WEEK, Window.MONTH, Window.SEASON)  # all that ever end
# Offsets of zones are whole quarters of an hour since 1972, so one quarter never spans two days.
_QUARTER = 900_000


class Board(NamedTuple):
    """A board of one window: its kind, its number among the windows of that kind, its name."""

    window: Window
    number: int
    name: str


class SeasonBoards(NamedTuple):
    """The boards of a moment that belong to one season, by the season's number."""

    season: int
    boards: tuple[Board, ...]


def boards_at(moment: int, zone: str) -> tuple[SeasonBoards, ...]:
    """The boards that end, at a moment (milliseconds), in a zone: two seasons when its week is of another.

    >>> [board.name for boards in boards_at(1_323_432_000_000, "UTC") for board in boards.boards]
    ['day:2011-12-09', 'week:2011-W49', 'month:2011-12', 'season:2011-Q4']
    """
    return _boards_of(day_of(moment, zone))


def day_of(moment: int, zone: str) -> int:
    """The number of the day (proleptic ordinal) of a moment in a zone."""
    return _day_of(moment // _QUARTER, zone)


@lru_cache(maxsize=8_192)
def _day_of(quarter: int, zone: str) -> int:
    local = datetime.fromtimestamp(quarter * _QUARTER / 1000, ZoneInfo(zone))
    return local.toordinal()


@lru_cache(maxsize=4_096)
def _boards_of(day: int) -> tuple[SeasonBoards, ...]:
    found: dict[int, list[Board]] = {}
    for window in CLOSING:
        number = number_of(window, day)
        season = _season_of(window, number, day)
        found.setdefault(season, []).append(Board(window, number, name_of(window, number)))
    return tuple(SeasonBoards(season, tuple(boards)) for season, boards in found.items())


def _season_of(window: Window, number: int, day: int) -> int:
    thursday = first_day(Window.WEEK, number) + 3 if window is Window.WEEK else day
    return number_of(Window.SEASON, thursday)


def number_of(window: Window, day: int) -> int:
    """The number of the window of this kind that a day lies in."""
    on = date.fromordinal(day)
    match window:
        case Window.DAY:
            return day
        case Window.WEEK:
            return (day - 1) // 7  # day 1 was a Monday
        case Window.MONTH:
            return on.year * 12 + on.month - 1
        case Window.SEASON:
            return on.year * 4 + (on.month - 1) // 3
        case Window.ALL_TIME | Window.UNKNOWN:
            raise ValueError(f"{window} has no numbers")


def first_day(window: Window, number: int) -> int:
    """The first day of a window; that of the next number is the day after its last."""
    match window:
        case Window.DAY:
            return number
        case Window.WEEK:
            return number * 7 + 1
        case Window.MONTH:
            return date(number // 12, number % 12 + 1, 1).toordinal()
        case Window.SEASON:
            return date(number // 4, number % 4 * 3 + 1, 1).toordinal()
        case Window.ALL_TIME | Window.UNKNOWN:
            raise ValueError(f"{window} has no days")


def name_of(window: Window, number: int) -> str:
    """The name of the board of a window.

    >>> name_of(Window.SEASON, 2011 * 4 + 3), name_of(Window.WEEK, number_of(Window.WEEK, 734_503))
    ('season:2011-Q4', 'week:2011-W52')
    """
    on = date.fromordinal(first_day(window, number))
    match window:
        case Window.DAY:
            return f"day:{on.isoformat()}"
        case Window.WEEK:
            year, week, _ = on.isocalendar()
            return f"week:{year}-W{week:02d}"
        case Window.MONTH:
            return f"month:{on.year}-{on.month:02d}"
        case Window.SEASON:
            return f"season:{on.year}-Q{(on.month + 2) // 3}"
        case Window.ALL_TIME | Window.UNKNOWN:
            raise ValueError(f"{window} has no names")


@lru_cache(maxsize=1_024)
def ends_at(window: Window, number: int, zones: tuple[str, ...] = (UTC,)) -> int:
    """The first moment (milliseconds) at which a window is over in all of these zones."""
    day = date.fromordinal(first_day(window, number + 1))
    ends = (datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) for zone in zones)
    return max(int(end.timestamp() * 1000) for end in ends)
