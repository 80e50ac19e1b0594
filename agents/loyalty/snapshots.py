"""Weekly snapshots of a member, and the labels that become known of them.

Each week has one snapshot, and each snapshot is asked about one horizon, in turn: did a purchase come
within it? The answer is told when the snapshot is as old as its horizon, for yes and no alike. A purchase
is known sooner than silence; if it were told sooner too, the newest examples would all be purchases, and
the model would learn the delay. One horizon a snapshot learns as well as all of them, for a sixth of the
work.

Weeks are counted since 1970 and begin for each member at a moment and with a horizon of their own, which a
hash of the id decides, so that members do not wake all at once. A standing that did not change since the
last snapshot is not stored again: of a silent member one is kept, of anybody 27 at most.

With a snapshot that is asked about 13 weeks the chance is kept that was said at that moment, so that it can
be held against what came: what the model would say of it a quarter later, with all it has learned since,
says nothing of how far it could be trusted then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct

from agents.calendar import DAY
from agents.loyalty.purchases import Standing, figures
from schemas.loyalty import PurchaseFigures

WEEK = 7 * DAY
HORIZON_WEEKS = (1, 2, 4, 8, 13, 26)
FORETOLD_WEEKS = 13  # the horizon next to the one of a score; of it what was said is judged
SPREAD = 3_600_000  # weeks begin at whole hours


class Rhythm(Struct, frozen=True, array_like=True):
    """When a member's week begins (milliseconds into the week since 1970), and with which horizon."""

    begins: int
    turn: int


class Snapshot(Struct, frozen=True, array_like=True):
    """How a member stood in `week`, and in all weeks until the next snapshot."""

    week: int
    standing: Standing


class Foretold(Struct, frozen=True, array_like=True):
    """The chance that was said at the beginning of `week` for `FORETOLD_WEEKS`, and by which model."""

    week: int
    probability: float
    model_version: int


class Matured(NamedTuple):
    """A snapshot's week and figures, the horizon that it was asked about, and the answer."""

    week: int
    horizon_days: int
    figures: PurchaseFigures
    bought: bool


def rhythm(member_id: str) -> Rhythm:
    """The member's own, from a hash of the id."""
    number = crc32(member_id.encode())
    hours, turn = divmod(number, len(HORIZON_WEEKS))
    return Rhythm(hours % (WEEK // SPREAD) * SPREAD, turn)


def week_of(own: Rhythm, at: int) -> int:
    """The number of the member's week at a moment."""
    return (at - own.begins) // WEEK


def begin_of(own: Rhythm, week: int) -> int:
    """When a week of the member begins."""
    return own.begins + week * WEEK


def horizon_of(own: Rhythm, week: int) -> int:
    """About how many weeks the snapshot of a week is asked: each horizon in turn."""
    return HORIZON_WEEKS[(week + own.turn) % len(HORIZON_WEEKS)]


def take(snapshots: list[Snapshot], week: int, standing: Standing) -> None:
    """Keep how the member stands in this week, and let go of what no horizon will ask for."""
    if not snapshots or snapshots[-1].standing != standing:
        snapshots.append(Snapshot(week, standing))
    while len(snapshots) > 1 and snapshots[1].week <= week - HORIZON_WEEKS[-1]:
        del snapshots[0]


def matured(snapshots: list[Snapshot], own: Rhythm, week: int, now: Standing) -> Iterator[Matured]:
    """What is known at the beginning of `week` of the snapshots whose horizon ends there.

    A member wakes before what happens at that very moment, so a horizon holds its first moment, and the
    last belongs to the next.
    """
    for horizon in HORIZON_WEEKS:
        asked = week - horizon
        if horizon_of(own, asked) != horizon:
            continue
        standing = _standing_in(snapshots, asked)
        if standing is None:
            continue
        at = begin_of(own, asked)
        then = figures(standing, at)
        if then is not None:
            yield Matured(asked, horizon * 7, then, now.last_at >= at)


def foretells(own: Rhythm, week: int) -> bool:
    """True when this week's snapshot will be asked about `FORETOLD_WEEKS`: one in six.

    >>> [foretells(Rhythm(0, 1), week) for week in range(6)]
    [False, False, False, True, False, False]
    """
    return horizon_of(own, week) == FORETOLD_WEEKS


def said_of(foretold: list[Foretold], known: Matured) -> Foretold | None:
    """What was said of a snapshot whose answer is known; it and what is older is let go."""
    if known.horizon_days != FORETOLD_WEEKS * 7:
        return None
    found = next((one for one in foretold if one.week == known.week), None)
    foretold[:] = [one for one in foretold if one.week > known.week]
    return found


def _standing_in(snapshots: list[Snapshot], week: int) -> Standing | None:
    for snapshot in reversed(snapshots):
        if snapshot.week <= week:
            return snapshot.standing
    return None
