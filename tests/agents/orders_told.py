"""Orders and returns in short: what rows are made of, and what was said in one line each."""

from __future__ import annotations

from typing import Any, assert_never

from schemas.actions import (
    OrderDelivered,
    PurchaseLine,
    PurchaseMade,
    PurchaseReturned,
    ReturnLine,
)
from schemas.outcomes import (
    OrderPlaced,
    OrderRefused,
    OrderStateChanged,
    ProductReturned,
    ProductSold,
    ReturnAccepted,
    ReturnDeferred,
    ReturnRefused,
)
from schemas.record import Outcome

DAY = 86_400_000
START = 1_323_432_000_000  # 2011-12-09T12:00:00Z

Said = (
    OrderPlaced
    | OrderRefused
    | OrderStateChanged
    | ReturnAccepted
    | ReturnDeferred
    | ReturnRefused
    | ProductSold
    | ProductReturned
)


def bought(
    *lines: tuple[str, int, int], day: float = 0, order: str = "o", **more: Any
) -> PurchaseMade:
    """An order of lines of (product, quantity, amount), numbered from 1."""
    found = [
        PurchaseLine(line_number=number, product_id=product, quantity=quantity, amount_minor=amount)
        for number, (product, quantity, amount) in enumerate(lines, start=1)
    ]
    fields: dict[str, Any] = {"currency": "GBP", "lines": found, **more}
    return PurchaseMade(
        event_id="bought", member_id="m", occurred_at=at(day), order_id=order, **fields
    )


def back(
    *lines: tuple[Any, ...], day: float = 1, id: str = "r", order: str | None = "o", **more: Any
) -> PurchaseReturned:
    """A return of lines of (product, quantity[, line number[, sellable]])."""
    found = [
        ReturnLine(
            product_id=line[0],
            quantity=line[1],
            line_number=line[2] if len(line) > 2 else None,
            sellable=line[3] if len(line) > 3 else True,
        )
        for line in lines
    ]
    return PurchaseReturned(
        event_id="back",
        member_id="m",
        occurred_at=at(day),
        return_id=id,
        order_id=order,
        lines=found,
        **more,
    )


def arrived(day: float = 3, order: str = "o") -> OrderDelivered:
    return OrderDelivered(event_id="arrived", member_id="m", occurred_at=at(day), order_id=order)


def at(day: float) -> int:
    """The moment so many days after the start."""
    return START + int(day * DAY)


def short(said: list[Outcome]) -> list[str]:
    """Each outcome in one line."""
    return [_short(outcome) for outcome in said]  # type: ignore[arg-type]  # asserted there


def _short(outcome: Said) -> str:
    match outcome:
        case OrderPlaced():
            return f"placed {outcome.order_id} {outcome.total_minor}"
        case OrderRefused():
            return f"refused {outcome.order_id} {outcome.reason}"
        case OrderStateChanged():
            delivered_at = outcome.delivered_at
            day = "" if delivered_at is None else f" {(delivered_at - START) / DAY:g}"
            return f"{outcome.order_id} {outcome.state}{day}"
        case ReturnAccepted():
            lines = " ".join(
                f"{line.line_number}:{line.quantity}"
                f"({line.returned_before}/{line.bought})={line.amount_minor}"
                + ("" if line.sellable else "!")
                for line in outcome.lines
            )
            assert outcome.refund_minor == sum(line.amount_minor for line in outcome.lines)
            return f"accepted {outcome.return_id} {lines}"
        case ReturnDeferred():
            return f"deferred {outcome.return_id} {(outcome.waits_until - START) / DAY:g}"
        case ReturnRefused():
            return f"refused {outcome.return_id} {outcome.reason}"
        case ProductSold():
            return f"sold {outcome.product_id} {outcome.quantity}"
        case ProductReturned():
            way = "back" if outcome.sellable else "waste"
            return f"{way} {outcome.product_id} {outcome.quantity}"
        case _:
            assert_never(outcome)
