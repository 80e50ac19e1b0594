"""Match returns to purchases: the data's cancellations name no order, so the replay finds it.

A returned line goes to the member's latest earlier orders that still have pieces of the product,
split over several where one does not suffice. Pieces that fit no earlier order (bought before the
year began, or never) are sent with an unknown order, as a shop's till would.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from replay.retail import Invoice, Line


class Piece(NamedTuple):
    """Pieces of one line that came back; `line_number` is the order's, none for an unknown order."""

    product_id: str
    quantity: int
    line_number: int | None


class _Left(NamedTuple):
    order_id: str
    line_number: int
    quantity: int


class Purchases:
    """What members bought so far and have not brought back."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, str], list[_Left]] = defaultdict(list)

    def add(self, order: Invoice) -> None:
        """A member's order; its lines are numbered from 1 in the file's order."""
        for number, line in enumerate(order.lines, start=1):
            left = _Left(order.invoice_id, number, line.quantity)
            self._left[order.member_id or "", line.product_id].append(left)

    def match(self, returned: Invoice) -> dict[str | None, list[Piece]]:
        """Order → its pieces of this return, one a line of the order; None: an unknown order."""
        matched: dict[str | None, dict[tuple[str, int | None], int]] = defaultdict(Counter)
        for line in returned.lines:
            for order_id, line_number, taken in self._take(returned.member_id or "", line):
                matched[order_id][line.product_id, line_number] += taken
        return {
            order_id: [Piece(product, taken, number) for (product, number), taken in found.items()]
            for order_id, found in matched.items()
        }

    def _take(self, member_id: str, line: Line) -> Iterator[tuple[str | None, int | None, int]]:
        wanted = line.quantity
        bought = self._left[member_id, line.product_id]
        while wanted and bought:
            last = bought.pop()
            taken = min(wanted, last.quantity)
            wanted -= taken
            if taken < last.quantity:
                bought.append(last._replace(quantity=last.quantity - taken))
            yield last.order_id, last.line_number, taken
        if wanted:
            yield None, None, wanted
