"""The life of an order: placed once, delivered, returned piece by piece, closed.

An order id stands for one purchase of the member: the same again is refused as ALREADY_POSTED, another
under the same id as CONFLICTS, and after its closing as ORDER_CLOSED. A delivery or a return may be heard
before its purchase and waits for it: of deliveries the newest `DELIVERIES_MOST`, a return for
`returns.WAITS`. What an order is and how long it is kept stands in `order_book.py`, returns in
`returns.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from msgspec import structs

from agents import Agent, Tables, Woken
from agents.marks import mark
from agents.order_book import (
    Order,
    Orders,
    closes_at,
    order_of,
    remember_closed,
    return_of,
    state_of,
    was_closed,
)
from agents.returns import Asked, decide, give_up, settle_waiting
from schemas.actions import OrderDelivered, PurchaseMade, PurchaseReturned
from schemas.outcomes import (
    OrderPlaced,
    OrderRefused,
    OrderState,
    OrderStateChanged,
    ProductSold,
    Reason,
    ReturnRefused,
)
from schemas.record import IDENTIFIER, MAX_AMOUNT, MAX_QUANTITY, Event, Outcome

DELIVERIES_MOST = 20

Heard = PurchaseMade | OrderDelivered | PurchaseReturned | Woken


def react(state: Orders, event: Heard, _tables: Tables) -> Iterator[Outcome]:
    """What each event does to the member's orders."""
    match event:
        case PurchaseMade():
            yield from _purchase(state, event)
        case OrderDelivered():
            yield from _deliver(state, event)
        case PurchaseReturned():
            yield from _return(state, event)
        case Woken():
            yield from give_up(state, event.key, event.occurred_at)
            yield from _close(state, event.key, event.occurred_at)
        case _:
            assert_never(event)


def wake_at(state: Orders) -> int | None:
    """When the first order closes or the first waiting return has waited long enough."""
    if not state.waiting:
        return state.closes_at
    first = min(waiting.waits_until for waiting in state.waiting)
    return first if state.closes_at is None else min(first, state.closes_at)


# ---- purchases ------------------------------------------------------------------------------------


def _purchase(state: Orders, event: PurchaseMade) -> Iterator[Outcome]:
    """Place the order, tell the products, and catch up with what came before it."""
    order, order_id, at = order_of(event), event.order_id, event.occurred_at
    quantities: dict[str, int] = {}
    for line in event.lines:
        quantities[line.product_id] = quantities.get(line.product_id, 0) + line.quantity
    total_minor = sum(order.amounts)
    reason = _refusal(state, order_id, order, quantities, total_minor)
    if reason is not None:
        yield OrderRefused(
            member_id=event.member_id, occurred_at=at, order_id=order_id, reason=reason
        )
        return
    _keep(state, order_id, order)
    yield OrderPlaced(
        member_id=event.member_id,
        occurred_at=at,
        order_id=order_id,
        currency=event.currency,
        lines=event.lines,
        total_minor=total_minor,
        postage_minor=event.postage_minor,
        tax_minor=event.tax_minor,
    )
    for product_id, quantity in quantities.items():
        yield ProductSold(
            product_id=product_id,
            occurred_at=at,
            member_id=event.member_id,
            order_id=order_id,
            quantity=quantity,
        )
    if state.delivered or state.waiting:
        yield from _catch_up(state, event, quantities)


def _refusal(
    state: Orders, order_id: str, order: Order, quantities: dict[str, int], total_minor: int
) -> Reason | None:
    """Why the order does not count; none when it does."""
    known = state.orders.get(order_id)
    if known is not None:
        return Reason.ALREADY_POSTED if known.digest == order.digest else Reason.CONFLICTS
    if was_closed(state, order_id):
        return Reason.ORDER_CLOSED
    if len(set(order.numbers)) < len(order.numbers) or total_minor > MAX_AMOUNT:
        return Reason.INVALID
    return Reason.INVALID if max(quantities.values()) > MAX_QUANTITY else None


def _keep(state: Orders, order_id: str, order: Order) -> None:
    state.orders[order_id] = order
    closing = closes_at(order.placed_at)
    if state.closes_at is None or closing < state.closes_at:
        state.closes_at = closing


def _catch_up(state: Orders, event: PurchaseMade, quantities: dict[str, int]) -> Iterator[Outcome]:
    """The delivery and the returns that were heard before the purchase."""
    delivered_at = state.delivered.pop(event.order_id, None)
    if delivered_at is not None:
        yield _delivered(state, event.member_id, event.order_id, delivered_at)
    products = {mark(product_id): product_id for product_id in quantities}
    yield from settle_waiting(state, event.member_id, event.order_id, products)


# ---- deliveries -----------------------------------------------------------------------------------


def _deliver(state: Orders, event: OrderDelivered) -> Iterator[OrderStateChanged]:
    """The first delivery that is told counts; that of an unknown order waits for its purchase."""
    order = state.orders.get(event.order_id)
    if order is not None:
        if order.delivered_at is None:
            yield _delivered(state, event.member_id, event.order_id, event.occurred_at)
    elif not was_closed(state, event.order_id):
        state.delivered.setdefault(event.order_id, event.occurred_at)
        if len(state.delivered) > DELIVERIES_MOST:
            del state.delivered[next(iter(state.delivered))]


def _delivered(
    state: Orders, member_id: str, order_id: str, delivered_at: int
) -> OrderStateChanged:
    """A delivery is said as of the later of it and its purchase."""
    order = structs.replace(state.orders[order_id], delivered_at=delivered_at)
    state.orders[order_id] = order
    return OrderStateChanged(
        member_id=member_id,
        occurred_at=max(delivered_at, order.placed_at),
        order_id=order_id,
        state=state_of(order),
        delivered_at=delivered_at,
    )


# ---- returns and closing --------------------------------------------------------------------------


def _return(state: Orders, event: PurchaseReturned) -> Iterator[Outcome]:
    """A return without the id of an order, or with one that no order can have, is refused."""
    order_id = event.order_id
    if not order_id or len(order_id) > IDENTIFIER["max_length"]:
        yield ReturnRefused(
            member_id=event.member_id,
            occurred_at=event.occurred_at,
            return_id=event.return_id,
            order_id=order_id,
            reason=Reason.UNKNOWN_ORDER,
        )
        return
    back = return_of(event, order_id)
    products = {mark(line.product_id): line.product_id for line in event.lines}
    asked = Asked(event.member_id, event.return_id, event.occurred_at, back, products)
    yield from decide(state, asked)


def _close(state: Orders, member_id: str, moment: int) -> Iterator[OrderStateChanged]:
    """Let go of the orders whose time is over, and of their returns; the others are looked at only."""
    if state.closes_at is None or state.closes_at > moment:
        return
    closed, left = [], []
    for order_id, order in state.orders.items():
        closing = closes_at(order.placed_at)
        if closing > moment:
            left.append(closing)
            continue
        closed.append(order_id)
        yield OrderStateChanged(
            member_id=member_id,
            occurred_at=moment,
            order_id=order_id,
            state=OrderState.CLOSED,
            delivered_at=order.delivered_at,
        )
    _forget(state, closed, moment)
    state.closes_at = min(left, default=None)


def _forget(state: Orders, closed: list[str], moment: int) -> None:
    for order_id in closed:
        del state.orders[order_id]
    gone = set(closed)
    for return_id, back in list(state.returns.items()):
        if back.order_id in gone:
            del state.returns[return_id]
    remember_closed(state, closed)
    for order_id, delivered_at in list(state.delivered.items()):
        if closes_at(delivered_at) <= moment:
            del state.delivered[order_id]


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {PurchaseMade, OrderDelivered, PurchaseReturned}
)
ORDERS: Agent[Any] = Agent("orders", Orders, HEARS, react, wake_at)
