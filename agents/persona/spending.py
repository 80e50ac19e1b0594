"""What a member paid: in all, as a rate, for a piece; and what was wrong in what was told of it.

The rate is an exponential kernel over the past: 90 · ln 2 / H · sum of amount · 2^(-age / H), divided by the
part of the kernel that the member's time fills, 1 - 2^(-time / H); H is 26 weeks. Who always spends the same
has that very rate from the first quarter on. A refund takes out what its order put in.
"""

from __future__ import annotations

from math import exp, log, log1p, sqrt

from msgspec import Struct, structs

from agents.calendar import DAY
from agents.marks import digest, mark
from schemas.outcomes import OrderPlaced, ReturnAccepted
from schemas.persona import DataQuality

HALF_LIFE_DAYS = 26 * 7.0
HALF_LIFE = 26 * 7 * DAY
RATE_DAYS = 90.0
ORDERS_MOST = 20
ALIKE_WITHIN = 10 * 60_000
OUTLIER_DEVIATIONS = 3.0
OUTLIER_ORDERS_LEAST = 5
DEVIATION_LEAST = 0.1  # of ln(amount): who always pays the same may pay a little more


class Ordered(Struct, frozen=True, array_like=True):
    """An order whose refund is to be taken out: when, by which mark."""

    mark: bytes
    at: int


class Spending(Struct):
    """Sums over the orders in `currency`; `decayed` ones are of value · 2^(at / H), at since 1970."""

    currency: str | None = None
    orders: int = 0
    first_at: int = 0
    last_at: int = 0
    spend_minor: int = 0
    refunded_minor: int = 0
    decayed_minor: float = 0.0
    decayed_log_price: float = 0.0
    decayed_lines: float = 0.0
    mean: float = 0.0  # of ln(1 + amount), and the sum of squares around it (Welford)
    squares: float = 0.0
    measured: int = 0
    last_content: bytes = b""
    newest: list[Ordered] = []
    quality: DataQuality = DataQuality()


def buy(spending: Spending, order: OrderPlaced) -> None:
    """Count an order, and what is wrong in it."""
    _judge(spending, order)
    spending.orders += 1
    spending.first_at = min(spending.first_at or order.occurred_at, order.occurred_at)
    spending.last_at = max(spending.last_at, order.occurred_at)
    spending.currency = spending.currency or order.currency
    if order.currency != spending.currency:
        return
    weight = 2.0 ** (order.occurred_at / HALF_LIFE)
    spending.spend_minor += order.total_minor
    spending.decayed_minor += weight * order.total_minor
    for line in order.lines:
        spending.decayed_log_price += weight * log1p(line.amount_minor / line.quantity)
        spending.decayed_lines += weight
    spending.newest.append(Ordered(mark(order.order_id), order.occurred_at))
    del spending.newest[:-ORDERS_MOST]


def refund(spending: Spending, back: ReturnAccepted) -> None:
    """Take out what came back; of an order that is no longer known, as if it were the eldest that is."""
    its = mark(back.order_id)
    known = [one.at for one in spending.newest if one.mark == its]
    known = known or [one.at for one in spending.newest[:1]]
    if not known:
        return  # an order in another currency
    spending.refunded_minor += back.refund_minor
    spending.spend_minor -= back.refund_minor
    left = spending.decayed_minor - back.refund_minor * 2.0 ** (known[0] / HALF_LIFE)
    spending.decayed_minor = max(left, 0.0)


def rate(spending: Spending) -> float | None:
    """Minor units in 90 days, as of the last order; none without one."""
    if not spending.newest:
        return None
    days = max((spending.last_at - spending.first_at) / DAY, RATE_DAYS)
    filled = 1.0 - 2.0 ** (-days / HALF_LIFE_DAYS)
    now: float = spending.decayed_minor * 2.0 ** (-spending.last_at / HALF_LIFE)
    return float(now * RATE_DAYS * log(2.0) / HALF_LIFE_DAYS / filled)


def price(spending: Spending) -> float | None:
    """The geometric mean of (1 + what a piece cost) - 1, decayed, in minor units."""
    if not spending.decayed_lines:
        return None
    return exp(spending.decayed_log_price / spending.decayed_lines) - 1.0


def told_again(spending: Spending) -> None:
    """An order came that was there already."""
    quality = spending.quality
    spending.quality = structs.replace(quality, duplicates=quality.duplicates + 1)


def _judge(spending: Spending, order: OrderPlaced) -> None:
    """Count what is wrong, before the order is counted in."""
    quality, value = spending.quality, log1p(order.total_minor)
    content = digest([(line.product_id, line.quantity, line.amount_minor) for line in order.lines])
    apart = abs(order.occurred_at - spending.last_at)
    foreign = spending.currency not in (None, order.currency)
    spending.quality = DataQuality(
        orders=quality.orders + 1,
        duplicates=quality.duplicates
        + (content == spending.last_content and apart <= ALIKE_WITHIN),
        lines=quality.lines + len(order.lines),
        gaps=quality.gaps + sum(not line.category for line in order.lines),
        outliers=quality.outliers + (not foreign and _far(spending, value)),
        foreign=quality.foreign + foreign,
    )
    spending.last_content = content
    if not foreign:
        _measure(spending, value)


def _far(spending: Spending, value: float) -> bool:
    if spending.measured < OUTLIER_ORDERS_LEAST:
        return False
    deviation = sqrt(spending.squares / (spending.measured - 1))
    return abs(value - spending.mean) > OUTLIER_DEVIATIONS * max(deviation, DEVIATION_LEAST)


def _measure(spending: Spending, value: float) -> None:
    spending.measured += 1
    apart = value - spending.mean
    spending.mean += apart / spending.measured
    spending.squares += apart * (value - spending.mean)
