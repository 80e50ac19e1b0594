"""The points ledger of a member: earned, pending, active, held, spent, expired, reversed, adjusted.

The accounts are in `ledger.py`, lots in `lots.py`; what an order earns in `earning.py`, what a return
takes back in `reversals.py`, redemptions' holds in `holds.py`, what a verdict stops in `verdicts.py`.
Here is who hears what, and what happens by itself: pending points turn active when the return window has
closed, active ones expire, holds time out, and what nothing can come back to is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from agents import Agent, Tables, Woken
from agents.bonuses import reward, take_back
from agents.cases import KEPT
from agents.earning import earn
from agents.expiry import expire
from agents.holds import cancel, commit, request, time_out, void
from agents.ledger import Entry, Points, repay_first, spent
from agents.lots import LOTS_MOST, Parcel, Part
from agents.restitution import settle, stop
from agents.reversals import deliver, reverse
from agents.verdicts import catch_up, close, contest, dispute, lapse, suspect
from schemas.actions import PointsAdjusted, RedemptionCancelled, RedemptionRequested
from schemas.friends import ReferralQualified, ReferralReversed
from schemas.outcomes import (
    Account,
    AdjustmentRefused,
    BalanceAdjusted,
    GiftRefused,
    GiftReleased,
    GiftReserved,
    OrderPlaced,
    OrderStateChanged,
    PointsEarned,
    Reason,
    ReturnAccepted,
)
from schemas.record import Event, Outcome
from schemas.risk import (
    AlertClosed,
    DisputeOpened,
    DisputeResolved,
    FraudScored,
    PaymentContested,
)
from schemas.tiers import TierChanged

Heard = (
    OrderPlaced
    | OrderStateChanged
    | ReturnAccepted
    | RedemptionRequested
    | RedemptionCancelled
    | GiftReserved
    | GiftRefused
    | GiftReleased
    | PointsAdjusted
    | FraudScored
    | AlertClosed
    | DisputeOpened
    | DisputeResolved
    | PaymentContested
    | TierChanged
    | ReferralQualified
    | ReferralReversed
    | Woken
)


def react(state: Points, event: Heard, tables: Tables) -> Iterator[Outcome]:
    """What each event does to the member's points."""
    match event:
        case OrderPlaced():
            yield from _place(state, event, tables)
        case OrderStateChanged():
            yield from deliver(state, event, tables)
        case ReturnAccepted():
            yield from reverse(state, event, tables)
        case RedemptionRequested():
            yield from request(state, event, tables)
        case RedemptionCancelled():
            yield from cancel(state, event)
        case GiftReserved():
            yield from commit(state, event)
        case GiftRefused() | GiftReleased():
            yield from void(state, event, tables)
        case PointsAdjusted():
            yield _adjust(state, event)
        case FraudScored():
            yield from suspect(state, event, tables)
            yield from stop(state, event)
        case AlertClosed():
            yield from close(state, event, tables)
            yield from settle(state, event, tables)
        case DisputeOpened() | DisputeResolved():
            yield from dispute(state, event, tables)
        case PaymentContested():
            yield from contest(state, event, tables)
        case TierChanged():
            state.tier = event.tier
        case ReferralQualified():
            yield from reward(state, event, tables)
        case ReferralReversed():
            yield from take_back(state, event, tables)
        case Woken():
            yield from _wake(state, event.key, event.occurred_at, tables)
        case _:
            assert_never(event)


def _place(state: Points, order: OrderPlaced, tables: Tables) -> Iterator[Outcome]:
    """What the order earns, and what was said against it before."""
    yield from earn(state, order, tables)
    case = state.awaited.pop(order.order_id, None)
    if case is not None:
        yield from catch_up(state, order, case, tables)


# ---- what happens by itself ------------------------------------------------------------------------


def _wake(state: Points, member_id: str, now: int, tables: Tables) -> Iterator[Outcome]:
    """All that is due by now: what nobody judged, what turns active, what expires, then holds."""
    for place, lots in list(state.lots.items()):
        if lots.case is not None and lots.case.due() <= now:
            yield from lapse(state, member_id, place, now, tables)
        yield from _activate(state, member_id, place, now)
    yield from expire(state, member_id, now, tables, sorted(state.lots))
    yield from time_out(state, member_id, now)
    _forget(state, now)


def _activate(state: Points, member_id: str, place: str, now: int) -> Iterator[PointsEarned]:
    lots = state.lots[place]
    if lots.disputed:
        return
    for index, parcel in enumerate(lots.parcels):
        if parcel.pending and parcel.activates_at is not None and parcel.activates_at <= now:
            entry = Entry(state)
            repay_first(state, entry, Account.PENDING, parcel.pending, place, index)
            entry.change(place, index, activates_at=None)
            yield PointsEarned(
                member_id=member_id,
                occurred_at=now,
                order_id=parcel.order_id,
                rule_id=parcel.rule_id,
                rule_version=parcel.rule_version,
                points=parcel.pending,
                **entry.fields(),
            )


def _forget(state: Points, now: int) -> None:
    """Let go of lots and holds that nothing can come back to, and see what is due next."""
    state.next_at = None
    for place, lots in list(state.lots.items()):
        due = lots.due()
        if due <= now and lots.empty:
            del state.lots[place]
        else:
            state.falls_due(due if due > now else now + KEPT)
    for redemption_id, hold in list(state.holds.items()):
        if hold.due() <= now:
            del state.holds[redemption_id]
        else:
            state.falls_due(hold.due())
    state.awaited = {o: case for o, case in state.awaited.items() if case.forgotten_at > now}
    for case in state.awaited.values():
        state.falls_due(case.forgotten_at)


def wake_at(state: Points) -> int | None:
    """When the first lot or hold is due."""
    return state.next_at


# ---- operators' corrections ------------------------------------------------------------------------


def _adjust(state: Points, asked: PointsAdjusted) -> BalanceAdjusted | AdjustmentRefused:
    parts = tuple(spent(state, max(0, -asked.points)))
    reason = _wrong(state, asked, parts)
    if reason is not None:
        return AdjustmentRefused(
            member_id=asked.member_id,
            occurred_at=asked.occurred_at,
            points=asked.points,
            reason=reason,
        )
    entry = Entry(state)
    if asked.points > 0:
        _add(state, entry, asked)
    else:
        for part in parts:
            entry.move(Account.ACTIVE, Account.ADJUSTED, part.points, part.entry, part.index)
    return BalanceAdjusted(
        member_id=asked.member_id,
        occurred_at=asked.occurred_at,
        points=asked.points,
        reason=asked.reason,
        adjusted_by=asked.adjusted_by,
        approved_by=asked.approved_by,
        **entry.fields(),
    )


def _wrong(state: Points, asked: PointsAdjusted, parts: tuple[Part, ...]) -> Reason | None:
    """It is posted once, nobody approves their own, and none takes what is not there."""
    if _lot_of(asked) in state.lots:
        return Reason.ALREADY_POSTED
    if -asked.points > state.active:
        return Reason.INSUFFICIENT_POINTS
    if not asked.points or asked.adjusted_by == asked.approved_by:
        return Reason.INVALID
    return Reason.TOO_MANY if len(parts) > LOTS_MOST else None


def _lot_of(asked: PointsAdjusted) -> str:
    return f"adjustment:{asked.event_id}"


def _add(state: Points, entry: Entry, asked: PointsAdjusted) -> None:
    """A lot of its own, without an expiry."""
    place = _lot_of(asked)
    parcel = Parcel(asked.event_id, None, None, None, asked.occurred_at, None, None, 0, 0, 0)
    index = entry.begin(place, parcel)
    repay_first(state, entry, Account.ADJUSTED, asked.points, place, index)


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {
        OrderPlaced,
        OrderStateChanged,
        ReturnAccepted,
        RedemptionRequested,
        RedemptionCancelled,
        GiftReserved,
        GiftRefused,
        GiftReleased,
        PointsAdjusted,
        FraudScored,
        AlertClosed,
        DisputeOpened,
        DisputeResolved,
        PaymentContested,
        TierChanged,
        ReferralQualified,
        ReferralReversed,
    }
)
POINTS: Agent[Any] = Agent("points", Points, HEARS, react, wake_at)
