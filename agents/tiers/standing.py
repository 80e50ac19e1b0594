"""The tier of a member: up at once, down at the end of a period, each change said once.

A purchase adds its qualifying points to the period in which it was placed, a return takes them off again
and undoes the upgrade that they bought; a tier that was kept over the last period's end stays till the
next. Verdicts on an order are heard as the ledger hears them (`cases.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from msgspec import Struct, field, structs

from agents import Agent, StateMap, Tables, Woken
from agents.cases import (
    KEPT,
    NEVER,
    STOPPING,
    Case,
    judged,
    lapsed,
    suspected,
    taken_back,
    touches,
)
from agents.tiers import qualifying
from agents.tiers.floors import Counted, let_go, standing
from agents.tiers.periods import begins_at, period_of
from agents.tiers.qualifying import Order, ordered
from agents.tiers.rules import Version, began_by
from agents.verdicts import AWAITED_MOST
from schemas.outcomes import MemberEnrolled, OrderPlaced, ReturnAccepted
from schemas.record import Event, Outcome
from schemas.risk import AlertClosed, AlertEnd, Contest, FraudScored, PaymentContested
from schemas.tiers import TierChange, TierChanged, TierProgressed

Heard = (
    MemberEnrolled
    | OrderPlaced
    | ReturnAccepted
    | FraudScored
    | AlertClosed
    | PaymentContested
    | Woken
)
Said = Iterator[TierChanged | TierProgressed]


class Tiers(Struct):
    """The member's tier as it was last said, and what it follows from.

    `period` is the newest one heard of; `points` and `version` are as last said; `next_at` is when
    something happens by itself; `awaited` has the newest orders of which something was said before they
    were placed.
    """

    tier: str = ""
    period: int = 0
    points: int = 0
    version: int = 0
    next_at: int | None = None
    counted: Counted = field(default_factory=Counted)
    awaited: dict[str, Case] = field(default_factory=dict)
    orders: StateMap[Order] = field(default_factory=StateMap)

    def falls_due(self, at: int) -> None:
        """Something is due then."""
        if at < NEVER and (self.next_at is None or at < self.next_at):
            self.next_at = at


def react(state: Tiers, event: Heard, tables: Tables) -> Said:
    """What each event does to the member's tier; nothing before there is a programme."""
    began = began_by(tables, event.occurred_at)
    if began is None:
        return
    member_id = event.key
    period = max(state.period, period_of(began.rule, event.occurred_at))
    begun = period != state.period and bool(state.tier)
    state.period = period
    if not state.tier:
        yield from _say(state, member_id, event.occurred_at, TierChange.JOINED, tables)
    why = TierChange.STOPPED
    match event:
        case MemberEnrolled():
            pass
        case OrderPlaced():
            _place(state, event, began, tables)
        case ReturnAccepted():
            why = TierChange.RETURNED
            _return(state, event)
        case FraudScored():
            _suspect(state, event)
        case AlertClosed():
            _close(state, event)
        case PaymentContested():
            _contest(state, event)
        case Woken():
            why = TierChange.PERIOD_ENDED if begun else TierChange.STOPPED
            _wake(state, event.occurred_at, tables)
        case _:
            assert_never(event)
    yield from _say(state, member_id, event.occurred_at, why, tables, begun=begun)
    _look_ahead(state, began, whole=isinstance(event, Woken))


# ---- orders ----------------------------------------------------------------------------------------


def _place(state: Tiers, order: OrderPlaced, began: Version, tables: Tables) -> None:
    period = period_of(began.rule, order.occurred_at)
    case = state.awaited.pop(order.order_id, None)
    _keep(state, order.order_id, ordered(order, period, case, tables))


def _return(state: Tiers, back: ReturnAccepted) -> None:
    order = state.orders.get(back.order_id)
    if order is not None:
        _keep(state, back.order_id, qualifying.without(order, back))


def _keep(state: Tiers, order_id: str, after: Order) -> None:
    """Keep an order, and count what it adds now in place of what it added before."""
    before = state.orders.get(order_id)
    if before is None and not after.grants:
        return
    state.orders[order_id] = after
    if after.case is not None:
        state.falls_due(after.case.due())
    state.counted.add(after.period, after.worth - (0 if before is None else before.worth))


# ---- verdicts --------------------------------------------------------------------------------------


def _suspect(state: Tiers, scored: FraudScored) -> None:
    if scored.verdict in STOPPING and scored.order_id is not None:
        _file(state, scored.order_id, suspected(_case(state, scored.order_id), scored))


def _close(state: Tiers, closed: AlertClosed) -> None:
    """The orders that the alert names, where they are known or it confirms, and those it stopped."""
    confirms = closed.end is AlertEnd.CONFIRMED
    found = {one for one in closed.order_ids if confirms or _known(state, one)}
    found.update(one for one, case in state.awaited.items() if touches(case, closed))
    for order_id, order in state.orders.items():
        if order.case is not None and touches(order.case, closed):
            found.add(order_id)
    for order_id in sorted(found):
        _file(state, order_id, judged(_case(state, order_id), closed))


def _contest(state: Tiers, said: PaymentContested) -> None:
    """A payment that the bank took back takes its order along; a dispute alone stops nothing here."""
    if said.contest is Contest.TAKEN_BACK:
        case = taken_back(_case(state, said.order_id), said.payment_id, said.occurred_at)
        _file(state, said.order_id, case)


def _known(state: Tiers, order_id: str) -> bool:
    return order_id in state.awaited or order_id in state.orders


def _case(state: Tiers, order_id: str) -> Case:
    order = state.orders.get(order_id)
    known = state.awaited.get(order_id) if order is None else order.case
    return Case() if known is None else known


def _file(state: Tiers, order_id: str, case: Case) -> None:
    order = state.orders.get(order_id)
    if order is not None:
        _keep(state, order_id, structs.replace(order, case=case))
        return
    state.awaited = {o: c for o, c in state.awaited.items() if o != order_id} | {order_id: case}
    if len(state.awaited) > AWAITED_MOST:
        del state.awaited[next(iter(state.awaited))]


# ---- what happens by itself ------------------------------------------------------------------------


def _wake(state: Tiers, now: int, tables: Tables) -> None:
    """What nobody ended lapses, what can change no more is let go; the period's end is said by the caller."""
    state.next_at = None
    for order_id, order in list(state.orders.items()):
        if order.case is not None and order.case.due() <= now:
            _keep(state, order_id, structs.replace(order, case=lapsed(order.case, now)))
        if order.placed_at + KEPT <= now:
            del state.orders[order_id]
    state.awaited = {one: case for one, case in state.awaited.items() if case.forgotten_at > now}
    let_go(state.counted, now, tables)


def _look_ahead(state: Tiers, began: Version, *, whole: bool) -> None:
    """When the agent is next due; `whole`: look at every order, as what was due is over."""
    if state.counted.oldest is not None:
        state.falls_due(begins_at(began.rule, state.period + 1))
    for case in state.awaited.values():
        state.falls_due(case.forgotten_at)
    for order in state.orders.values() if whole else ():
        if order.case is not None:
            state.falls_due(order.case.due())


def wake_at(state: Tiers) -> int | None:
    """When the period ends, a verdict lapses, or something is let go."""
    return state.next_at


# ---- what is said ----------------------------------------------------------------------------------


def _say(
    state: Tiers,
    member_id: str,
    at: int,
    why: TierChange,
    tables: Tables,
    *,
    begun: bool = False,
) -> Said:
    """The tier if it changed, else the points if they did, or the period; `why`: if it fell."""
    now = standing(state.counted, state.period, tables)
    tiers = now.version.rule.tiers
    tier = tiers[now.place]
    above = tiers[now.place + 1] if now.place + 1 < len(tiers) else None
    fields: dict[str, Any] = {
        "member_id": member_id,
        "occurred_at": at,
        "tier": tier.tier,
        "qualifying_points": now.points,
        "review_at": begins_at(now.version.rule, state.period + 1),
        "next_tier": None if above is None else above.tier,
        "next_threshold_points": None if above is None else above.threshold_points,
        "rule_version": now.version.version,
    }
    if tier.tier != state.tier:
        yield TierChanged(
            **fields,
            from_tier=state.tier or None,
            reason=_reason(state, now.version, now.place, why),
            earn_percent=tier.earn_percent,
        )
    elif now.points != state.points or begun:
        yield TierProgressed(**fields)
    state.tier, state.points, state.version = tier.tier, now.points, now.version.version


def _reason(state: Tiers, version: Version, place: int, why: TierChange) -> TierChange:
    """Up is qualified, or due to another version; down is what the event says."""
    if why is TierChange.JOINED:
        return why
    names = [tier.tier for tier in version.rule.tiers]
    if state.tier not in names:
        return TierChange.RULE_CHANGED
    if place < names.index(state.tier):
        return why
    by_rule = why is TierChange.PERIOD_ENDED and version.version != state.version
    return TierChange.RULE_CHANGED if by_rule else TierChange.QUALIFIED


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {MemberEnrolled, OrderPlaced, ReturnAccepted, FraudScored, AlertClosed, PaymentContested}
)
TIERS: Agent[Any] = Agent("tiers", Tiers, HEARS, react, wake_at)
