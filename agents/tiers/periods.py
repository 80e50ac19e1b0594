"""The periods of a programme of tiers: calendar years or months in its zone, by number."""

from __future__ import annotations

from agents.calendar import day_of, ends_at, number_of
from schemas.outcomes import Window
from schemas.tiers import Period, TierRule

MONTHS = {Period.MONTH: 1, Period.YEAR: 12}


def period_of(rule: TierRule, moment: int) -> int:
    """The number of the period that a moment (milliseconds) lies in; the next one has the next number.

    >>> from schemas.tiers import Tier
    >>> period_of(TierRule(tiers=[Tier(tier="bronze", threshold_points=0)]), 1_323_432_000_000)
    2011
    """
    return number_of(Window.MONTH, day_of(moment, rule.zone)) // MONTHS[rule.period]


def begins_at(rule: TierRule, number: int) -> int:
    """The first moment (milliseconds) of a period; the one before ends with it."""
    return ends_at(Window.MONTH, number * MONTHS[rule.period] - 1, (rule.zone,))
