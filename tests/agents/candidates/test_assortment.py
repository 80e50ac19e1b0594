"""What can be offered: hidden and sold-out products go out and come back; members know those that are out."""

from __future__ import annotations

from typing import Any

import pytest

from agents.candidates.assortment import ASSORTMENT, NAME, OFFER, out
from schemas.candidates import AvailabilityChanged, ProductHidden
from schemas.outcomes import StockChanged, StockMovement
from tests.agents.rows import Life, ids, table_of


def hidden(at: int, off: bool = True) -> ProductHidden:
    return ProductHidden(event_id="h", product_id="p", occurred_at=at, hidden=off)


def stock(available: int, movement: StockMovement = StockMovement.SOLD) -> StockChanged:
    return StockChanged(
        event_id="s",
        product_id="p",
        occurred_at=1,
        movement=movement,
        quantity=1,
        on_hand=available,
        reserved=0,
        available=available,
    )


RECEIVED = stock(1, StockMovement.RECEIVED)
ROWS = [
    ("hidden", [hidden(1)], [False]),
    ("hidden twice", [hidden(1), hidden(2)], [False]),
    ("hidden and shown", [hidden(1), hidden(2, off=False)], [False, True]),
    ("an older order to show comes late", [hidden(2), hidden(1, off=False)], [False]),
    ("sold out", [RECEIVED, stock(0)], [False]),
    ("and received again", [RECEIVED, stock(0), RECEIVED], [False, True]),
    ("stock that was never told is not known to be gone", [stock(-3)], []),
    ("hidden while sold out", [RECEIVED, stock(0), hidden(2)], [False]),
    (
        "received while hidden",
        [RECEIVED, stock(0), hidden(2), RECEIVED, hidden(3, off=False)],
        [False, True],
    ),
]


@pytest.mark.parametrize(("events", "said"), [row[1:] for row in ROWS], ids=ids(ROWS))
def test_what_is_said(events: list[Any], said: list[bool]) -> None:
    """Only changes of what can be offered."""
    told = Life(OFFER).hear(*events)
    assert [one.available for one in told if isinstance(one, AvailabilityChanged)] == said


def test_the_table_holds_what_is_out() -> None:
    """And nothing of what came back."""
    words = [
        AvailabilityChanged(event_id=f"{n}", product_id=product, occurred_at=n, available=there)
        for n, (product, there) in enumerate([("a", False), ("b", False), ("a", True)])
    ]
    tables = {NAME: table_of(ASSORTMENT, words)}  # type: ignore[arg-type]  # broadcasts of ours
    assert [one in out(tables) for one in ("a", "b", "c")] == [False, True, False]
    assert list(tables[NAME].out) == ["b"]
