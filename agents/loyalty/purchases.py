"""What is known of a member's purchases: the newest orders one by one, sums of those before them.

An order that is wholly returned, or whose gain was forfeited as fraud, is kept and no longer counts: a
verdict can be lifted. Orders of one UTC day are one purchase day, as a basket that was split says nothing
about coming back. Only the newest `ORDERS_MOST` orders can still change; what is older stands.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from itertools import pairwise
from math import log1p, sqrt

from msgspec import Struct, field, structs

from agents.calendar import DAY
from schemas.loyalty import PurchaseFigures

ORDERS_MOST = 40
HALF_LIFE = 32 * 7 * DAY
MINOR = 100  # minor units in a major one
YEAR_DAYS = 365.25
RATE_FROM_DAYS = 28.0  # under that a yearly rate says nothing


class Bought(Struct, frozen=True, array_like=True, order=True):
    """An order: when, by which mark, ln(1 + amount); and why it does not count, if so."""

    at: int
    mark: bytes
    log_amount: float
    returned: bool = False
    fraud: bool = False

    @property
    def counts(self) -> bool:
        """True when it is kept and honest."""
        return not (self.returned or self.fraud)


class Standing(Struct, frozen=True, array_like=True):
    """The sums over what counts.

    `activity` is the sum over purchase days of 2^(at / half-life), at since 1970: forward decay, so it is
    never rewritten as time goes by.
    """

    days: int = 0
    orders: int = 0
    first_at: int = 0
    second_at: int = 0  # the first order of the second purchase day
    last_at: int = 0
    log_amounts: float = 0.0
    activity: float = 0.0


NOTHING = Standing()


class Purchases(Struct):
    """The newest orders by time, and the sums over those that were let go and over all."""

    newest: list[Bought] = field(default_factory=list)
    older: Standing = NOTHING
    standing: Standing = NOTHING


def buy(purchases: Purchases, at: int, mark: bytes, amount_minor: int) -> None:
    """Count an order, also one that is told late."""
    insort(purchases.newest, Bought(at, mark, log1p(amount_minor / MINOR)))
    if len(purchases.newest) > ORDERS_MOST:
        eldest = purchases.newest.pop(0)
        if eldest.counts:
            purchases.older = _with(purchases.older, eldest)
    _sum(purchases)


def change(
    purchases: Purchases,
    mark: bytes,
    *,
    returned: bool | None = None,
    fraud: bool | None = None,
) -> bool:
    """Say what became of an order; True when it counts now and did not, or the other way round."""
    for place, before in enumerate(purchases.newest):
        if before.mark == mark:
            after = structs.replace(
                before,
                returned=before.returned if returned is None else returned,
                fraud=before.fraud if fraud is None else fraud,
            )
            purchases.newest[place] = after
            _sum(purchases)
            return after.counts != before.counts
    return False


def _sum(purchases: Purchases) -> None:
    standing = purchases.older
    for bought in purchases.newest:
        if bought.counts:
            standing = _with(standing, bought)
    purchases.standing = standing


def _with(standing: Standing, bought: Bought) -> Standing:
    """The sums with one order more; orders come in the order of time, but for very late ones."""
    at = bought.at
    new_day = not standing.days or at // DAY != standing.last_at // DAY
    return Standing(
        days=standing.days + new_day,
        orders=standing.orders + 1,
        first_at=min(standing.first_at, at) if standing.days else at,
        second_at=at if new_day and standing.days == 1 else standing.second_at,
        last_at=max(standing.last_at, at),
        log_amounts=standing.log_amounts + bought.log_amount,
        activity=standing.activity + (2.0 ** (at / HALF_LIFE) if new_day else 0.0),
    )


# ---- figures ---------------------------------------------------------------------------------------


def figures(standing: Standing, at: int) -> PurchaseFigures | None:
    """How the member stands at a moment (milliseconds); None when no purchase counts."""
    if not standing.days:
        return None
    return PurchaseFigures(
        purchase_days=standing.days,
        silent_days=max(at - standing.last_at, 0) / DAY,
        member_days=max(at - standing.first_at, 0) / DAY,
        log_amount=standing.log_amounts / standing.orders,
        recent_purchases=standing.activity * 2.0 ** (-at / HALF_LIFE),
    )


def fresh(now: PurchaseFigures) -> PurchaseFigures:
    """The same member, had the last purchase just been."""
    return structs.replace(now, silent_days=0.0)


def repeats_a_year(standing: Standing, at: int) -> float | None:
    """(purchase days - 1) by years since the first; None in the first 28 days.

    >>> repeats_a_year(Standing(days=3, first_at=0), 2 * 365 * DAY + DAY // 2)
    1.0
    """
    member_days = (at - standing.first_at) / DAY
    if not standing.days or member_days < RATE_FROM_DAYS:
        return None
    return (standing.days - 1) * YEAR_DAYS / member_days


def intervals(purchases: Purchases) -> tuple[float | None, float | None]:
    """Mean and population standard deviation of the days between purchase days.

    Of the newest `ORDERS_MOST` orders. Without two (three) purchase days there is no mean (spread).
    """
    gaps = [later - earlier for earlier, later in pairwise(_days(purchases))]
    if not gaps:
        return None, None
    mean = sum(gaps) / len(gaps)
    if len(gaps) == 1:
        return mean, None
    return mean, sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))


def _days(purchases: Purchases) -> Iterator[int]:
    last = None
    for bought in purchases.newest:
        day = bought.at // DAY
        if bought.counts and day != last:
            yield day
            last = day


def retained(standing: Standing, days: int, at: int) -> bool | None:
    """Whether the member bought again within so many days of the first purchase; None: not yet known.

    >>> known = Standing(days=2, first_at=0, second_at=10 * DAY)
    >>> retained(known, 7, 10 * DAY), retained(known, 30, 10 * DAY), retained(Standing(days=1), 7, DAY)
    (False, True, None)
    """
    if not standing.days:
        return None
    first = standing.first_at // DAY
    if standing.days > 1 and standing.second_at // DAY - first <= days:
        return True
    return False if at // DAY - first > days else None
