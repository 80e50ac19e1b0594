"""What a piece costs in this shop: a table that counts the prices of its own partition's orders.

A member's price means something beside what others pay. Each partition counts for itself: members are
spread over partitions by a hash, so each sees the same shop. Prices fall into bins of half a doubling, and
all counts are halved now and then, so that a price that nobody pays any more is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log2
from typing import Any

from msgspec import Struct, field

from agents import Place, Table, Tables
from schemas.outcomes import OrderPlaced
from schemas.persona import PriceBand
from schemas.record import Outcome

NAME = "prices"
BINS = 80  # of half a doubling: up to 2^40 minor units
LINES_LEAST = 50  # fewer tell nothing of the shop
LINES_MOST = 100_000  # then all counts are halved


class Prices(Struct):
    """How many lines fell into each bin."""

    counts: list[int] = field(default_factory=list)
    lines: int = 0


def bin_of(price_minor: float) -> int:
    """The bin of a price of one piece, in minor units.

    >>> bin_of(1), bin_of(100), bin_of(200)
    (2, 13, 15)
    """
    return min(int(2.0 * log2(price_minor + 1.0)), BINS - 1)


def band(tables: Tables, price_minor: float) -> PriceBand | None:
    """Which third of the shop's lines a price is in; none while there are too few of them."""
    prices: Prices = tables[NAME]
    if prices.lines < LINES_LEAST:
        return None
    place = bin_of(price_minor)
    below = sum(prices.counts[:place]) + prices.counts[place] / 2.0
    share = below / prices.lines
    if share < 1 / 3:
        return PriceBand.LOW
    return PriceBand.MIDDLE if share < 2 / 3 else PriceBand.HIGH


def react(state: Prices, event: OrderPlaced, _place: Place) -> Iterator[Outcome]:
    """Count an order's lines."""
    if not state.counts:
        state.counts = [0] * BINS
    for line in event.lines:
        state.counts[bin_of(line.amount_minor / line.quantity)] += 1
        state.lines += 1
    if state.lines >= LINES_MOST:
        state.counts = [count // 2 for count in state.counts]
        state.lines = sum(state.counts)
    yield from ()


PRICES: Table[Any] = Table(NAME, Prices, frozenset({OrderPlaced}), react)
