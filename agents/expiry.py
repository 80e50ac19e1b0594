"""Until when points are good: to the end of a day in the programme's zone, by the rule's way of counting."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

from agents.calendar import DAY, day_of
from schemas.rules import Expiry, PointsRule


def expires_at(rule: PointsRule, earned_at: int, active_at: int) -> int | None:
    """The first moment (milliseconds) at which points are no longer good; None: never.

    FIXED counts days from the earning, INACTIVITY from the member's last purchase or redemption;
    CALENDAR ends with the year that the counted day falls in.
    """
    match rule.expiry:
        case Expiry.NEVER | Expiry.UNKNOWN:
            return None
        case Expiry.FIXED:
            return day_after(day_of(earned_at + rule.expiry_days * DAY, rule.zone), rule.zone)
        case Expiry.INACTIVITY:
            last = max(earned_at, active_at)
            return day_after(day_of(last + rule.expiry_days * DAY, rule.zone), rule.zone)
        case Expiry.CALENDAR:
            day = day_of(earned_at + rule.expiry_days * DAY, rule.zone)
            last_day = date(date.fromordinal(day).year, 12, 31).toordinal()
            return day_after(last_day, rule.zone)
        case _:
            assert_never(rule.expiry)


@lru_cache(maxsize=4_096)
def day_after(day: int, zone: str) -> int:
    """The first moment of the day after this one (proleptic ordinal) in a zone."""
    following = date.fromordinal(day + 1)
    start = datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(zone))
    return int(start.timestamp() * 1000)


def restored_until(rule: PointsRule, now: int) -> int:
    """Until when points are good at least that come back because the shop was at fault."""
    return day_after(day_of(now + rule.restore_days * DAY, rule.zone), rule.zone)
