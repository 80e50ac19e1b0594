"""A payment from its capture to its score: features, questions to its tokens, their answers, the verdict.

A payment without tokens is scored at once. Otherwise each token is asked, and the last answer brings the
score; an answer always comes, so nothing times out. Who has to give way meanwhile, to a newer payment of
a member with very many or to a label, is scored with what is known by then: every payment gets its verdict.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from agents import Tables
from agents.risk import habits, payment_book, rules
from agents.risk.doings import beside, keep_tokens, meet, note, see_new
from agents.risk.features import heard, of_numbers
from agents.risk.payment_book import PAYMENTS_MOST, Payment, Risk
from agents.risk.questions import ask_about_payment, key_of, of_payment
from agents.risk.scoring import Subject, opinion, scored
from schemas.record import Outcome
from schemas.risk import (
    AbuseKind,
    Disregard,
    FraudScored,
    PaymentCaptured,
    PaymentDisregarded,
    PaymentFailed,
    TokenAssessed,
)

SEEN = ("device", "card", "address", "network", "country")


def capture(state: Risk, event: PaymentCaptured, tables: Tables, horizon: int) -> Iterator[Outcome]:
    """Examine a payment; one that was told before is disregarded."""
    payment_id, known = event.payment_id, state.payments.get(event.payment_id)
    content = payment_book.content_of(event)
    if known is not None:
        yield _told_before(event, same=known.digest == content)
        return
    if payment_book.length(state) >= PAYMENTS_MOST:
        yield from _make_room(state, event, tables, horizon)
    tokens = of_payment(event)
    payment = Payment(
        paid_at=event.occurred_at,
        digest=content,
        amount_minor=event.amount_minor,
        currency=event.currency,
        order_id=event.order_id,
        tokens=tuple([key_of(role, token) for role, token in tokens.items()]),
        waits_for=tuple(tokens),
        features=_features(state, event),
        known=state.frauds > 0,
    )
    payment_book.enqueue(state, payment_id, event.occurred_at, horizon)
    if not tokens:
        yield from finish(state, event.member_id, payment_id, payment, tables)
        return
    state.payments[payment_id] = payment
    yield from ask_about_payment(event, tokens)


def _features(state: Risk, event: PaymentCaptured) -> dict[str, float]:
    """The member's side at this moment; then the payment is part of their history."""
    at = event.occurred_at
    found = habits.features(state.habits, event)
    see_new(state.doings, state.habits, {role: getattr(event, role) for role in SEEN}, at)
    meet(state.doings, at)
    found |= beside(state.doings, state.habits, at)
    found |= of_numbers(event.numbers)
    habits.keep_payment(state.habits, event)
    return {name: float(value) for name, value in found.items()}


def fail(state: Risk, event: PaymentFailed) -> None:
    """A payment that did not go through is counted, and so are its tokens."""
    note(state.doings, state.habits, "payments_failed", event.occurred_at, event.amount_minor)
    tokens = {role: getattr(event, role) for role in SEEN}
    keep_tokens(state.doings, state.habits, tokens, event.occurred_at)


def assessed(state: Risk, event: TokenAssessed, tables: Tables) -> Iterator[FraudScored]:
    """A token answers; the last answer brings the score."""
    payment = state.payments.get(event.payment_id)
    if payment is None or event.role not in payment.waits_for:
        return
    payment = structs.replace(
        payment,
        features=payment.features | heard(event.features),
        waits_for=tuple([role for role in payment.waits_for if role != event.role]),
    )
    if payment.waits_for:
        state.payments[event.payment_id] = payment
    else:
        yield from finish(state, event.member_id, event.payment_id, payment, tables)


def finish(
    state: Risk, member_id: str, payment_id: str, payment: Payment, tables: Tables
) -> Iterator[FraudScored]:
    """The score, with all that is known now."""
    at, features = payment.paid_at, payment.features
    said = opinion(tables, features, at)
    subject = Subject(
        member_id=member_id,
        at=at,
        kind=AbuseKind.PAYMENT,
        subject_id=payment_id,
        order_id=payment.order_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
    )
    told = features if said is None else features | {"score": said.points}
    outcome = scored(subject, said, rules.fired(tables, subject.kind, at, told), features)
    state.payments[payment_id] = structs.replace(
        payment,
        waits_for=(),
        scored=True,
        verdict=outcome.verdict,
        probability=None if said is None else said.probability,
        challengers={} if said is None else said.challengers,
        evidence=1.0 if said is None else said.evidence,
    )
    payment_book.take_up(state)
    yield outcome
    yield from by_rules(subject._replace(kind=AbuseKind.PROMOTION), features, tables)


def by_rules(subject: Subject, features: dict[str, float], tables: Tables) -> Iterator[FraudScored]:
    """What has no model is scored by rules alone, and only where one fired."""
    fired = rules.fired(tables, subject.kind, subject.at, features)
    if fired:
        yield scored(subject, None, fired, features)


def _make_room(
    state: Risk, event: PaymentCaptured, tables: Tables, horizon: int
) -> Iterator[Outcome]:
    """The oldest payment gives way; without a label nothing is learned from it, and that is said."""
    payment_id = payment_book.oldest(state).payment_id
    payment = state.payments[payment_id]
    if not payment.scored:
        yield from finish(state, event.member_id, payment_id, payment, tables)
    if payment.label is None:
        yield PaymentDisregarded(
            member_id=event.member_id,
            occurred_at=event.occurred_at,
            payment_id=payment_id,
            order_id=payment.order_id,
            reason=Disregard.TOO_MANY,
        )
    payment_book.forget_oldest(state, horizon)


def _told_before(event: PaymentCaptured, *, same: bool) -> PaymentDisregarded:
    return PaymentDisregarded(
        member_id=event.member_id,
        occurred_at=event.occurred_at,
        payment_id=event.payment_id,
        order_id=event.order_id,
        reason=Disregard.ALREADY_POSTED if same else Disregard.CONFLICTS,
    )
