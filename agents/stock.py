"""The stock of a product: on hand, reserved for gifts, and what of it is available.

Sales and adjustments are facts and always move the stock, below zero too: then the pieces newly missing
are said as Oversold. Gifts are promises and never go below what is available: a redemption reserves, and
its reservation ends by a commit, with which the pieces leave, or by a waiver, never by time. Every waiver
is answered, as its redemption waits for that. A redemption asks once: what asked again while it is open
has been answered, and one that has ended is remembered among the newest `ENDED_MOST` and refused.
What low stock means stands in `stock_levels.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, StateMap, Tables
from agents.order_book import mark
from agents.stock_levels import Sales, sold, suggested, threshold
from schemas.actions import ProductListed, StockAdjusted, StockReceived
from schemas.outcomes import (
    GiftRefused,
    GiftReleased,
    GiftReserved,
    Oversold,
    ProductOffered,
    ProductReturned,
    ProductSold,
    Reason,
    StockChanged,
    StockCommitted,
    StockLow,
    StockMovement,
    StockRequested,
    StockWaived,
)
from schemas.record import Event, Outcome

RESERVATIONS_MOST = 10_000
ENDED_MOST = 200
_NEWEST = "newest"


class Ended(Struct, frozen=True, array_like=True):
    """A redemption that ended here, by its mark, and what another request of it is told."""

    redemption: bytes
    reason: Reason


class Endings(Struct, frozen=True, array_like=True):
    """The newest redemptions that ended, the newest last."""

    ended: tuple[Ended, ...]


class Stock(Struct):
    """Pieces; `low` from when low stock was said until it is filled up; open reservations."""

    on_hand: int = 0
    reserved: int = 0
    low: bool = False
    sales: Sales = Sales()
    offered_at: int = 0
    open_count: int = 0
    ended_count: int = 0
    reservations: StateMap[int] = field(default_factory=StateMap)
    endings: StateMap[Endings] = field(default_factory=StateMap)

    @property
    def available(self) -> int:
        """What can be promised; below zero it is oversold."""
        return self.on_hand - self.reserved


Heard = (
    ProductSold
    | ProductReturned
    | StockRequested
    | StockCommitted
    | StockWaived
    | StockReceived
    | StockAdjusted
    | ProductListed
)
Movement = (
    ProductSold
    | ProductReturned
    | StockRequested
    | StockCommitted
    | StockWaived
    | StockReceived
    | StockAdjusted
)
Gift = StockRequested | StockCommitted | StockWaived


def react(state: Stock, event: Heard, _tables: Tables) -> Iterable[Outcome]:
    """What each event does to the product's stock."""
    match event:
        case ProductSold(quantity=quantity):
            state.sales = sold(state.sales, quantity, event.occurred_at)
            return _move(state, event, StockMovement.SOLD, -quantity, event.order_id)
        case StockRequested():
            return _reserve(state, event)
        case StockCommitted():
            return _commit(state, event)
        case StockWaived():
            return _waive(state, event)
        case ProductReturned(quantity=quantity):
            if not event.sellable:
                return ()
            return _move(state, event, StockMovement.RETURNED, quantity, event.return_id)
        case StockReceived(quantity=quantity):
            return _move(state, event, StockMovement.RECEIVED, quantity, None)
        case StockAdjusted(quantity=quantity):
            return _move(state, event, StockMovement.ADJUSTED, quantity, None) if quantity else ()
        case ProductListed():
            return _offer(state, event)
        case _:
            assert_never(event)


# ---- movements ------------------------------------------------------------------------------------


def _move(
    state: Stock, event: Movement, movement: StockMovement, quantity: int, reference: str | None
) -> list[Outcome]:
    """Pieces come or go: what is on hand and what is available change alike."""
    before = state.available
    state.on_hand += quantity
    return [
        _changed(state, event, movement, quantity, reference),
        *_levels(state, event, before),
    ]


def _changed(
    state: Stock, event: Movement, movement: StockMovement, quantity: int, reference: str | None
) -> StockChanged:
    """The stock as it is now; `quantity` is the change of what is available."""
    return StockChanged(
        product_id=event.product_id,
        occurred_at=event.occurred_at,
        movement=movement,
        quantity=quantity,
        on_hand=state.on_hand,
        reserved=state.reserved,
        available=state.on_hand - state.reserved,
        reference=reference,
    )


def _levels(state: Stock, event: Movement, before: int) -> Iterator[Oversold | StockLow]:
    """What a change of what is available means: pieces newly missing, low stock, or filled up."""
    available = state.on_hand - state.reserved
    if available < 0 and available < before:
        yield Oversold(
            product_id=event.product_id,
            occurred_at=event.occurred_at,
            missing=min(before, 0) - available,
        )
    if available < before:
        if not state.low and available <= threshold(state.sales, event.occurred_at):
            state.low = True
            yield _low(state, event)
    elif state.low and available > threshold(state.sales, event.occurred_at):
        state.low = False


def _low(state: Stock, event: Movement) -> StockLow:
    return StockLow(
        product_id=event.product_id,
        occurred_at=event.occurred_at,
        available=state.available,
        threshold=threshold(state.sales, event.occurred_at),
        suggested_quantity=suggested(state.sales, event.occurred_at, state.available),
    )


# ---- gifts ----------------------------------------------------------------------------------------


def _reserve(state: Stock, event: StockRequested) -> Iterator[Outcome]:
    """Reserve what is available; a redemption that asked before is not answered twice."""
    redemption = _redemption(event)
    if redemption in state.reservations:
        return
    reason = _refusal(state, event)
    if reason is not None:
        yield GiftRefused(
            member_id=event.member_id,
            occurred_at=event.occurred_at,
            redemption_id=event.redemption_id,
            product_id=event.product_id,
            reason=reason,
        )
        return
    before = state.available
    state.reservations[redemption] = event.quantity
    state.open_count += 1
    state.reserved += event.quantity
    yield GiftReserved(
        member_id=event.member_id,
        occurred_at=event.occurred_at,
        redemption_id=event.redemption_id,
        product_id=event.product_id,
        quantity=event.quantity,
    )
    yield _changed(state, event, StockMovement.RESERVED, -event.quantity, event.redemption_id)
    yield from _levels(state, event, before)


def _refusal(state: Stock, event: StockRequested) -> Reason | None:
    """Why nothing is reserved; none when it can be."""
    ended = _ended(state, event)
    if ended is not None:
        return ended
    if state.available < event.quantity:
        return Reason.OUT_OF_STOCK
    return Reason.TOO_MANY if state.open_count >= RESERVATIONS_MOST else None


def _commit(state: Stock, event: StockCommitted) -> Iterator[StockChanged]:
    """The gift is paid for: its pieces leave, and what is available stays as it is."""
    quantity = _take(state, event, Reason.ALREADY_REDEEMED)
    if not quantity:
        return
    state.on_hand -= quantity
    state.sales = sold(state.sales, quantity, event.occurred_at)
    yield _changed(state, event, StockMovement.COMMITTED, 0, event.redemption_id)


def _waive(state: Stock, event: StockWaived) -> Iterator[Outcome]:
    """The gift is not wanted any more: let go of what is reserved for it, and say so in any case."""
    before = state.available
    quantity = _take(state, event, event.reason)
    yield GiftReleased(
        member_id=event.member_id,
        occurred_at=event.occurred_at,
        redemption_id=event.redemption_id,
        product_id=event.product_id,
        reason=event.reason,
    )
    if quantity:
        yield _changed(state, event, StockMovement.RELEASED, quantity, event.redemption_id)
        yield from _levels(state, event, before)


def _take(state: Stock, event: StockCommitted | StockWaived, reason: Reason) -> int:
    """End a redemption: its pieces are reserved no more. 0 when none were."""
    quantity = state.reservations.pop(_redemption(event), 0)
    if quantity:
        state.open_count -= 1
        state.reserved -= quantity
    if _ended(state, event) is None:
        before = state.endings[_NEWEST].ended if state.ended_count else ()
        ended = (*before, Ended(mark(_redemption(event)), reason))
        state.endings[_NEWEST] = Endings(ended[-ENDED_MOST:])
        state.ended_count += 1
    return quantity


def _ended(state: Stock, event: Gift) -> Reason | None:
    """Why the redemption has ended here, as far as is remembered; none when it has not."""
    if not state.ended_count:
        return None
    wanted = mark(_redemption(event))
    ended = state.endings[_NEWEST].ended
    return next((one.reason for one in ended if one.redemption == wanted), None)


def _redemption(event: Gift) -> str:
    """A redemption's name among those of all members."""
    return f"{event.member_id}\x1f{event.redemption_id}"


# ---- the offer ------------------------------------------------------------------------------------


def _offer(state: Stock, event: ProductListed) -> Iterator[ProductOffered]:
    """The listing that was made last holds, whenever it is heard."""
    if event.occurred_at < state.offered_at:
        return
    state.offered_at = event.occurred_at
    yield ProductOffered(
        product_id=event.product_id,
        occurred_at=event.occurred_at,
        name=event.name,
        category=event.category,
        price_minor=event.price_minor,
        currency=event.currency,
    )


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {
        ProductListed,
        StockReceived,
        StockAdjusted,
        ProductSold,
        ProductReturned,
        StockRequested,
        StockCommitted,
        StockWaived,
    }
)
STOCK: Agent[Any] = Agent("stock", Stock, HEARS, react)
