"""Exact windows over event time in bounded state: how often and how much in an hour, a day, a week, a month.

A window of length w at the moment t holds what happened in (t - w, t]: exact to the millisecond, also
for what came out of order. What is older than `KEPT` before the newest is let go. Beyond the cap the
oldest go too: then the long windows say less than there was (at least `most` things and their amounts),
and the short ones are still exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct, field

HOUR = 3_600_000
DAY = 24 * HOUR
WINDOWS = {"1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
KEPT = 30 * DAY
THINGS_MOST = 512
SEEN_MOST = 32


class Window(Struct, array_like=True):
    """What happened in the last 30 days, oldest first.

    `sums[i]` is the amount of all up to and with the i-th, those let go of included (`before`), so that
    the amount between two moments is a difference of two of them, in integers.
    """

    at: list[int] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    before: int = 0


class Tally(NamedTuple):
    """How many times, and the sum of their amounts."""

    times: int
    amount: int


_LENGTHS = tuple(WINDOWS.values())
_NONE = Tally(0, 0)
_NOTHING = (_NONE,) * len(WINDOWS)


def keep(window: Window, at: int, amount: int = 0, most: int = THINGS_MOST) -> None:
    """Add what happened at `at` (milliseconds), in its place by time."""
    times, sums = window.at, window.sums
    if not times or at >= times[-1]:
        sums.append((sums[-1] if sums else window.before) + amount)
        times.append(at)
    else:
        _insert(window, at, amount)
    gone = max(bisect_right(times, times[-1] - KEPT), len(times) - most)
    if gone > 0:
        window.before = sums[gone - 1]
        del times[:gone], sums[:gone]


def _insert(window: Window, at: int, amount: int) -> None:
    place = bisect_right(window.at, at)
    earlier = window.sums[place - 1] if place else window.before
    window.at.insert(place, at)
    window.sums.insert(place, earlier)
    for later in range(place, len(window.sums)):
        window.sums[later] += amount


def tally(window: Window, now: int, length: int) -> Tally:
    """What happened in (now - length, now].

    >>> window = Window()
    >>> keep(window, 0, 500), keep(window, HOUR, 700)
    (None, None)
    >>> tally(window, HOUR, HOUR), tally(window, HOUR, DAY).amount
    (Tally(times=1, amount=700), 1200)
    """
    times, sums = window.at, window.sums
    end = bisect_right(times, now)
    start = bisect_right(times, now - length, 0, end)
    if start == end:
        return Tally(0, 0)
    return Tally(end - start, sums[end - 1] - (sums[start - 1] if start else window.before))


def tallies(window: Window, now: int) -> Sequence[Tally]:
    """The same for each of `WINDOWS`, in their order."""
    times, sums = window.at, window.sums
    end = bisect_right(times, now)
    if not end:
        return _NOTHING
    last = sums[end - 1]
    found: list[Tally] = []
    for length in _LENGTHS:
        start = bisect_right(times, now - length, 0, end)
        count = end - start
        if not count:
            found.append(_NONE)
        elif start:
            found.append(Tally(count, last - sums[start - 1]))
        else:
            found.append(Tally(count, last - window.before))
    return found


def see(seen: dict[str, int], name: str, at: int, most: int = SEEN_MOST) -> None:
    """Remember when a thing was last seen; the one not seen for longest makes room."""
    known = seen.get(name)
    if known is not None:
        seen[name] = max(known, at)
        return
    seen[name] = at
    if len(seen) > most:
        del seen[min(seen, key=lambda other: (seen[other], other))]


def distinct(seen: dict[str, int], now: int, length: int) -> int:
    """How many different things were seen in (now - length, now], `most` or fewer.

    A thing that was seen again after `now` does not count, as only its last time is kept.
    """
    since = now - length
    return len([at for at in seen.values() if since < at <= now])
