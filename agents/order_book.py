"""What is kept of a member's orders and returns, and for how long.

An order stays open `KEPT` after its purchase, to the end of the 28-day period that falls in, so that
many close at one look; then it is let go, and its id is remembered among the member's newest. An entry
must fit into 64 KiB with 2,000 lines: a line is its number, quantity, amount, pieces returned, and eight
bytes that stand for the product, whose id each event that asks for it brings along.
"""

from __future__ import annotations

from msgspec import Struct, field

from agents import StateMap
from agents.marks import MARK, digest, mark
from schemas.actions import PurchaseMade, PurchaseReturned
from schemas.outcomes import OrderState

DAY = 86_400_000
KEPT = 400 * DAY
PERIOD = 28 * DAY
CLOSED_MOST = 1_000
_NEWEST = "newest"


class Order(Struct, frozen=True, array_like=True):
    """An open order, its lines by column; `returned` is empty while nothing came back."""

    placed_at: int
    digest: bytes
    numbers: tuple[int, ...]
    products: bytes
    quantities: tuple[int, ...]
    amounts: tuple[int, ...]
    returned: tuple[int, ...] = ()
    returns: int = 0
    delivered_at: int | None = None


class Wanted(Struct, frozen=True, array_like=True):
    """A line of a return as it was asked for."""

    product: bytes
    quantity: int
    line_number: int | None
    sellable: bool


class Return(Struct, frozen=True, array_like=True):
    """A return that is accepted, or waits for its order; the lines are kept only while it waits."""

    order_id: str
    digest: bytes
    returned_at: int
    shop_at_fault: bool
    lines: tuple[Wanted, ...] = ()


class Waiting(Struct, frozen=True, array_like=True):
    """A return that came before its purchase."""

    return_id: str
    order_id: str
    waits_until: int


class Closed(Struct, frozen=True, array_like=True):
    """The newest orders that were closed: their marks, one after another."""

    marks: bytes


class Orders(Struct):
    """Open orders, returns by id, and what waits for a purchase that is not known yet.

    `closes_at` is when the first open order closes, `closed_count` how many ever closed; `delivered` has
    orders that arrived before their purchase was heard.
    """

    closes_at: int | None = None
    closed_count: int = 0
    waiting: list[Waiting] = field(default_factory=list)
    delivered: dict[str, int] = field(default_factory=dict)
    orders: StateMap[Order] = field(default_factory=StateMap)
    returns: StateMap[Return] = field(default_factory=StateMap)
    closed: StateMap[Closed] = field(default_factory=StateMap)


def order_of(event: PurchaseMade) -> Order:
    """The order as it is kept."""
    lines = event.lines
    return Order(
        placed_at=event.occurred_at,
        digest=digest(
            event.currency,
            event.postage_minor,
            event.tax_minor,
            [(x.line_number, x.product_id, x.quantity, x.amount_minor, x.category) for x in lines],
            [x.discount_minor for x in lines],
        ),
        numbers=tuple([line.line_number for line in lines]),
        products=b"".join([mark(line.product_id) for line in lines]),
        quantities=tuple([line.quantity for line in lines]),
        amounts=tuple([line.amount_minor for line in lines]),
    )


def return_of(event: PurchaseReturned, order_id: str) -> Return:
    """The return as it is kept while it waits."""
    lines = event.lines
    return Return(
        order_id=order_id,
        digest=digest(
            order_id,
            event.shop_at_fault,
            [(x.product_id, x.quantity, x.line_number, x.sellable) for x in lines],
        ),
        returned_at=event.occurred_at,
        shop_at_fault=event.shop_at_fault,
        lines=tuple(
            [Wanted(mark(x.product_id), x.quantity, x.line_number, x.sellable) for x in lines]
        ),
    )


def state_of(order: Order) -> OrderState:
    """Where an open order stands: what came back counts before that it arrived."""
    if order.returned:
        whole = order.returned == order.quantities
        return OrderState.RETURNED if whole else OrderState.PARTLY_RETURNED
    return OrderState.PLACED if order.delivered_at is None else OrderState.DELIVERED


def closes_at(moment: int) -> int:
    """When an order of this moment is closed: 400 days later, at the end of that 28-day period."""
    return -(-(moment + KEPT) // PERIOD) * PERIOD


def was_closed(state: Orders, order_id: str) -> bool:
    """True when the order is among the member's newest `CLOSED_MOST` that were closed."""
    if not state.closed_count:
        return False
    marks, wanted = state.closed[_NEWEST].marks, mark(order_id)
    return any(marks[at : at + MARK] == wanted for at in range(0, len(marks), MARK))


def remember_closed(state: Orders, order_ids: list[str]) -> None:
    """Keep the ids of orders that are closed now."""
    before = state.closed[_NEWEST].marks if state.closed_count else b""
    marks = before + b"".join(map(mark, order_ids))
    state.closed[_NEWEST] = Closed(marks[-CLOSED_MOST * MARK :])
    state.closed_count += len(order_ids)
