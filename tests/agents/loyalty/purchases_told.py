"""Words for rows about loyalty: orders by day, and how what is said is written in a row.

Days count from START, which is the beginning of a UTC day.
"""

from __future__ import annotations

from typing import Any

import msgspec

from agents.loyalty import models
from agents.loyalty.scoring import LOYALTY
from schemas.loyalty import LoyaltyObserved, LoyaltyScored
from schemas.outcomes import (
    OrderPlaced,
    OrderState,
    OrderStateChanged,
    PointsForfeited,
    PointsReleased,
)
from schemas.record import Outcome
from schemas.samples import sample
from tests.agents.rows import Life

DAY = 86_400_000
START = 15_000 * DAY
MEMBER = "m"


def day(number: float) -> int:
    return START + round(number * DAY)


def life() -> Life:
    """A member, scored by what is assumed before anything was learned."""
    return Life(LOYALTY, {models.NAME: models.Published()})


def placed(number: float, order_id: str, amount_minor: int = 1_000) -> OrderPlaced:
    return OrderPlaced(
        member_id=MEMBER,
        occurred_at=day(number),
        order_id=order_id,
        currency="GBP",
        lines=[],
        total_minor=amount_minor,
    )


def returned(number: float, order_id: str) -> OrderStateChanged:
    return OrderStateChanged(
        member_id=MEMBER, occurred_at=day(number), order_id=order_id, state=OrderState.RETURNED
    )


def partly_returned(number: float, order_id: str) -> OrderStateChanged:
    return OrderStateChanged(
        member_id=MEMBER,
        occurred_at=day(number),
        order_id=order_id,
        state=OrderState.PARTLY_RETURNED,
    )


def forfeited(number: float, order_id: str) -> PointsForfeited:
    return _judged(PointsForfeited, number, order_id)


def released(number: float, order_id: str) -> PointsReleased:
    return _judged(PointsReleased, number, order_id)


def _judged(kind: Any, number: float, order_id: str) -> Any:
    return msgspec.structs.replace(
        sample(kind), member_id=MEMBER, occurred_at=day(number), order_id=order_id
    )


def scores(said: list[Outcome]) -> list[LoyaltyScored]:
    return [one for one in said if isinstance(one, LoyaltyScored)]


def examples(said: list[Outcome]) -> list[LoyaltyObserved]:
    return [one for one in said if isinstance(one, LoyaltyObserved)]
