"""Which tier a member's points make: what they reach now, and what was kept over the last periods' ends.

At the end of a period the tier is the higher of what its points reached and of what was kept into it; what
is kept into the next one follows from the policy. This is computed anew from the points of the periods
whose orders can still change, so a late purchase or return leads to the very tier that it would have led
to in time.

    floor(n + 1) = max(reached(n), floor(n) - 1)      where the policy is one step
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct, field

from agents import Tables
from agents.cases import KEPT
from agents.tiers.periods import begins_at
from agents.tiers.rules import Version, of_period, place_of, reached
from schemas.tiers import Downgrade, Tier, TierRule


class Counted(Struct):
    """Qualifying points by period, from the oldest one on that can still change.

    `floor` is the tier that was kept into the oldest one; none: the lowest.
    """

    oldest: int | None = None
    floor: Tier | None = None
    points: dict[int, int] = field(default_factory=dict)

    def add(self, period: int, points: int) -> None:
        """Count points, or take them off; those of a period that was let go change nothing any more."""
        if self.oldest is None or (self.floor is None and period < self.oldest):
            self.oldest = period
        if period >= self.oldest:
            self.points[period] = self.points.get(period, 0) + points


class Standing(NamedTuple):
    """Where a member stands in a period: under which version, in which tier's place, by which points."""

    version: Version
    place: int
    points: int


def standing(counted: Counted, period: int, tables: Tables) -> Standing:
    """The tier in a period, which is no earlier than any counted."""
    floor = counted.floor
    for number in range(period if counted.oldest is None else counted.oldest, period):
        floor = _after(counted, number, floor, tables)
    version = of_period(tables, period)
    points = _count(counted, period, version.rule)
    place = max(place_of(version.rule, floor), reached(version.rule, points))
    return Standing(version, place, points)


def let_go(counted: Counted, now: int, tables: Tables) -> None:
    """Forget the periods in which nothing can change any more; what they left behind is kept."""
    while counted.oldest is not None and _settled(counted.oldest, now, tables):
        floor = _after(counted, counted.oldest, counted.floor, tables)
        counted.floor, counted.oldest = floor, counted.oldest + 1
        counting = of_period(tables, counted.oldest).rule.periods
        kept = {n: p for n, p in counted.points.items() if n > counted.oldest - counting}
        counted.points = kept
        lowest = place_of(of_period(tables, counted.oldest).rule, floor) == 0
        if lowest and not kept:
            counted.oldest = counted.floor = None


def _settled(period: int, now: int, tables: Tables) -> bool:
    return begins_at(of_period(tables, period).rule, period + 1) + KEPT <= now


def _after(counted: Counted, period: int, floor: Tier | None, tables: Tables) -> Tier:
    """The tier that is kept over the end of a period."""
    rule = of_period(tables, period).rule
    place = place_of(rule, floor)
    deserved = reached(rule, _count(counted, period, rule))
    match rule.downgrade:
        case Downgrade.ONE_STEP:
            place = max(deserved, place - 1)
        case Downgrade.TO_QUALIFIED | Downgrade.UNKNOWN:
            place = deserved
        case Downgrade.NEVER:
            place = max(deserved, place)
    return rule.tiers[place]


def _count(counted: Counted, period: int, rule: TierRule) -> int:
    """The points that count in a period: its own, and those of the periods before it that still do."""
    return sum(counted.points.get(period - back, 0) for back in range(rule.periods))
