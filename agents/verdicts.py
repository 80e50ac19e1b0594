"""What verdicts, the ends of alerts and disputes mean for an order: heard here, kept as the order's case.

| word | what happens to the order's points |
|---|---|
| FraudScored HOLD or BLOCK | what is left of them is withheld: not spendable, not expiring |
| AlertClosed CLEARED, EXPIRED | they are released, pending or active as their time has come |
| AlertClosed CONFIRMED | all that the order earned is taken back, what is spent by the return policy |
| DisputeOpened, DisputeResolved | pending ones wait meanwhile |
| PaymentContested | the same for who named the payment only; TAKEN_BACK: what is left of them is forfeited |

What is to be is decided in `cases.py`, and the points are brought there by `withholding.py`: so a word
that is heard again, or a second alert about the same order, moves nothing twice. What is said of an order
before it is placed waits for it, the newest `AWAITED_MOST` of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from agents import Tables
from agents.cases import (
    STOPPING,
    Case,
    disputed,
    judged,
    lapsed,
    resolved,
    suspected,
    taken_back,
    touches,
)
from agents.earning import entry_of
from agents.ledger import Entry, Points
from agents.withholding import Judged, bring
from schemas.outcomes import JudgedOutcome, OrderPlaced, PointsRescheduled
from schemas.risk import (
    AlertClosed,
    AlertEnd,
    Contest,
    DisputeOpened,
    DisputeResolved,
    FraudScored,
    PaymentContested,
)

AWAITED_MOST = 50

Said = Iterator[JudgedOutcome | PointsRescheduled]


# ---- what is heard ---------------------------------------------------------------------------------


def suspect(state: Points, scored: FraudScored, tables: Tables) -> Said:
    """A verdict that stops an order, placed already or not yet."""
    if scored.verdict in STOPPING and scored.order_id is not None:
        case = suspected(case_of(state, scored.order_id), scored)
        yield from file(state, scored.member_id, scored.order_id, case, scored.occurred_at, tables)


def close(state: Points, closed: AlertClosed, tables: Tables) -> Said:
    """An alert ended: whatever of the member's orders was part of it is decided."""
    for order_id in _orders_of(state, closed):
        case = judged(case_of(state, order_id), closed)
        yield from file(
            state,
            closed.member_id,
            order_id,
            case,
            closed.occurred_at,
            tables,
            alert_id=closed.alert_id,
        )


def _orders_of(state: Points, closed: AlertClosed) -> list[str]:
    """The orders that the alert names, and those that it stopped though its list was too short."""
    found = dict.fromkeys(closed.order_ids)
    if closed.end is not AlertEnd.CONFIRMED:
        found = {one: None for one in found if _known(state, one)}
    for order_id, case in state.awaited.items():
        if touches(case, closed):
            found[order_id] = None
    for lots in state.lots.values():
        if lots.case is not None and touches(lots.case, closed):
            found[lots.parcels[0].order_id or ""] = None
    return list(found)


def _known(state: Points, order_id: str) -> bool:
    return order_id in state.awaited or entry_of(order_id) in state.lots


def dispute(state: Points, said: DisputeOpened | DisputeResolved, tables: Tables) -> Said:
    """A dispute of an order stops the clock of its pending points, and its end lets it go on.

    Of one that names a payment only, `risk` says the order: PaymentContested.
    """
    order_id, at = said.order_id or _disputed_order(state, said.dispute_id), said.occurred_at
    if order_id is None:
        return
    change = disputed if isinstance(said, DisputeOpened) else resolved
    case = change(case_of(state, order_id), said.dispute_id, at)
    yield from file(state, said.member_id, order_id, case, at, tables)


def contest(state: Points, said: PaymentContested, tables: Tables) -> Said:
    """A payment of an order is disputed, or no longer, or was taken back by the bank.

    Who is at fault for a payment taken back is not known, so the member counts as the victim: what the
    order earned goes as far as it is there.
    """
    case, at = case_of(state, said.order_id), said.occurred_at
    if said.contest is Contest.TAKEN_BACK:
        case = taken_back(case, said.payment_id, at)
    elif said.dispute_id is not None:
        change = disputed if said.contest is Contest.DISPUTED else resolved
        case = change(case, said.dispute_id, at)
    yield from file(state, said.member_id, said.order_id, case, at, tables)


def _disputed_order(state: Points, dispute_id: str) -> str | None:
    for order_id, case in state.awaited.items():
        if dispute_id in case.disputes:
            return order_id
    for lots in state.lots.values():
        if lots.case is not None and dispute_id in lots.case.disputes:
            return lots.parcels[0].order_id
    return None


def catch_up(state: Points, order: OrderPlaced, case: Case, tables: Tables) -> Said:
    """The order is placed of which something was said before."""
    if entry_of(order.order_id) in state.lots:
        yield from file(state, order.member_id, order.order_id, case, order.occurred_at, tables)


def lapse(state: Points, member_id: str, place: str, now: int, tables: Tables) -> Said:
    """What nobody ended in time of what is said against an order is over."""
    lots = state.lots[place]
    if lots.case is not None:
        order_id = lots.parcels[0].order_id or ""
        yield from file(state, member_id, order_id, lapsed(lots.case, now), now, tables)


# ---- the case and the points -----------------------------------------------------------------------


def case_of(state: Points, order_id: str) -> Case:
    """What is said against an order so far."""
    lots = state.lots.get(entry_of(order_id))
    known = state.awaited.get(order_id) if lots is None else lots.case
    return Case() if known is None else known


def file(
    state: Points,
    member_id: str,
    order_id: str,
    case: Case,
    now: int,
    tables: Tables,
    *,
    alert_id: str | None = None,
) -> Said:
    """Keep the case, and bring the order's points to where it wants them."""
    place = entry_of(order_id)
    lots = state.lots.get(place)
    if lots is None:
        _await(state, order_id, case)
        return
    before, after = lots.standing, case.wanted
    stopped = lots.disputed
    state.put_lots(place, structs.replace(lots, case=structs.replace(case, standing=after)))
    if stopped is not case.disputed:
        yield from _move_clock(state, member_id, order_id, now)
    if before is after:
        return
    for index, parcel in enumerate(lots.parcels):
        if parcel.net:
            lot = Judged(member_id, place, index, before, now, alert_id)
            yield bring(state, lot, after, tables)


def _await(state: Points, order_id: str, case: Case) -> None:
    state.awaited = {o: c for o, c in state.awaited.items() if o != order_id} | {order_id: case}
    if len(state.awaited) > AWAITED_MOST:
        del state.awaited[next(iter(state.awaited))]
    state.falls_due(case.forgotten_at)


def _move_clock(
    state: Points, member_id: str, order_id: str, now: int
) -> Iterator[PointsRescheduled]:
    """A dispute began: the clock stands. It ended: what is due since turns active now."""
    place, entry, points = entry_of(order_id), Entry(state), 0
    lots = state.lots[place]
    for index, parcel in enumerate(lots.parcels):
        if not parcel.pending or parcel.activates_at is None:
            continue
        points += parcel.pending
        at = parcel.activates_at if lots.disputed else max(parcel.activates_at, now)
        entry.change(place, index, activates_at=at)
    if points:
        yield PointsRescheduled(
            member_id=member_id,
            occurred_at=now,
            points=points,
            order_id=order_id,
            **entry.fields(),
        )
