"""Each order once, and never more back than was bought: counted line by line."""

from __future__ import annotations

from collections import Counter, defaultdict
from sys import intern
from typing import NamedTuple

from audit.log import Entry

OrderKey = tuple[str, str]


class Line(NamedTuple):
    """A line as it was bought."""

    line_number: int
    product_id: str
    quantity: int
    amount_minor: int
    category: str


class Order(NamedTuple):
    """An order as it was placed."""

    currency: str
    lines: tuple[Line, ...]


class Orders:
    """Member and order → what was bought, and what of it came back."""

    def __init__(self) -> None:
        self.placed: dict[OrderKey, Order] = {}
        self.returns: dict[tuple[str, str], str] = {}
        self.differences: list[str] = []
        self._pieces: Counter[tuple[str, str, int]] = Counter()
        self._refunded: Counter[tuple[str, str, int]] = Counter()
        self._touched: dict[OrderKey, set[int]] = defaultdict(set)

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition."""
        match entry.name:
            case "OrderPlaced":
                self._place(entry)
            case "ReturnAccepted":
                self._return(entry)

    def returned_whole(self, place: OrderKey) -> bool:
        """True when every piece of the order came back."""
        order = self.placed.get(place)
        return order is not None and all(
            self._pieces[*place, line.line_number] == line.quantity for line in order.lines
        )

    def items(self) -> dict[tuple[str, str, int], tuple[int, int]]:
        """Member, order and line → pieces bought and pieces that came back."""
        return {
            (*place, line.line_number): (line.quantity, self._pieces[*place, line.line_number])
            for place, order in self.placed.items()
            for line in order.lines
        }

    def finish(self) -> list[str]:
        """All differences found; call it when the whole log is heard."""
        for place, touched in self._touched.items():
            for line in self.placed[place].lines:
                if line.line_number in touched:
                    self._check(place, line)
        return self.differences

    def _place(self, entry: Entry) -> None:
        fields = entry.fields
        place = fields["member_id"], fields["order_id"]
        if place in self.placed:
            self._differs(place, "is placed twice")
        lines = tuple(
            Line(
                line["line_number"],
                intern(line["product_id"]),
                line["quantity"],
                line["amount_minor"],
                intern(line["category"]),
            )
            for line in fields["lines"]
        )
        self.placed[place] = Order(intern(fields["currency"]), lines)
        if fields["total_minor"] != sum(line.amount_minor for line in lines):
            self._differs(place, f"has the total {fields['total_minor']}, not that of its lines")

    def _return(self, entry: Entry) -> None:
        fields = entry.fields
        place = fields["member_id"], fields["order_id"]
        returned = fields["member_id"], fields["return_id"]
        if returned in self.returns:
            self._differs(place, f"takes the return {returned[1]} twice")
        self.returns[returned] = fields["order_id"]
        if place not in self.placed:
            self._differs(place, "has a return and was never placed")
            return
        for line in fields["lines"]:
            at = (*place, line["line_number"])
            self._pieces[at] += line["quantity"]
            self._refunded[at] += line["amount_minor"]
            self._touched[place].add(line["line_number"])

    def _check(self, place: OrderKey, line: Line) -> None:
        pieces, refunded = (
            counted[*place, line.line_number] for counted in (self._pieces, self._refunded)
        )
        whole = pieces == line.quantity
        if pieces > line.quantity:
            self._differs(
                place, f"line {line.line_number}: {pieces} came back of {line.quantity} bought"
            )
        elif refunded > line.amount_minor or (whole and refunded != line.amount_minor):
            self._differs(
                place, f"line {line.line_number}: {refunded} paid back of {line.amount_minor} paid"
            )

    def _differs(self, place: OrderKey, text: str) -> None:
        self.differences.append(f"order {place[1]} of {place[0]} {text}")
