"""What the data tells: its invoices as actions, with ids that are the same in every replay."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from replay.retail import CURRENCY, Invoice, Kind
from replay.returns import Piece
from replay.shop import HOUR, Shop, stock_moved
from schemas.actions import (
    MemberRegistered,
    PurchaseLine,
    PurchaseMade,
    PurchaseReturned,
    ReturnLine,
    StockAdjusted,
    StockAdjustment,
)
from schemas.record import Event

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://doi.org/10.24432/C5BW33")
REGISTERED_BEFORE = 70 * 60_000
assert REGISTERED_BEFORE > HOUR, "a member browses for up to an hour before the first order"


class Told(NamedTuple):
    """An action and when it happened; `because_at` is the moment of the row it follows from."""

    at: int
    because_at: int
    action: Event


def event_id(*parts: object) -> str:
    """The same parts give the same id in every run.

    >>> event_id("order", "536365") == event_id("order", "536365") != event_id("order", "536366")
    True
    """
    return str(uuid.uuid5(NAMESPACE, "/".join(map(str, parts))))


def registration(invoice: Invoice) -> Told:
    """The member's first invoice of all: they registered a little before."""
    at = invoice.at - REGISTERED_BEFORE
    member_id = invoice.member_id or ""
    return Told(
        at,
        invoice.at,
        MemberRegistered(
            event_id=event_id("member", member_id),
            member_id=member_id,
            occurred_at=at,
            country=None if invoice.country == "Unspecified" else invoice.country,
        ),
    )


def purchase(invoice: Invoice, shop: Shop) -> Told:
    """A member's order: one PurchaseMade with its lines numbered from 1."""
    lines = [
        PurchaseLine(
            line_number=number,
            product_id=line.product_id,
            quantity=line.quantity,
            amount_minor=line.amount_minor,
            category=shop.products[line.product_id].category,
        )
        for number, line in enumerate(invoice.lines, start=1)
    ]
    return Told(
        invoice.at,
        invoice.at,
        PurchaseMade(
            event_id=event_id("order", invoice.invoice_id),
            member_id=invoice.member_id or "",
            occurred_at=invoice.at,
            order_id=invoice.invoice_id,
            currency=CURRENCY,
            lines=lines,
            postage_minor=invoice.postage_minor,
        ),
    )


def return_of(
    invoice: Invoice, order_id: str | None, pieces: list[Piece], sellable: bool, shop_at_fault: bool
) -> Told:
    """The part of a member's return that belongs to one order, or to an unknown one."""
    return_id = f"{invoice.invoice_id}-{order_id or 'unknown'}"
    return Told(
        invoice.at,
        invoice.at,
        PurchaseReturned(
            event_id=event_id("return", return_id),
            member_id=invoice.member_id or "",
            occurred_at=invoice.at,
            return_id=return_id,
            order_id=order_id,
            lines=[
                ReturnLine(
                    product_id=piece.product_id,
                    quantity=piece.quantity,
                    line_number=piece.line_number,
                    sellable=sellable,
                )
                for piece in pieces
            ],
            shop_at_fault=shop_at_fault,
        ),
    )


def stock_movements(invoice: Invoice) -> Iterator[Told]:
    """A guest's order or return, or a stock count: one StockAdjusted a product."""
    moved: Counter[str] = Counter()
    for line in invoice.lines:
        moved[line.product_id] += stock_moved(invoice.kind, line.quantity)
    for product_id, quantity in moved.items():
        if not quantity:
            continue
        adjusted = StockAdjusted(
            event_id=event_id("stock", invoice.invoice_id, product_id),
            product_id=product_id,
            occurred_at=invoice.at,
            quantity=quantity,
            reason=_adjustment(invoice.kind, quantity),
        )
        yield Told(invoice.at, invoice.at, adjusted)


def _adjustment(kind: Kind, quantity: int) -> StockAdjustment:
    if kind is Kind.GUEST_ORDER:
        return StockAdjustment.SOLD_TO_GUEST
    if kind is Kind.GUEST_RETURN:
        return StockAdjustment.RETURNED_BY_GUEST
    return StockAdjustment.COUNTED if quantity > 0 else StockAdjustment.DAMAGED
