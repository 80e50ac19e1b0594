"""What became of a payment: who may say so, who is believed, and what is learned from it.

An analyst's judgement of an alert outranks a chargeback, that an upheld dispute that says NOT_ME, and that
the silence at the horizon's end, which says that it was honest. A label of higher rank corrects an earlier
one; one that says the same raises the rank and teaches nothing new. An open dispute alone is no label, but
while one says NOT_ME, silence says nothing either.

No member can teach the model at will: of the labels of a member on one day the first `FULL_A_DAY` count
whole, the n-th after them FULL_A_DAY/n.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from agents import Tables
from agents.calendar import DAY
from agents.risk import habits, payment_book
from agents.risk.features import told
from agents.risk.payment_book import Payment, Risk
from agents.risk.payments import finish
from agents.risk.scoring import PAYMENT, STRICTNESS
from schemas.record import Outcome
from schemas.risk import (
    AbuseKind,
    AlertClosed,
    AlertEnd,
    ChargebackReceived,
    DisputeKind,
    DisputeOpened,
    DisputeResolved,
    Disregard,
    ExampleLabelled,
    LabelSource,
    Number,
    PaymentDisregarded,
    TokenLabelled,
    TokenRole,
    Verdict,
)

FULL_A_DAY = 20
RANK = {source: place for place, source in enumerate(LabelSource)}
# Silence is told where payments are many; of a member's own tokens frauds alone are worth a message.
TOLD_OF_SILENCE = (f"{TokenRole.TERMINAL}:", f"{TokenRole.PRODUCT}:")


# ---- who speaks ------------------------------------------------------------------------------------


def charge_back(state: Risk, event: ChargebackReceived, tables: Tables) -> Iterator[Outcome]:
    """The bank took it back; only fraud as its reason is a label."""
    if event.fraud:
        yield from _speak(state, event, (event.payment_id,), LabelSource.CHARGEBACK, True, tables)


def dispute(
    state: Risk, event: DisputeOpened | DisputeResolved, tables: Tables, horizon: int
) -> Iterator[Outcome]:
    """NOT_ME keeps silence from speaking until it is resolved; upheld it is a label."""
    if event.kind is not DisputeKind.NOT_ME:
        return
    payment_ids = _disputed(state, event)
    if isinstance(event, DisputeResolved) and event.upheld:
        yield from _speak(state, event, payment_ids, LabelSource.DISPUTE, True, tables)
    for payment_id in payment_ids:
        payment = state.payments.get(payment_id)
        if payment is None:
            continue
        payment = structs.replace(payment, disputed=isinstance(event, DisputeOpened))
        state.payments[payment_id] = payment
        if payment.paid_at + horizon < event.occurred_at:
            yield from _by_silence(state, event.member_id, payment_id, event.occurred_at)


def judge(state: Risk, event: AlertClosed, tables: Tables) -> Iterator[Outcome]:
    """An analyst closed an alert about payments; one that time closed says nothing of them."""
    if event.kind is not AbuseKind.PAYMENT or event.end not in (
        AlertEnd.CONFIRMED,
        AlertEnd.CLEARED,
    ):
        return
    fraud = event.end is AlertEnd.CONFIRMED
    yield from _speak(state, event, tuple(event.subject_ids), LabelSource.ANALYST, fraud, tables)


def fall_silent(state: Risk, member_id: str, now: int, horizon: int) -> Iterator[Outcome]:
    """The horizon of the oldest payments is over; what is older still is let go of."""
    while state.label_at is not None and state.label_at <= now:
        payment_id = payment_book.next_unlabelled(state).payment_id
        if not state.payments[payment_id].scored:
            payment_book.put_off(state)
            break
        yield from _by_silence(state, member_id, payment_id, now)
        payment_book.pass_by(state, horizon)
    while state.forget_at is not None and state.forget_at <= now:
        payment_book.forget_oldest(state, horizon)


def _by_silence(state: Risk, member_id: str, payment_id: str, now: int) -> Iterator[Outcome]:
    payment = state.payments[payment_id]
    if payment.label is None and payment.scored and not payment.disputed:
        yield from _label(state, member_id, payment_id, payment, LabelSource.HORIZON, False, now)


def _disputed(state: Risk, event: DisputeOpened | DisputeResolved) -> tuple[str, ...]:
    """The payment that is named, or all of the order."""
    if event.payment_id is not None:
        return (event.payment_id,)
    if event.order_id is None:
        return ()
    return tuple(
        payment_id
        for payment_id, payment in state.payments.items()
        if payment.order_id == event.order_id
    )


# ---- what is said ----------------------------------------------------------------------------------


def _speak(
    state: Risk,
    event: ChargebackReceived | DisputeResolved | AlertClosed,
    payment_ids: tuple[str, ...],
    source: LabelSource,
    fraud: bool,
    tables: Tables,
) -> Iterator[Outcome]:
    """Label these payments, each if nobody of higher rank spoke before."""
    if not payment_ids:
        yield _unknown(event, None, source)
    for payment_id in payment_ids:
        payment = state.payments.get(payment_id)
        if payment is None:
            yield _unknown(event, payment_id, source)
            continue
        if not payment.scored:  # so early a label: what its tokens would say can no longer count
            yield from finish(state, event.member_id, payment_id, payment, tables)
            payment = state.payments[payment_id]
        yield from _label(
            state, event.member_id, payment_id, payment, source, fraud, event.occurred_at
        )


def _label(
    state: Risk,
    member_id: str,
    payment_id: str,
    payment: Payment,
    source: LabelSource,
    fraud: bool,
    now: int,
) -> Iterator[Outcome]:
    """Keep the label, and teach what it changes."""
    before = payment.label
    if before is not None and RANK[source] < RANK[before]:
        return
    corrects = None if before is None else payment.fraud
    weight = payment.weight if before is not None else _weight(state, now)
    labelled = structs.replace(payment, label=source, fraud=fraud, weight=weight)
    state.payments[payment_id] = labelled
    if corrects is fraud:
        return
    state.frauds += fraud - bool(corrects)
    habits.keep_label(state.habits, payment.paid_at, fraud, corrects)
    yield _example(member_id, payment_id, labelled, now, corrects)
    yield from _tell_tokens(member_id, payment_id, labelled, now, corrects)


def _weight(state: Risk, now: int) -> float:
    day = now // DAY
    if day != state.label_day:
        state.label_day, state.labels_of_day = day, 0
    state.labels_of_day += 1
    return min(1.0, FULL_A_DAY / state.labels_of_day)


def _example(
    member_id: str, payment_id: str, payment: Payment, now: int, corrects: bool | None
) -> ExampleLabelled:
    assert payment.label is not None
    return ExampleLabelled(
        model=PAYMENT,
        occurred_at=now,
        member_id=member_id,
        payment_id=payment_id,
        paid_at=payment.paid_at,
        features=told(payment.features),
        fraud=payment.fraud,
        source=payment.label,
        weight=payment.weight,
        probability=payment.probability,
        challengers=[Number(name=name, value=value) for name, value in payment.challengers.items()],
        alerted=STRICTNESS[payment.verdict] >= STRICTNESS[Verdict.REVIEW],
        known=payment.known,
        corrects=corrects,
    )


def _tell_tokens(
    member_id: str, payment_id: str, payment: Payment, now: int, corrects: bool | None
) -> Iterator[TokenLabelled]:
    """What the member's own side leaves unexplained is told to the tokens that it was paid with."""
    for token in payment.tokens:
        told_before = corrects or (corrects is False and token.startswith(TOLD_OF_SILENCE))
        if not (payment.fraud or told_before or token.startswith(TOLD_OF_SILENCE)):
            continue
        yield TokenLabelled(
            token=token,
            occurred_at=now,
            member_id=member_id,
            payment_id=payment_id,
            paid_at=payment.paid_at,
            fraud=payment.fraud,
            evidence=payment.evidence if payment.fraud else 0.0,
            corrects=(payment.evidence if corrects else 0.0) if told_before else None,
        )


def _unknown(
    event: ChargebackReceived | DisputeResolved | AlertClosed,
    payment_id: str | None,
    source: LabelSource,
) -> PaymentDisregarded:
    return PaymentDisregarded(
        member_id=event.member_id,
        occurred_at=event.occurred_at,
        payment_id=payment_id,
        order_id=getattr(event, "order_id", None),
        reason=Disregard.UNKNOWN_PAYMENT,
        label=source,
    )
