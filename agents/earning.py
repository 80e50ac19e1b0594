"""What an order earns: by each rule in force, before and after its caps.

The base is the money paid for the lines, after discounts, without postage and tax. The tier that the
member had before the order multiplies it. There is one rounding an order, downwards; the points are then
split over the lines by their share of the base, cumulatively, so that the parts add up to the whole. Caps
count what was granted and do not give room back for returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agents import Tables, rules
from agents.calendar import DAY, day_of
from agents.cases import Standing
from agents.expiry import expires_at
from agents.ledger import Entry, Points, repay_first
from agents.lots import Parcel
from agents.marks import digest
from agents.rules import Holding
from agents.tiers import rules as tiers
from agents.tiers.rules import Earning
from schemas.outcomes import (
    Account,
    EarningRefused,
    OrderPlaced,
    PointsCapped,
    PointsEarned,
    PointsPending,
    Reason,
)
from schemas.record import Outcome
from schemas.rules import Activation, EarnRate, PointsRule

LOT_ID_LENGTH = 128


def earn(state: Points, order: OrderPlaced, tables: Tables) -> Iterator[Outcome]:
    """Grant what the order earns, by every rule that has a rate for its currency."""
    state.active_at = max(state.active_at, order.occurred_at)
    held = rules.in_force(tables, order.occurred_at)
    rates = [(one, rate_of(one.rule, order.currency)) for one in held]
    if not any(rate is not None for _, rate in rates):
        yield _no_rate(order, held)
    case = state.awaited.get(order.order_id)
    waits = case is not None and case.wanted is not Standing.FREE
    tier = tiers.earning(tables, state.tier, order.occurred_at)
    for one, rate in rates:
        if rate is not None:
            yield from _earn_by(state, order, one, rate, tier, waits=waits)


def rate_of(rule: PointsRule, currency: str) -> EarnRate | None:
    """What the rule pays for a currency; None: nothing."""
    for rate in rule.earn_rates:
        if rate.currency == currency:
            return rate
    return None


def _no_rate(order: OrderPlaced, held: Sequence[Holding]) -> EarningRefused:
    return EarningRefused(
        member_id=order.member_id,
        occurred_at=order.occurred_at,
        order_id=order.order_id,
        rule_id=held[0].rule_id if held else None,
        rule_version=held[0].version if held else None,
        reason=Reason.NO_RATE_FOR_CURRENCY,
    )


def _earn_by(
    state: Points,
    order: OrderPlaced,
    held: Holding,
    rate: EarnRate,
    tier: Earning,
    *,
    waits: bool,
) -> Iterator[Outcome]:
    weights = weigh(order, held.rule)
    earned = points_for(sum(weights), rate, tier.percent)
    if not earned or sum([line.amount_minor for line in order.lines]) < held.rule.minimum_minor:
        return
    granted, cap = _capped(state, order, held, earned)
    if cap:
        yield PointsCapped(
            member_id=order.member_id,
            occurred_at=order.occurred_at,
            order_id=order.order_id,
            rule_id=held.rule_id,
            rule_version=held.version,
            earned=earned,
            granted=granted,
            cap=cap,
        )
    if granted:
        shares = split(granted, weights)
        yield _grant(state, order, held, granted, shares, tier, waits=waits)


def weigh(order: OrderPlaced, rule: PointsRule) -> list[int]:
    """Each line's share of the base: hundredths of minor units, by the category's percent."""
    if not rule.category_rates:
        return [line.amount_minor * 100 for line in order.lines]
    percents = {rate.category: rate.percent for rate in rule.category_rates}
    return [line.amount_minor * percents.get(line.category, 100) for line in order.lines]


def points_for(weight: int, rate: EarnRate, percent: int = 100) -> int:
    """Points for so many hundredths of minor units in a tier of so many percent, rounded down.

    >>> rate = EarnRate(currency="GBP", points=1, per_minor=100)
    >>> points_for(1_999 * 100, rate), points_for(1_999 * 100, rate, 150)
    (19, 29)
    """
    return weight * rate.points * percent // (rate.per_minor * 100 * 100)


def split(points: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Points by line, in proportion to the weights; they add up to the whole.

    >>> split(10, [1, 1, 1])
    (3, 3, 4)
    """
    total, reached, before = sum(weights), 0, 0
    shares = []
    for weight in weights:
        reached += weight
        after = points * reached // total
        shares.append(after - before)
        before = after
    return tuple(shares)


def _capped(state: Points, order: OrderPlaced, held: Holding, earned: int) -> tuple[int, str]:
    """What is granted, and the name of the tightest cap that bit, if one did."""
    granted, tightest = earned, ""
    rule = held.rule
    if rule.cap_per_order is not None and rule.cap_per_order < granted:
        granted, tightest = rule.cap_per_order, "cap_per_order"
    if rule.cap_per_day is not None:
        left = max(0, rule.cap_per_day - _granted_on_day(state, order.occurred_at, held))
        if left < granted:
            granted, tightest = left, "cap_per_day"
    if rule.cap_per_member is not None:
        left = max(0, rule.cap_per_member - state.granted.get(held.rule_id, 0))
        if left < granted:
            granted, tightest = left, "cap_per_member"
    return granted, tightest


def _granted_on_day(state: Points, at: int, held: Holding) -> int:
    """Points that the rule granted on the day of this moment, in the rule's zone."""
    day = day_of(at, held.rule.zone)
    return sum(
        sum(parcel.shares)
        for lots in state.lots.values()
        for parcel in lots.parcels
        if parcel.rule_id == held.rule_id and day_of(parcel.earned_at, held.rule.zone) == day
    )


def _grant(
    state: Points,
    order: OrderPlaced,
    held: Holding,
    points: int,
    shares: tuple[int, ...],
    tier: Earning,
    *,
    waits: bool,
) -> PointsPending | PointsEarned:
    """Pending or active at once; `waits`: pending in any case, as they are going to be withheld."""
    at, rule = order.occurred_at, held.rule
    state.granted[held.rule_id] = state.granted.get(held.rule_id, 0) + points
    numbers = tuple([line.line_number for line in order.lines])
    parcel = Parcel(
        lot_id=lot_id(order.order_id, held.rule_id),
        order_id=order.order_id,
        rule_id=held.rule_id,
        rule_version=held.version,
        earned_at=at,
        activates_at=_activates_at(rule, at, waits=waits),
        expires_at=expires_at(rule, at, state.active_at),
        pending=0,
        active=0,
        held=0,
        shares=shares,
        numbers=() if numbers == tuple(range(1, len(numbers) + 1)) else numbers,
    )
    entry, place = Entry(state), entry_of(order.order_id)
    index = entry.begin(place, parcel)
    said: dict[str, Any] = {
        "member_id": order.member_id,
        "occurred_at": at,
        "order_id": order.order_id,
        "rule_id": held.rule_id,
        "rule_version": held.version,
        "points": points,
        "counts_at": at,
        "tier": tier.tier,
        "earn_percent": tier.percent,
    }
    if parcel.activates_at is None:
        repay_first(state, entry, Account.ISSUED, points, place, index)
        return PointsEarned(**said, **entry.fields())
    entry.move(Account.ISSUED, Account.PENDING, points, place, index)
    return PointsPending(**said, **entry.fields())


def _activates_at(rule: PointsRule, at: int, *, waits: bool) -> int | None:
    if rule.activation is Activation.AT_ONCE:
        return at if waits else None
    return at + (rule.delivery_days + rule.return_window_days) * DAY


def entry_of(order_id: str) -> str:
    """Where an order's lots are kept."""
    return f"order:{order_id}"


def lot_id(order_id: str, rule_id: str) -> str:
    """The name of the lot that a rule grants for an order; of long names a digest."""
    name = f"{order_id}/{rule_id}"
    return name if len(name) <= LOT_ID_LENGTH else digest(order_id, rule_id).hex()
