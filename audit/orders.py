"""Each order once, never more back than was bought, and the states that follow: line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Order:
    """An order as it was placed, what came back of it, and which states were said of it."""

    currency: str
    lines: tuple[Line, ...]
    placed_at: int
    said: list[str] = field(default_factory=list)
    delivered_at: int | None = None
    returned: str = ""
    moves: int = 0  # how often a return changed the state
    pieces: Counter[int] = field(default_factory=Counter)
    refunded: Counter[int] = field(default_factory=Counter)

    @property
    def whole(self) -> bool:
        """True when every piece came back."""
        return all(self.pieces[line.line_number] == line.quantity for line in self.lines)

    @property
    def delivered(self) -> bool:
        """True when it was said that it arrived."""
        return self.delivered_at is not None

    @property
    def closed(self) -> bool:
        """True when its time is over, which is known from the word of it alone."""
        return "CLOSED" in self.said

    @property
    def state(self) -> str:
        """Where it stands: what came back counts before that it arrived."""
        if self.closed:
            return "CLOSED"
        return self.returned or ("DELIVERED" if self.delivered else "PLACED")

    def give_back(self) -> None:
        """A return was taken."""
        after = "RETURNED" if self.whole else "PARTLY_RETURNED"
        self.moves += after != self.returned
        self.returned = after


class Orders:
    """Member and order → what was bought, what of it came back, and where it stands."""

    def __init__(self) -> None:
        self.placed: dict[OrderKey, Order] = {}
        self.returns: dict[tuple[str, str], str] = {}
        self.waiting: dict[tuple[str, str], int] = {}
        self.differences: list[str] = []
        self._delivered: set[OrderKey] = set()

    def hear_action(self, entry: Entry) -> None:
        """One action that was taken and whose answer must be there."""
        if entry.name == "OrderDelivered":
            self._delivered.add(_key(entry))

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition."""
        match entry.name:
            case "OrderPlaced":
                self._place(entry)
            case "OrderStateChanged":
                self._say(entry)
            case "ReturnAccepted":
                self.waiting.pop(_return(entry), None)
                self._return(entry)
            case "ReturnDeferred":
                self.waiting[_return(entry)] = entry.fields["waits_until"]
            case "ReturnRefused":
                self.waiting.pop(_return(entry), None)

    def items(self) -> dict[tuple[str, str, int], tuple[int, int]]:
        """Member, order and line → pieces bought and pieces that came back."""
        return {
            (*place, line.line_number): (line.quantity, order.pieces[line.line_number])
            for place, order in self.placed.items()
            for line in order.lines
        }

    def finish(self) -> list[str]:
        """All differences found; call it when the whole log is heard."""
        for place, order in self.placed.items():
            for text in _faults(order, place in self._delivered):
                self._differs(place, text)
        return self.differences

    def _place(self, entry: Entry) -> None:
        fields, place = entry.fields, _key(entry)
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
        self.placed[place] = Order(intern(fields["currency"]), lines, fields["occurred_at"])
        if fields["total_minor"] != sum(line.amount_minor for line in lines):
            self._differs(place, f"has the total {fields['total_minor']}, not that of its lines")

    def _say(self, entry: Entry) -> None:
        """A state that was said, each change once."""
        order = self.placed.get(_key(entry))
        if order is None:
            self._differs(_key(entry), "moved on and was never placed")
            return
        order.said.append(entry.fields["state"])
        order.delivered_at = entry.fields["delivered_at"]

    def _return(self, entry: Entry) -> None:
        fields, place = entry.fields, _key(entry)
        if _return(entry) in self.returns:
            self._differs(place, f"takes the return {fields['return_id']} twice")
        self.returns[_return(entry)] = fields["order_id"]
        order = self.placed.get(place)
        if order is None:
            self._differs(place, "has a return and was never placed")
            return
        for line in fields["lines"]:
            order.pieces[line["line_number"]] += line["quantity"]
            order.refunded[line["line_number"]] += line["amount_minor"]
        order.give_back()

    def _differs(self, place: OrderKey, text: str) -> None:
        self.differences.append(f"order {place[1]} of {place[0]} {text}")


def _key(entry: Entry) -> OrderKey:
    return entry.fields["member_id"], entry.fields["order_id"]


def _return(entry: Entry) -> tuple[str, str]:
    return entry.fields["member_id"], entry.fields["return_id"]


def _faults(order: Order, delivered: bool) -> Iterator[str]:
    """Lines of which more came back than was bought, and states that were not said."""
    for line in order.lines:
        pieces, refunded = order.pieces[line.line_number], order.refunded[line.line_number]
        if pieces > line.quantity:
            yield f"line {line.line_number}: {pieces} came back of {line.quantity} bought"
        whole = pieces == line.quantity
        if refunded > line.amount_minor or (whole and refunded != line.amount_minor):
            yield f"line {line.line_number}: {refunded} paid back of {line.amount_minor} paid"
    wanted = order.moves + order.delivered + order.closed
    if len(order.said) != wanted:
        yield f"is {order.state} after {wanted} changes; said were {order.said}"
    if delivered and not (order.delivered or order.closed):
        yield "was delivered, and that was not said"
