"""What can be offered: products say when they go out of the offer or come back, all members hear it.

A product is out while an operator hides it, or while nothing of it is available; of a product whose stock
was never told, nothing is known and it can be offered. The table holds only what is out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, Place, StateMap, Table, Tables
from schemas.candidates import AvailabilityChanged, ProductHidden
from schemas.outcomes import StockChanged, StockMovement
from schemas.record import Outcome

NAME = "assortment"


class Offer(Struct):
    """Whether the product is hidden, its stock is counted and gone; what was said last, and of when."""

    hidden: bool = False
    hidden_at: int = -1
    counted: bool = False
    sold_out: bool = False
    out: bool = False


def tell(
    state: Offer, event: ProductHidden | StockChanged, _: Tables
) -> Iterator[AvailabilityChanged]:
    """Say it when it changes; of two orders to hide and show the later one holds."""
    match event:
        case ProductHidden():
            if event.occurred_at >= state.hidden_at:
                state.hidden, state.hidden_at = event.hidden, event.occurred_at
        case StockChanged():
            state.counted = state.counted or event.movement in COUNTS
            state.sold_out = state.counted and event.available <= 0
        case _:
            assert_never(event)
    out = state.hidden or state.sold_out
    if out is not state.out:
        state.out = out
        yield AvailabilityChanged(
            product_id=event.product_id, occurred_at=event.occurred_at, available=not out
        )


COUNTS = (StockMovement.RECEIVED, StockMovement.ADJUSTED)
OFFER: Agent[Any] = Agent("offer", Offer, frozenset({ProductHidden, StockChanged}), tell)


class Assortment(Struct):
    """Products that are out, each with when it went."""

    out: StateMap[int] = field(default_factory=StateMap)


def out(tables: Tables) -> Mapping[str, int]:
    """Products that cannot be offered; nothing is known against others."""
    assortment: Assortment = tables[NAME]
    return assortment.out


def hold(state: Assortment, event: AvailabilityChanged, _place: Place) -> Iterator[Outcome]:
    """A product's words come in their order, as one key says them."""
    if not event.available:
        state.out[event.product_id] = event.occurred_at
    elif event.product_id in state.out:
        del state.out[event.product_id]
    yield from ()


ASSORTMENT = Table(NAME, Assortment, frozenset({AvailabilityChanged}), hold)
