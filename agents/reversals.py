"""What a return takes back: the points that the returned pieces had earned, by the purchase's own rule.

Each line's points are split over its pieces cumulatively, so that any partial returns together take what
one full return would. They come from the lots that this purchase made, withheld and pending first, then
from other active lots in spend order, and what is left by the rule's policy: let go, or owed. What a
confirmed alert has taken already is not taken again.
"""

from __future__ import annotations

from collections.abc import Iterator

from agents import Tables, rules
from agents.calendar import DAY
from agents.cases import Standing
from agents.earning import entry_of
from agents.ledger import Entry, Points, take, take_from_others
from agents.lots import Parcel
from schemas.outcomes import (
    Account,
    OrderStateChanged,
    PointsRescheduled,
    PointsReversed,
    ReturnAccepted,
    ReturnedLine,
)
from schemas.rules import Activation, ReturnPolicy


def reverse(state: Points, back: ReturnAccepted, tables: Tables) -> Iterator[PointsReversed]:
    """Take back what each rule had granted for the returned pieces."""
    place = entry_of(back.order_id)
    lots = state.lots.get(place)
    if lots is None:
        return
    for index, parcel in enumerate(lots.parcels):
        points = worth(parcel, back.lines)
        if points:
            yield _reverse(state, back, place, index, points, tables)


def worth(parcel: Parcel, lines: list[ReturnedLine]) -> int:
    """Points that these pieces had earned in this lot."""
    total = 0
    for line in lines:
        share = _share(parcel, line.line_number)
        after = share * (line.returned_before + line.quantity) // line.bought
        total += after - share * line.returned_before // line.bought
    return total


def _share(parcel: Parcel, number: int) -> int:
    if parcel.numbers:
        return parcel.shares[parcel.numbers.index(number)]
    return parcel.shares[number - 1]


def _reverse(
    state: Points, back: ReturnAccepted, place: str, index: int, points: int, tables: Tables
) -> PointsReversed:
    lots = state.lots[place]
    parcel, entry = lots.parcels[index], Entry(state)
    entry.change(place, index, returned=parcel.returned + points)
    if lots.standing is Standing.FORFEITED:
        covered = min(points, parcel.forfeited)
        entry.change(place, index, forfeited=parcel.forfeited - covered)
        left, owed = points - covered, 0
    else:
        left, owed = collect(state, entry, place, index, points, policy_of(parcel, tables))
    return PointsReversed(
        member_id=back.member_id,
        occurred_at=back.occurred_at,
        return_id=back.return_id,
        order_id=back.order_id,
        rule_id=parcel.rule_id or "",
        rule_version=parcel.rule_version or 1,
        points=points,
        from_debt=owed,
        uncollected=left - owed,
        counts_at=parcel.earned_at,
        counted=lots.standing is Standing.FREE,
        **entry.fields(),
    )


def collect(
    state: Points, entry: Entry, place: str, index: int, points: int, policy: ReturnPolicy
) -> tuple[int, int]:
    """Take points that came back, withheld ones first; returns those left over, and those then owed."""
    left = take(entry, place, index, Account.WITHHELD, points)
    left = take(entry, place, index, Account.PENDING, left)
    if policy is not ReturnPolicy.PENDING_ONLY:
        left = take(entry, place, index, Account.ACTIVE, left)
        left = take_from_others(state, entry, left, but=(place, index))
    owed = left if policy is ReturnPolicy.DEBT else 0
    entry.move(Account.DEBT, Account.ISSUED, owed)
    return left, owed


def policy_of(parcel: Parcel, tables: Tables) -> ReturnPolicy:
    """Where points come from that are no longer in the lot, by the rule that granted them."""
    rule = rules.version_of(tables, parcel.rule_id, parcel.rule_version)
    return ReturnPolicy.DEBT if rule is None else rule.return_policy


def deliver(state: Points, told: OrderStateChanged, tables: Tables) -> Iterator[PointsRescheduled]:
    """The return window runs from the delivery: pending points turn active at its end."""
    place = entry_of(told.order_id)
    lots = state.lots.get(place)
    if lots is None or told.delivered_at is None:
        return
    entry, points = Entry(state), 0
    for index, parcel in enumerate(lots.parcels):
        at = _activates_at(parcel, told.delivered_at, tables)
        if at != parcel.activates_at:
            entry.change(place, index, activates_at=at)
            points += parcel.pending + parcel.withheld
    if points:
        yield PointsRescheduled(
            member_id=told.member_id,
            occurred_at=told.occurred_at,
            points=points,
            order_id=told.order_id,
            **entry.fields(),
        )


def _activates_at(parcel: Parcel, delivered_at: int, tables: Tables) -> int | None:
    rule = rules.version_of(tables, parcel.rule_id, parcel.rule_version)
    waits = parcel.activates_at is not None and (parcel.pending or parcel.withheld)
    if rule is None or rule.activation is Activation.AT_ONCE or not waits:
        return parcel.activates_at
    return delivered_at + rule.return_window_days * DAY
