"""Matching returns: a row is what was bought, what came back, and where it goes."""

from __future__ import annotations

import pytest

from replay.retail import Invoice, Kind, Line
from replay.returns import Piece, Purchases

ORDER, RETURN = Kind.ORDER, Kind.RETURN
Goods = list[tuple[str, int]]


def invoice(name: str, kind: Kind, goods: Goods, member: str = "m") -> Invoice:
    """An invoice of these products and quantities."""
    lines = tuple(Line(product, product, quantity, 100, 100) for product, quantity in goods)
    return Invoice(name, kind, 0, member, "", lines)


ROWS = [
    # orders (oldest first), what comes back, order → [(product, quantity, line)]
    ("the latest order first", [[("a", 5)], [("a", 5)]], [("a", 3)], {"1": [("a", 3, 1)]}),
    (
        "split over two orders",
        [[("a", 5)], [("a", 5)]],
        [("a", 7)],
        {"1": [("a", 5, 1)], "0": [("a", 2, 1)]},
    ),
    ("never bought", [[("a", 5)]], [("b", 1)], {None: [("b", 1, None)]}),
    (
        "more than bought",
        [[("a", 5)]],
        [("a", 6)],
        {"0": [("a", 5, 1)], None: [("a", 1, None)]},
    ),
    (
        "a product twice in an order: last line first",
        [[("a", 2), ("a", 3)]],
        [("a", 4)],
        {"0": [("a", 3, 2), ("a", 1, 1)]},
    ),
    (
        "a product twice in a return: one piece a line",
        [[("a", 5)]],
        [("a", 2), ("a", 2)],
        {"0": [("a", 4, 1)]},
    ),
]


@pytest.mark.parametrize(
    ("rule", "orders", "returned", "expected"), ROWS, ids=lambda v: str(v)[:40]
)
def test_match(
    rule: str,
    orders: list[Goods],
    returned: Goods,
    expected: dict[str | None, list[tuple[str, int, int | None]]],
) -> None:
    """A return goes to the latest earlier orders with pieces left, the rest to an unknown order."""
    purchases = Purchases()
    for number, goods in enumerate(orders):
        purchases.add(invoice(str(number), ORDER, goods))
    matched = purchases.match(invoice("C", RETURN, returned))
    assert matched == {
        order: [Piece(*piece) for piece in pieces] for order, pieces in expected.items()
    }, rule


def test_what_came_back_once_does_not_come_back_again() -> None:
    """Pieces returned are no longer left."""
    purchases = Purchases()
    purchases.add(invoice("0", ORDER, [("a", 2)]))
    assert list(purchases.match(invoice("C1", RETURN, [("a", 2)]))) == ["0"]
    assert list(purchases.match(invoice("C2", RETURN, [("a", 2)]))) == [None]


def test_members_return_their_own_orders_only() -> None:
    """Another member's purchase is never matched."""
    purchases = Purchases()
    purchases.add(invoice("0", ORDER, [("a", 2)], member="one"))
    assert list(purchases.match(invoice("C1", RETURN, [("a", 2)], member="two"))) == [None]
