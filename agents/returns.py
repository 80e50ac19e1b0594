"""A return of an order: matched to its lines as a whole, or refused as a whole, or waiting.

Lines that name their line of the order are matched first; the others take what is left of their product,
in the order of the order's lines. The part of a line's amount that k of its n pieces are worth is
amount * k / n, rounded down, for the pieces returned so far; a return gets the difference between after
and before, so all parts of a line that came back whole add up to its amount, however it was split.

An accepted or waiting return is known by its id until its order closes; a refused one moved nothing, so
its id is free for the return put right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec import structs

from agents.marks import MARK
from agents.order_book import Order, Orders, Return, Waiting, Wanted, state_of, was_closed
from schemas.outcomes import (
    OrderStateChanged,
    ProductReturned,
    Reason,
    ReturnAccepted,
    ReturnDeferred,
    ReturnedLine,
    ReturnRefused,
)
from schemas.record import Outcome

DAY = 86_400_000
WAITS = 30 * DAY
WAITING_MOST = 50
RETURNS_MOST = 1_000  # of one order


class Asked(NamedTuple):
    """A return to be decided: whose, when, and the ids of the products that it may name."""

    member_id: str
    return_id: str
    occurred_at: int
    back: Return
    products: Mapping[bytes, str]


class Piece(NamedTuple):
    """Pieces of one line of the order, by its place in it."""

    place: int
    quantity: int
    sellable: bool


def decide(state: Orders, asked: Asked) -> Iterator[Outcome]:
    """A return that was not heard before: accepted, refused, or it waits for its purchase."""
    known = state.returns.get(asked.return_id)
    if known is not None:
        same = known.digest == asked.back.digest
        yield _refused(asked, Reason.ALREADY_POSTED if same else Reason.CONFLICTS)
        return
    order = state.orders.get(asked.back.order_id)
    if order is not None:
        yield from settle(state, asked, order)
    elif was_closed(state, asked.back.order_id):
        yield _refused(asked, Reason.ORDER_CLOSED)
    elif len(state.waiting) >= WAITING_MOST:
        yield _refused(asked, Reason.TOO_MANY)
    else:
        yield _wait(state, asked)


def settle(state: Orders, asked: Asked, order: Order) -> Iterator[Outcome]:
    """A return of an order that is there, as of the later of both, however they were heard."""
    asked = asked._replace(occurred_at=max(asked.occurred_at, order.placed_at))
    pieces = matched(order, asked.back.lines)
    if isinstance(pieces, Reason):
        yield _refused(asked, pieces)
    elif order.returns >= RETURNS_MOST:
        yield _refused(asked, Reason.TOO_MANY)
    else:
        yield from _accept(state, asked, order, pieces)


def settle_waiting(
    state: Orders, member_id: str, order_id: str, products: Mapping[bytes, str]
) -> Iterator[Outcome]:
    """The purchase has come: what waited for it, in order of arrival."""
    ready = [waiting for waiting in state.waiting if waiting.order_id == order_id]
    state.waiting = [waiting for waiting in state.waiting if waiting.order_id != order_id]
    for waiting in ready:
        back = state.returns[waiting.return_id]
        del state.returns[waiting.return_id]
        asked = Asked(member_id, waiting.return_id, back.returned_at, back, products)
        yield from settle(state, asked, state.orders[order_id])


def give_up(state: Orders, member_id: str, moment: int) -> Iterator[ReturnRefused]:
    """Refuse what has waited long enough."""
    over = [waiting for waiting in state.waiting if waiting.waits_until <= moment]
    state.waiting = [waiting for waiting in state.waiting if waiting.waits_until > moment]
    for waiting in over:
        del state.returns[waiting.return_id]
        yield ReturnRefused(
            member_id=member_id,
            occurred_at=moment,
            return_id=waiting.return_id,
            order_id=waiting.order_id,
            reason=Reason.UNKNOWN_ORDER,
        )


def matched(order: Order, lines: Iterable[Wanted]) -> list[Piece] | Reason:
    """The pieces of the order's lines that these lines mean, in the order of the order."""
    meant = _meant(order, lines)
    if not all(places for _, places in meant):
        return Reason.UNKNOWN_LINE
    left = _left(order)
    taken: dict[tuple[int, bool], int] = defaultdict(int)
    for line, places in meant:
        missing = line.quantity
        for place in places:
            here = min(missing, left[place])
            if here:
                left[place] -= here
                missing -= here
                taken[place, line.sellable] += here
        if missing:
            return Reason.MORE_THAN_BOUGHT
    return [Piece(place, taken[place, sellable], sellable) for place, sellable in sorted(taken)]


def _meant(order: Order, lines: Iterable[Wanted]) -> list[tuple[Wanted, list[int]]]:
    """Each line, those with a number first, with the places in the order that it may mean."""
    by_product: dict[bytes, list[int]] = defaultdict(list)
    for place in range(len(order.numbers)):
        by_product[_product(order, place)].append(place)
    meant = []
    for line in sorted(lines, key=lambda line: line.line_number is None):
        places = by_product.get(line.product, [])
        if line.line_number is not None:
            places = [place for place in places if order.numbers[place] == line.line_number]
        meant.append((line, places))
    return meant


def part_minor(amount_minor: int, pieces: int, bought: int) -> int:
    """What so many of the pieces bought are worth, rounded down.

    >>> [part_minor(100, pieces, 3) for pieces in (0, 1, 2, 3)]
    [0, 33, 66, 100]
    """
    return amount_minor * pieces // bought


def _product(order: Order, place: int) -> bytes:
    return order.products[place * MARK : (place + 1) * MARK]


def _left(order: Order) -> list[int]:
    if not order.returned:
        return list(order.quantities)
    return [q - r for q, r in zip(order.quantities, order.returned, strict=True)]


def _accept(
    state: Orders, asked: Asked, order: Order, pieces: list[Piece]
) -> Iterator[ReturnAccepted | OrderStateChanged | ProductReturned]:
    returned = list(order.returned or (0,) * len(order.quantities))
    lines = [_returned_line(order, piece, returned, asked.products) for piece in pieces]
    after = structs.replace(order, returned=tuple(returned), returns=order.returns + 1)
    state.orders[asked.back.order_id] = after
    state.returns[asked.return_id] = structs.replace(asked.back, lines=())
    yield ReturnAccepted(
        member_id=asked.member_id,
        occurred_at=asked.occurred_at,
        return_id=asked.return_id,
        order_id=asked.back.order_id,
        lines=lines,
        refund_minor=sum(line.amount_minor for line in lines),
        shop_at_fault=asked.back.shop_at_fault,
    )
    if state_of(after) is not state_of(order):
        yield OrderStateChanged(
            member_id=asked.member_id,
            occurred_at=asked.occurred_at,
            order_id=asked.back.order_id,
            state=state_of(after),
            delivered_at=after.delivered_at,
        )
    yield from _to_products(asked, lines)


def _returned_line(
    order: Order, piece: Piece, returned: list[int], products: Mapping[bytes, str]
) -> ReturnedLine:
    """What of a line comes back now; `returned` is counted up."""
    place, bought, amount = piece.place, order.quantities[piece.place], order.amounts[piece.place]
    before = returned[place]
    after = returned[place] = before + piece.quantity
    assert after <= bought
    return ReturnedLine(
        line_number=order.numbers[place],
        product_id=products[_product(order, place)],
        quantity=piece.quantity,
        returned_before=before,
        bought=bought,
        amount_minor=part_minor(amount, after, bought) - part_minor(amount, before, bought),
        sellable=piece.sellable,
    )


def _to_products(asked: Asked, lines: list[ReturnedLine]) -> Iterator[ProductReturned]:
    quantities: dict[tuple[str, bool], int] = defaultdict(int)
    for line in lines:
        quantities[line.product_id, line.sellable] += line.quantity
    for (product_id, sellable), quantity in quantities.items():
        yield ProductReturned(
            product_id=product_id,
            occurred_at=asked.occurred_at,
            member_id=asked.member_id,
            return_id=asked.return_id,
            quantity=quantity,
            sellable=sellable,
        )


def _wait(state: Orders, asked: Asked) -> ReturnDeferred:
    order_id, until = asked.back.order_id, asked.back.returned_at + WAITS
    state.waiting.append(Waiting(asked.return_id, order_id, until))
    state.returns[asked.return_id] = asked.back
    return ReturnDeferred(
        member_id=asked.member_id,
        occurred_at=asked.occurred_at,
        return_id=asked.return_id,
        order_id=order_id,
        waits_until=until,
    )


def _refused(asked: Asked, reason: Reason) -> ReturnRefused:
    return ReturnRefused(
        member_id=asked.member_id,
        occurred_at=asked.occurred_at,
        return_id=asked.return_id,
        order_id=asked.back.order_id,
        reason=reason,
    )
