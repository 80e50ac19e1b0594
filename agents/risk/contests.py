"""A dispute or a chargeback that names only a payment: what it means for the payment's order.

The bank knows payments and no orders, and so do members who read their account. Points know orders alone,
and risk keeps both: so it says which order it is, for as long as it keeps the payment.
"""

from __future__ import annotations

from collections.abc import Iterator

from agents.risk.payment_book import Risk
from schemas.risk import (
    ChargebackReceived,
    Contest,
    DisputeOpened,
    DisputeResolved,
    PaymentContested,
)


def contested(
    state: Risk, event: DisputeOpened | DisputeResolved | ChargebackReceived
) -> Iterator[PaymentContested]:
    """Nothing where the order was named, or the payment is not known or of no order."""
    if event.payment_id is None or getattr(event, "order_id", None) is not None:
        return
    payment = state.payments.get(event.payment_id)
    if payment is None or payment.order_id is None:
        return
    yield PaymentContested(
        member_id=event.member_id,
        occurred_at=event.occurred_at,
        payment_id=event.payment_id,
        order_id=payment.order_id,
        contest=_contest(event),
        dispute_id=getattr(event, "dispute_id", None),
    )


def _contest(event: DisputeOpened | DisputeResolved | ChargebackReceived) -> Contest:
    match event:
        case DisputeOpened():
            return Contest.DISPUTED
        case DisputeResolved():
            return Contest.SETTLED
        case ChargebackReceived():
            return Contest.TAKEN_BACK
