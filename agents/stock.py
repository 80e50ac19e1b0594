"""The stock of a product: what came, went, was counted; what is promised as a gift.

Sales, returns and adjustments are facts and always move the stock, below zero too. Gifts are promises
and are refused when there is nothing left (`reservations.py`). Goods that came back count only if they can
be sold again. Time moves nothing, and what is on hand is the same in whatever order its movements come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from agents import Agent, Tables
from agents.reservations import commit, reserve, waive
from agents.stock_book import Movement, Stock, changed, levels
from agents.stock_levels import sold
from schemas.actions import ProductListed, StockAdjusted, StockReceived
from schemas.outcomes import (
    ProductOffered,
    ProductReturned,
    ProductSold,
    StockCommitted,
    StockMovement,
    StockRequested,
    StockWaived,
)
from schemas.record import Event, Outcome

Heard = Movement | ProductListed


def react(state: Stock, event: Heard, _tables: Tables) -> Iterable[Outcome]:
    """What each event does to the product's stock."""
    match event:
        case ProductSold(quantity=quantity):
            state.sales = sold(state.sales, quantity, event.occurred_at)
            return _move(state, event, StockMovement.SOLD, -quantity, event.order_id)
        case StockRequested():
            return reserve(state, event)
        case StockCommitted():
            return commit(state, event)
        case StockWaived():
            return waive(state, event)
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


def _move(
    state: Stock, event: Movement, movement: StockMovement, quantity: int, reference: str | None
) -> list[Outcome]:
    """Pieces come or go: what is on hand and what is available change alike."""
    before = state.available
    state.on_hand += quantity
    return [
        changed(state, event, movement, quantity, reference),
        *levels(state, event, before),
    ]


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
