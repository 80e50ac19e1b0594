"""A risk rule on trial over actions: it is asked about every kind, by what the actions themselves tell."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation.risk_trial import HEARD, SHOWN, trial
from schemas.actions import PurchaseMade
from schemas.record import Event
from schemas.risk import (
    AbuseKind,
    CouponApplied,
    FriendInvited,
    InvitationAccepted,
    LogInFailed,
    PaymentCaptured,
    RiskRule,
    Verdict,
)

START = 1_323_432_000_000
HOUR = 3_600_000


def rule(expression: str, kind: AbuseKind, **fields: Any) -> RiskRule:
    return RiskRule(
        expression=expression, kind=kind, weight=100, reason="tried", verdict=Verdict.HOLD, **fields
    )


def coupons(member: str, count: int) -> list[Event]:
    return [
        CouponApplied(
            event_id=f"{member}-{number}",
            member_id=member,
            occurred_at=START + number * HOUR,
            coupon_id=f"coupon-{number}",
            discount_minor=100,
            currency="GBP",
        )
        for number in range(count)
    ]


def paid(number: int, card: str | None = None, device: str | None = None) -> PaymentCaptured:
    return PaymentCaptured(
        event_id=f"paid-{number}",
        member_id=f"m{number}",
        occurred_at=START + number * HOUR,
        payment_id=f"p{number}",
        amount_minor=1_000 * number,
        currency="GBP",
        card=card,
        device=device,
    )


def test_coupons() -> None:
    """From the fourth within a day on, whoever's they are."""
    told = sorted([*coupons("a", 5), *coupons("b", 3)], key=lambda one: one.occurred_at)  # type: ignore[attr-defined]
    found = trial(rule("coupons_24h >= 3", AbuseKind.PROMOTION), told)
    assert (found.actions, found.hits, found.members) == (8, 4, 2)
    assert found.amount_minor == 400
    assert [one.subject_id for one in found.newest] == ["a-4", "a-3", "b-2", "a-2"]
    assert (found.from_at, found.until_at) == (START, START + 4 * HOUR)


def test_payments_with_what_their_tokens_say() -> None:
    """The questions to the card's key are asked and answered as in life."""
    told = [paid(number, "one" if number < 3 else f"card-{number}") for number in range(6)]
    found = trial(rule("card_others_30d >= 2", AbuseKind.PAYMENT), told)
    assert [one.subject_id for one in found.newest] == ["p2"]
    assert found.amount_minor == 2_000


def test_an_invitation() -> None:
    """Who accepts an invitation of somebody who paid on the same device."""
    told = [
        paid(0, device="d"),
        FriendInvited(event_id="i", member_id="m0", occurred_at=START + 1, invitation_id="i"),
        InvitationAccepted(
            event_id="j", member_id="b", occurred_at=START + HOUR, invitation_id="i",
            inviter_id="m0", device="d",
        ),
    ]  # fmt: skip
    found = trial(rule("device_of_inviter == 1", AbuseKind.REFERRAL), told)
    assert [one.member_id for one in found.newest] == ["b"]


def test_it_is_tried_whatever_its_state() -> None:
    """A rule that is snoozed or retired is tried as if it held."""
    snoozed = {"snoozed_until": START + 90 * HOUR, "snoozed_by": "operator-1"}
    for state in (snoozed, {"retired": True}, {"shadow": True}):
        assert trial(rule("coupons_24h >= 1", AbuseKind.PROMOTION, **state), coupons("a", 3)).hits


def test_few_are_shown() -> None:
    """The newest."""
    found = trial(rule("coupons_24h >= 0", AbuseKind.PROMOTION), coupons("a", SHOWN + 5))
    assert (found.hits, len(found.newest)) == (SHOWN + 5, SHOWN)
    assert found.newest[0].subject_id == f"a-{SHOWN + 4}"


def test_what_cannot_be_tried_is_refused() -> None:
    """With what is to be done."""
    with pytest.raises(ValueError, match="did you mean coupons_24h"):
        trial(rule("coupons_2h > 1", AbuseKind.PROMOTION), coupons("a", 1))


def test_nothing_told() -> None:
    """No figures."""
    found = trial(rule("coupons_24h >= 3", AbuseKind.PROMOTION), [])
    assert (found.actions, found.hits, found.from_at) == (0, 0, None)


def test_what_is_heard() -> None:
    """All of members that counts for risk, and no rules beside the one on trial."""
    assert {LogInFailed, CouponApplied, PurchaseMade} <= set(HEARD)
    assert all(kind.KEY == "member_id" for kind in HEARD)
