"""When stock is low, and how many pieces to order: from how fast the product leaves.

The rate is an exponentially decayed count of the pieces that left with orders and as gifts: a piece
counts half after `HALF_LIFE_DAYS`. When r pieces a day leave steadily that count tends to
r * half-life / ln 2, which gives the rate back; in a product's first weeks it is too low, as not much is
known yet. An order takes `LEAD_DAYS` to come and stock must last `SAFETY_DAYS` more: at or below what
leaves in those days it is low. What is suggested fills up to what leaves in `COVER_DAYS` beyond them.
"""

from __future__ import annotations

from math import ceil, exp2

from msgspec import Struct

DAY = 86_400_000
HALF_LIFE_DAYS = 28
LEAD_DAYS = 7
SAFETY_DAYS = 3
COVER_DAYS = 30
_DECAY = -1 / (HALF_LIFE_DAYS * DAY)
_LN2 = 0.6931471805599453


class Sales(Struct, frozen=True, array_like=True):
    """The decayed count of pieces sold, as of a moment."""

    weight: float = 0.0
    at: int = 0


def sold(sales: Sales, pieces: int, at: int) -> Sales:
    """Pieces sold at this moment (milliseconds), which may be earlier than others counted.

    >>> sold(sold(Sales(), 4, 0), 1, HALF_LIFE_DAYS * DAY)
    Sales(weight=3.0, at=2419200000)
    """
    if at < sales.at:
        return Sales(sales.weight + pieces * exp2((sales.at - at) * _DECAY), sales.at)
    return Sales(sales.weight * exp2((at - sales.at) * _DECAY) + pieces, at)


def rate_per_day(sales: Sales, at: int) -> float:
    """Pieces a day, as of this moment."""
    return sales.weight * exp2(max(0, at - sales.at) * _DECAY) * _LN2 / HALF_LIFE_DAYS


def threshold(sales: Sales, at: int) -> int:
    """Stock is low at so many pieces: what sells until an order is there, and a little longer."""
    return ceil(rate_per_day(sales, at) * (LEAD_DAYS + SAFETY_DAYS))


def suggested(sales: Sales, at: int, available: int) -> int:
    """Pieces to order now, so that stock lasts `COVER_DAYS` longer than the threshold; never below 0."""
    wanted = rate_per_day(sales, at) * (LEAD_DAYS + SAFETY_DAYS + COVER_DAYS)
    return max(0, ceil(wanted) - available)
