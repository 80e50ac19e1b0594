"""Until when points are good, and their end.

They are good to the end of a day in the programme's zone, by the rule's way of counting. Those that
expire by inactivity are looked at when their time seems over: activity has put it off since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

from agents import Tables, rules
from agents.calendar import DAY, day_of
from agents.ledger import Entry, Points
from agents.lots import LOTS_MOST, Parcel
from schemas.outcomes import Account, PointsExpired, PointsRescheduled
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


def over(parcel: Parcel, now: int) -> bool:
    """True when points of this lot are no longer good."""
    return parcel.expires_at is not None and parcel.expires_at <= now


def expire(
    state: Points, member_id: str, now: int, tables: Tables, places: Sequence[str]
) -> Iterator[PointsExpired | PointsRescheduled]:
    """The active points, of these orders' lots, that are no longer good: `LOTS_MOST` lots an entry."""
    yield from put_off(state, member_id, now, tables, places)
    gone = [
        (place, index, parcel.active)
        for place in places
        for index, parcel in enumerate(state.lots[place].parcels)
        if parcel.active and over(parcel, now)
    ]
    for first in range(0, len(gone), LOTS_MOST):
        entry, step = Entry(state), gone[first : first + LOTS_MOST]
        for place, index, points in step:
            entry.move(Account.ACTIVE, Account.EXPIRED, points, place, index)
        points = sum([points for _, _, points in step])
        yield PointsExpired(member_id=member_id, occurred_at=now, points=points, **entry.fields())


def put_off(
    state: Points, member_id: str, now: int, tables: Tables, places: Sequence[str]
) -> Iterator[PointsRescheduled]:
    """Lots that expire by inactivity live on while the member is active, held ones too."""
    kept = [
        (place, index, parcel, later)
        for place in places
        for index, parcel in enumerate(state.lots[place].parcels)
        if (later := _kept_alive(state, parcel, now, tables)) is not None
    ]
    for first in range(0, len(kept), LOTS_MOST):
        entry, step = Entry(state), kept[first : first + LOTS_MOST]
        for place, index, _, later in step:
            entry.change(place, index, expires_at=later)
        points = sum([parcel.active + parcel.held for _, _, parcel, _ in step])
        yield PointsRescheduled(
            member_id=member_id, occurred_at=now, points=points, **entry.fields()
        )


def _kept_alive(state: Points, parcel: Parcel, now: int, tables: Tables) -> int | None:
    """Until when a lot whose time seems over is good after all; None: nothing changes."""
    if not (parcel.active or parcel.held) or not over(parcel, now):
        return None
    rule = rules.version_of(tables, parcel.rule_id, parcel.rule_version)
    if rule is None or rule.expiry is not Expiry.INACTIVITY:
        return None
    later = expires_at(rule, parcel.earned_at, state.active_at)
    return None if later is None or later <= now else later
