"""What gifts cost in points: a broadcast table that every partition holds whole.

A listing holds from its `effective_at` on, until a later one does. It cannot change the past: a price
that would have held before it was listed is refused, so a redemption finds the same price whenever it
is heard. Of two listings for the same moment the one listed later counts, of equals the greater event id,
so that partitions which heard them in different orders agree.

What no redemption can ask for any more is forgotten: prices replaced `KEPT` before the newest listing,
as no action is taken that is older.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from agents import Place, StateMap, Table, Tables
from schemas.actions import GiftListed
from schemas.outcomes import GiftPriced, GiftPriceRefused

NAME = "gifts"
DAY = 86_400_000
KEPT = 400 * DAY
GIFTS_MOST = 10_000
PRICES_MOST = 200


class Price(Struct, frozen=True, array_like=True, order=True):
    """One listing; prices are in order of the moment from which they hold."""

    effective_at: int
    listed_at: int
    event_id: str
    points: int
    available: bool


class Prices(Struct, frozen=True, array_like=True):
    """A gift's listings in order, one for each `effective_at`."""

    prices: tuple[Price, ...]


class Gifts(Struct):
    """Prices by gift, and how many gifts there are."""

    count: int = 0
    prices: StateMap[Prices] = field(default_factory=StateMap)


def price(tables: Tables, product_id: str, at: int) -> int | None:
    """Points for one piece of the gift at this moment; None when it cannot be had for points then."""
    gifts: Gifts = tables[NAME]
    known = gifts.prices.get(product_id)
    if known is None:
        return None
    before = bisect_right(known.prices, at, key=_effective_at)
    if not before:
        return None
    found = known.prices[before - 1]
    return found.points if found.available else None


def react(state: Gifts, event: GiftListed, place: Place) -> Iterator[GiftPriced | GiftPriceRefused]:
    """Keep the listing, or refuse it with every reason; partition 0 says so."""
    known = state.prices.get(event.product_id)
    prices = () if known is None else known.prices
    reasons = _reasons(state, prices, event)
    if not reasons:
        _keep(state, prices, event)
    if place.partition != 0:
        return
    if reasons:
        yield GiftPriceRefused(
            product_id=event.product_id, occurred_at=event.occurred_at, reasons=reasons
        )
    else:
        yield GiftPriced(
            product_id=event.product_id,
            occurred_at=event.occurred_at,
            effective_at=event.effective_at,
            points=event.points,
            available=event.available,
        )


def _reasons(state: Gifts, prices: tuple[Price, ...], event: GiftListed) -> list[str]:
    """Why a listing cannot be taken, for people to read; none when it can."""
    reasons = []
    if event.effective_at < event.occurred_at:
        reasons.append(
            "It would hold from before it was listed, and a price cannot change what is past: "
            "set effective_at to the time of the listing or later."
        )
    if any(_newer(price, event) for price in prices):
        reasons.append("A listing made later already holds from the same effective_at.")
    if not prices and state.count >= GIFTS_MOST:
        reasons.append(f"There are {GIFTS_MOST} gifts already; no more are kept.")
    if len(_useful(prices, event)) >= PRICES_MOST:
        reasons.append(
            f"The gift has {PRICES_MOST} prices within {KEPT // DAY} days already; no more are kept."
        )
    return reasons


def _newer(price: Price, event: GiftListed) -> bool:
    """True when this price holds from the same moment and was listed later."""
    return price.effective_at == event.effective_at and (price.listed_at, price.event_id) > (
        event.occurred_at,
        event.event_id,
    )


def _useful(prices: tuple[Price, ...], event: GiftListed) -> list[Price]:
    """The prices that stay beside the listing: not replaced by it, and not too old to be asked for."""
    first = max(0, bisect_right(prices, event.occurred_at - KEPT, key=_effective_at) - 1)
    return [price for price in prices[first:] if price.effective_at != event.effective_at]


def _keep(state: Gifts, prices: tuple[Price, ...], event: GiftListed) -> None:
    listed = Price(
        event.effective_at, event.occurred_at, event.event_id, event.points, event.available
    )
    state.prices[event.product_id] = Prices(tuple(sorted([*_useful(prices, event), listed])))
    if not prices:
        state.count += 1


def _effective_at(price: Price) -> int:
    return price.effective_at


GIFTS: Table[Any] = Table(NAME, Gifts, frozenset({GiftListed}), react)
