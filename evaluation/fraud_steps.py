"""The payments as steps in which nothing depends on which partition is quicker: so figures come out the same.

In process all follows at once from each payment; in the running system partitions work side by side, and
what they ask and tell each other is on its way meanwhile. A step is a stretch of event time in which that
makes no difference: it ends with the hour, for then what was learned is published, and before a payment
with a token that somebody else's payment or label of this step has touched. The next step begins when all
that follows from this one is done. Hours in which nothing happens are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from typing import NamedTuple

from agents.calendar import DAY, HOUR
from agents.risk.labels import TOLD_OF_SILENCE
from agents.risk.questions import key_of, of_payment
from evaluation.fraud_play import chargeback
from schemas.record import Event
from schemas.risk import PaymentCaptured

CUTS_MOST = 30  # an hour: where all share a token, each payment would be a step
SEVERAL = ""  # no member has this id


class Step(NamedTuple):
    """What happens, then the clock's time, and whether that ends an hour."""

    events: list[Event]
    until: int
    hour: bool


class _Touch(NamedTuple):
    """What happens to tokens at a moment; silence says its label without an event."""

    at: int
    member_id: str
    tokens: tuple[str, ...]
    event: Event | None


def steps(
    payments: Sequence[PaymentCaptured], fraud: Sequence[bool], label_delay_days: int
) -> Iterator[Step]:
    """All payments in the order of time with their chargebacks, until the last label has come."""
    hour_ends = payments[0].occurred_at // HOUR * HOUR + HOUR
    told: list[Event] = []
    touched: dict[str, str] = {}
    cuts = 0
    for one in _touches(payments, fraud, label_delay_days * DAY):
        if one.at >= hour_ends:
            yield Step(told, hour_ends, hour=True)
            told, touched, cuts = [], {}, 0
            hour_begins = one.at // HOUR * HOUR
            if hour_begins > hour_ends:
                yield Step([], hour_begins, hour=True)
            hour_ends = hour_begins + HOUR
        if cuts < CUTS_MOST and _depends(one, touched):
            yield Step(told, one.at, hour=False)
            told, touched, cuts = [], {}, cuts + 1
        for token in one.tokens:
            known = touched.setdefault(token, one.member_id)
            if known != one.member_id:
                touched[token] = SEVERAL
        if one.event is not None:
            told.append(one.event)
    yield Step(told, hour_ends, hour=True)


def _depends(one: _Touch, touched: dict[str, str]) -> bool:
    """Whether a payment's token answers otherwise for what another member did in this step."""
    if not isinstance(one.event, PaymentCaptured):
        return False
    return any(touched.get(token, one.member_id) != one.member_id for token in one.tokens)


def _touches(
    payments: Sequence[PaymentCaptured], fraud: Sequence[bool], delay: int
) -> Iterator[_Touch]:
    """Payments and their labels in the order of time; of one moment labels first, as in process."""
    both = list(zip(payments, fraud, strict=True))
    frauds = [(payment, chargeback(payment, delay)) for payment, is_fraud in both if is_fraud]
    backs = (_Touch(back.occurred_at, p.member_id, _tokens(p), back) for p, back in frauds)
    silences = (
        _Touch(
            payment.occurred_at + delay + 1,
            payment.member_id,
            tuple(token for token in _tokens(payment) if token.startswith(TOLD_OF_SILENCE)),
            None,
        )
        for payment, is_fraud in both
        if not is_fraud
    )
    paid = (_Touch(p.occurred_at, p.member_id, _tokens(p), p) for p in payments)
    return merge(backs, silences, paid, key=lambda one: one.at)


def _tokens(payment: PaymentCaptured) -> tuple[str, ...]:
    return tuple(key_of(role, token) for role, token in of_payment(payment).items())
