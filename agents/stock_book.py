"""What is kept of a product's stock, and what follows from a change of it.

Available is what is on hand less what is reserved; below zero pieces are missing, and those newly missing
are said as Oversold, never hidden. Low stock is said once, when what is available falls to the threshold
(`stock_levels.py`), and again only after a movement has raised it above.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from agents import StateMap
from agents.stock_levels import Sales, suggested, threshold
from schemas.actions import StockAdjusted, StockReceived
from schemas.outcomes import (
    Oversold,
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


Gift = StockRequested | StockCommitted | StockWaived
Movement = ProductSold | ProductReturned | StockReceived | StockAdjusted | Gift


def changed(
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


def levels(state: Stock, event: Movement, before: int) -> Iterator[Oversold | StockLow]:
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
