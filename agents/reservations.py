"""Gifts: a redemption reserves pieces, and its reservation ends by a commit or a waiver, never by time.

A reservation never goes below what is available. A redemption asks once: one that is open has been
answered, and one that has ended is remembered among the newest `ENDED_MOST` and refused, as nothing
would ever end what it reserved again. Every waiver is answered, as its redemption waits for that.
"""

from __future__ import annotations

from collections.abc import Iterator

from agents.marks import mark
from agents.stock_book import Ended, Endings, Gift, Stock, changed, levels
from agents.stock_levels import sold
from schemas.outcomes import (
    GiftRefused,
    GiftReleased,
    GiftReserved,
    Reason,
    StockChanged,
    StockCommitted,
    StockMovement,
    StockRequested,
    StockWaived,
)
from schemas.record import Outcome

RESERVATIONS_MOST = 10_000
ENDED_MOST = 200
_NEWEST = "newest"


def reserve(state: Stock, event: StockRequested) -> Iterator[Outcome]:
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
    yield changed(state, event, StockMovement.RESERVED, -event.quantity, event.redemption_id)
    yield from levels(state, event, before)


def _refusal(state: Stock, event: StockRequested) -> Reason | None:
    """Why nothing is reserved; none when it can be."""
    ended = _ended(state, event)
    if ended is not None:
        return ended
    if state.available < event.quantity:
        return Reason.OUT_OF_STOCK
    return Reason.TOO_MANY if state.open_count >= RESERVATIONS_MOST else None


def commit(state: Stock, event: StockCommitted) -> Iterator[StockChanged]:
    """The gift is paid for: its pieces leave, and what is available stays as it is."""
    quantity = _take(state, event, Reason.ALREADY_REDEEMED)
    if not quantity:
        return
    state.on_hand -= quantity
    state.sales = sold(state.sales, quantity, event.occurred_at)
    yield changed(state, event, StockMovement.COMMITTED, 0, event.redemption_id)


def waive(state: Stock, event: StockWaived) -> Iterator[Outcome]:
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
        yield changed(state, event, StockMovement.RELEASED, quantity, event.redemption_id)
        yield from levels(state, event, before)


def _take(state: Stock, event: StockCommitted | StockWaived, reason: Reason) -> int:
    """End a redemption: its pieces are reserved no more. 0 when none were."""
    quantity = state.reservations.pop(_redemption(event), 0)
    if quantity:
        state.open_count -= 1
        state.reserved -= quantity
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
