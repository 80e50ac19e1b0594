"""Orders that tests of candidates tell, at milliseconds after a start that all have in common."""

from __future__ import annotations

from schemas.actions import PurchaseLine
from schemas.outcomes import OrderPlaced

START = 1_323_432_000_000


def order(*products: str, at: int = 0) -> OrderPlaced:
    return OrderPlaced(
        event_id=f"o@{at}",
        member_id="m",
        occurred_at=START + at,
        order_id=f"o{at}",
        currency="GBP",
        lines=[
            PurchaseLine(line_number=n, product_id=one, quantity=1, amount_minor=1)
            for n, one in enumerate(products, 1)
        ],
        total_minor=1,
    )
