"""The agent `risk` of a member: examines payments and what else is abused, hears what became of them.

Payments have a model and rules (`payments.py`), all else has rules alone and is told only where one fired:
a coupon (PROMOTION), an accepted invitation (REFERRAL), a gift asked for (ACCOUNT_TAKEOVER, POINTS), a
return (REFUND). Orders and returns are heard as the agent `orders` counts them, so a repeat counts once.
What members look at is not heard: it is most of all there is and says little.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import assert_never

from agents import Agent, Tables, Woken
from agents.calendar import DAY
from agents.risk import payment_book
from agents.risk.acceptances import accept, answered
from agents.risk.contests import contested
from agents.risk.doings import apply_coupon, features, note, told_before
from agents.risk.labels import charge_back, dispute, fall_silent, judge
from agents.risk.log_ins import answered_log_in, fail_to_log_in, log_in
from agents.risk.payment_book import KEPT, Risk
from agents.risk.payments import assessed, by_rules, capture, fail
from agents.risk.scoring import Subject
from schemas.actions import PointsAdjusted, RedemptionRequested
from schemas.outcomes import OrderPlaced, ReturnAccepted
from schemas.record import Event, Outcome
from schemas.risk import (
    AbuseKind,
    AlertClosed,
    ChargebackReceived,
    CouponApplied,
    DisputeOpened,
    DisputeResolved,
    FraudScored,
    FriendInvited,
    InvitationAccepted,
    LoggedIn,
    LogInFailed,
    PaymentCaptured,
    PaymentFailed,
    TokenAssessed,
)

NAME = "risk"
HORIZON_DAYS = 7  # what comes later corrects; frauds alone would make a suspicious model

Told = (
    LoggedIn
    | LogInFailed
    | PaymentFailed
    | CouponApplied
    | FriendInvited
    | InvitationAccepted
    | RedemptionRequested
    | PointsAdjusted
    | OrderPlaced
    | ReturnAccepted
)
Ended = DisputeOpened | DisputeResolved | ChargebackReceived | AlertClosed | Woken
Heard = PaymentCaptured | TokenAssessed | Told | Ended


def react(state: Risk, event: Heard, tables: Tables, horizon: int) -> Iterator[Outcome]:
    """Examine what is told, score what is known, label what has ended."""
    match event:
        case PaymentCaptured():
            yield from capture(state, event, tables, horizon)
        case TokenAssessed(kind=AbuseKind.PAYMENT):
            yield from assessed(state, event, tables)
        case TokenAssessed(kind=AbuseKind.REFERRAL):
            yield from answered(state, event, tables)
        case TokenAssessed():
            answered_log_in(state, event)
        case DisputeOpened() | DisputeResolved() | ChargebackReceived() | AlertClosed() | Woken():
            yield from _end(state, event, tables, horizon)
        case _:
            yield from _do(state, event, tables)


def _end(state: Risk, event: Ended, tables: Tables, horizon: int) -> Iterator[Outcome]:
    """What became of payments."""
    match event:
        case DisputeOpened() | DisputeResolved():
            yield from contested(state, event)
            yield from dispute(state, event, tables, horizon)
        case ChargebackReceived():
            yield from contested(state, event)
            yield from charge_back(state, event, tables)
        case AlertClosed():
            yield from judge(state, event, tables)
        case Woken():
            yield from fall_silent(state, event.key, event.occurred_at, horizon)
        case _:
            assert_never(event)


def _do(state: Risk, event: Told, tables: Tables) -> Iterator[Outcome]:
    """What the member does beside paying: counted, and examined where it is abused."""
    doings, habits, at = state.doings, state.habits, event.occurred_at
    match event:
        case LoggedIn():
            yield from log_in(state, event)
        case LogInFailed():
            fail_to_log_in(state, event)
        case PaymentFailed():
            fail(state, event)
        case CouponApplied():
            yield from _apply_coupon(state, event, tables)
        case FriendInvited():
            if not told_before(doings, "invitations", event.invitation_id):
                note(doings, habits, "invitations", at)
        case InvitationAccepted():
            yield from accept(state, event, tables)
        case RedemptionRequested():
            yield from _redeem(state, event, tables)
        case PointsAdjusted():
            note(doings, habits, "adjustments", at, event.points)
        case OrderPlaced():
            note(doings, habits, "purchases", at, event.total_minor)
        case ReturnAccepted():
            yield from _return(state, event, tables)
        case _:
            assert_never(event)


def _apply_coupon(state: Risk, event: CouponApplied, tables: Tables) -> Iterator[FraudScored]:
    at = event.occurred_at
    repeated = apply_coupon(state.habits, event.coupon_id, at)
    note(state.doings, state.habits, "coupons", at, event.discount_minor)
    subject = Subject(
        member_id=event.member_id,
        at=at,
        kind=AbuseKind.PROMOTION,
        subject_id=event.event_id,
        order_id=event.order_id,
        amount_minor=event.discount_minor,
        currency=event.currency,
    )
    found = features(state.doings, state.habits, at) | {"coupon_repeated": repeated}
    yield from by_rules(subject, found, tables)


def _redeem(state: Risk, event: RedemptionRequested, tables: Tables) -> Iterator[FraudScored]:
    at = event.occurred_at
    if told_before(state.doings, "redemptions", event.redemption_id):
        return
    note(state.doings, state.habits, "redemptions", at)
    found = features(state.doings, state.habits, at)
    for kind in (AbuseKind.ACCOUNT_TAKEOVER, AbuseKind.POINTS):
        subject = Subject(
            member_id=event.member_id,
            at=at,
            kind=kind,
            subject_id=event.event_id,
            redemption_id=event.redemption_id,
        )
        yield from by_rules(subject, found, tables)


def _return(state: Risk, event: ReturnAccepted, tables: Tables) -> Iterator[FraudScored]:
    """A return that the shop caused says nothing of the member."""
    if event.shop_at_fault:
        return
    at = event.occurred_at
    note(state.doings, state.habits, "returns", at, event.refund_minor)
    subject = Subject(
        member_id=event.member_id,
        at=at,
        kind=AbuseKind.REFUND,
        subject_id=event.return_id,
        order_id=event.order_id,
        amount_minor=event.refund_minor,
    )
    yield from by_rules(subject, features(state.doings, state.habits, at), tables)


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {
        PaymentCaptured,
        TokenAssessed,
        LoggedIn,
        LogInFailed,
        PaymentFailed,
        CouponApplied,
        FriendInvited,
        InvitationAccepted,
        RedemptionRequested,
        PointsAdjusted,
        OrderPlaced,
        ReturnAccepted,
        DisputeOpened,
        DisputeResolved,
        ChargebackReceived,
        AlertClosed,
    }
)


def risk(horizon_days: int = HORIZON_DAYS) -> Agent[Risk]:
    """The agent; after `horizon_days` without a word a payment counts as honest."""
    horizon = horizon_days * DAY
    if not 0 < horizon < KEPT:
        raise ValueError(
            f"The horizon is between 1 and {KEPT // DAY - 1} days, not {horizon_days}."
        )
    return Agent(NAME, Risk, HEARS, partial(react, horizon=horizon), payment_book.wake_at)


RISK: Agent[Risk] = risk()
