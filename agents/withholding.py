"""Points that a verdict stops: withheld, released, forfeited.

A lot follows the standing of its order. While it is withheld nothing of it can be spent or expire; what
comes back active is good for the rule's `restore_days` at least, and a debt is repaid of it first. What is
forfeited is all that the order earned, less what came back, so that it is the same whatever was spent. In
a confirmed takeover the member is the victim: what the intruder's orders earned goes as far as it is
there, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, assert_never

from agents import Tables, rules
from agents.cases import Standing
from agents.expiry import expires_at, restored_until
from agents.ledger import Entry, Points, repay_first, take, take_from_others
from agents.lots import Parcel, Part
from agents.reversals import policy_of
from schemas.outcomes import (
    Account,
    JudgedOutcome,
    PointsForfeited,
    PointsReleased,
    PointsWithheld,
)
from schemas.rules import Expiry, ReturnPolicy


@dataclass(frozen=True, slots=True)
class Judged:
    """A lot whose order comes to stand otherwise: whose and where it is, how it stood, when, and why."""

    member_id: str
    place: str
    index: int
    before: Standing
    at: int
    alert_id: str | None


def bring(state: Points, lot: Judged, after: Standing, tables: Tables) -> JudgedOutcome:
    """Move the lot's points to where the standing wants them."""
    match after:
        case Standing.WITHHELD:
            return _withhold(state, lot)
        case Standing.FORFEITED:
            return _forfeit(state, lot, tables)
        case Standing.FREE:
            return _release(state, lot, tables)
        case _:
            assert_never(after)


def _withhold(state: Points, lot: Judged) -> PointsWithheld:
    """Pending and active points, at most what the order earned; or all that was forfeited before."""
    entry, place, index = Entry(state), lot.place, lot.index
    parcel = entry.parcel(place, index)
    if lot.before is Standing.FORFEITED:
        points = parcel.forfeited
        entry.change(place, index, forfeited=0)
        entry.move(Account.ISSUED, Account.WITHHELD, points, place, index)
    else:
        left = take(entry, place, index, Account.PENDING, parcel.net, Account.WITHHELD)
        left = take(entry, place, index, Account.ACTIVE, left, Account.WITHHELD)
        points = parcel.net - left
    return PointsWithheld(**_said(parcel, lot, points, Standing.WITHHELD), **entry.fields())


def _release(state: Points, lot: Judged, tables: Tables) -> PointsReleased:
    """Pending again, or active where its window has closed meanwhile, of which a debt is repaid first."""
    entry, place, index = Entry(state), lot.place, lot.index
    parcel, stopped = entry.parcel(place, index), state.lots[place].disputed
    source, points = Account.WITHHELD, parcel.withheld
    if lot.before is Standing.FORFEITED:
        source, points = Account.ISSUED, parcel.forfeited
        entry.change(place, index, forfeited=0)
    if parcel.activates_at is not None and (parcel.activates_at > lot.at or stopped):
        entry.move(source, Account.PENDING, points, place, index)
    else:
        until = good_until(state, parcel, lot.at, tables)
        entry.change(place, index, activates_at=None, expires_at=until)
        repay_first(state, entry, source, points, place, index)
    return PointsReleased(**_said(parcel, lot, points, Standing.FREE), **entry.fields())


def good_until(state: Points, parcel: Parcel, now: int, tables: Tables) -> int | None:
    """Time that was ours is not held against the points: they are good for some days at least."""
    rule = rules.version_of(tables, parcel.rule_id, parcel.rule_version)
    if rule is None or parcel.expires_at is None:
        return parcel.expires_at
    until = parcel.expires_at
    if rule.expiry is Expiry.INACTIVITY:
        until = max(until, expires_at(rule, parcel.earned_at, state.active_at) or 0)
    return max(until, restored_until(rule, now))


def _forfeit(state: Points, lot: Judged, tables: Tables) -> PointsForfeited:
    """All that the order earned, less what came back: from its own lot, then as returns take it."""
    entry, place, index = Entry(state), lot.place, lot.index
    parcel, case = entry.parcel(place, index), state.lots[place].case
    policy = policy_of(parcel, tables)
    left = parcel.net
    for account in (Account.WITHHELD, Account.PENDING, Account.ACTIVE):
        left = take(entry, place, index, account, left)
    owed = 0
    if case is not None and case.offends and policy is not ReturnPolicy.PENDING_ONLY:
        left = take_from_others(state, entry, left, but=(place, index))
        owed = left if policy is ReturnPolicy.DEBT else 0
        entry.move(Account.DEBT, Account.ISSUED, owed)
    entry.change(place, index, forfeited=parcel.net - left + owed)
    return PointsForfeited(
        **_said(parcel, lot, parcel.net, Standing.FORFEITED),
        from_debt=owed,
        uncollected=left - owed,
        **entry.fields(),
    )


def collect(
    state: Points, member_id: str, places: Iterable[str], now: int
) -> Iterator[PointsForfeited]:
    """Points that came back to a forfeited lot while not all of it could be collected go too."""
    for place in places:
        lots = state.lots[place]
        if lots.standing is not Standing.FORFEITED or lots.case is None:
            continue
        lot = Judged(member_id, place, 0, Standing.FORFEITED, now, next(iter(lots.case.confirmed)))
        for index, parcel in enumerate(lots.parcels):
            points = min(parcel.active, parcel.net - parcel.forfeited)
            if points:
                entry = Entry(state)
                entry.move(Account.ACTIVE, Account.ISSUED, points, place, index)
                entry.change(place, index, forfeited=parcel.forfeited + points)
                yield PointsForfeited(
                    **_said(parcel, lot, points, Standing.FORFEITED),
                    from_debt=0,
                    uncollected=0,
                    **entry.fields(),
                )


def withhold_back(state: Points, entry: Entry, part: Part, source: Account) -> int:
    """Of points that come back to a withheld lot what belongs to it; returns how many are left."""
    if state.lots[part.entry].standing is not Standing.WITHHELD:
        return part.points
    parcel = entry.parcel(part.entry, part.index)
    stopped = min(part.points, parcel.net - parcel.withheld)
    entry.move(source, Account.WITHHELD, stopped, part.entry, part.index)
    return part.points - stopped


def _said(parcel: Parcel, lot: Judged, points: int, after: Standing) -> dict[str, Any]:
    """First fields of the entry. Boards count what an order earned while it is free."""
    counted, counts = lot.before is Standing.FREE, after is Standing.FREE
    return {
        "member_id": lot.member_id,
        "occurred_at": lot.at,
        "order_id": parcel.order_id,
        "rule_id": parcel.rule_id,
        "rule_version": parcel.rule_version,
        "points": points,
        "score_change": parcel.net * (counts - counted),
        "counts_at": parcel.earned_at,
        "alert_id": lot.alert_id,
    }
