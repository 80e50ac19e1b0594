"""What else is abused, row by row: coupons, invitations, gifts, returns. Only a rule speaks, else silence."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.actions import PointsAdjusted, RedemptionRequested
from schemas.outcomes import OrderPlaced, ReturnAccepted
from schemas.risk import (
    AbuseKind,
    CouponApplied,
    FraudScored,
    FriendInvited,
    InvitationAccepted,
    LoggedIn,
    LogInFailed,
    TokenRole,
    Verdict,
)
from tests.agents.risk.payments_told import MEMBER, answer, at, life, rule, short, told
from tests.agents.rows import ids

RULES = {
    "hoarder": rule("coupons_24h > 2", kind=AbuseKind.PROMOTION),
    "again": rule("coupon_repeated == 1.0 && coupons_24h > 1", Verdict.HOLD, 10, AbuseKind.PROMOTION),
    "selves": rule("device_of_inviter == 1.0 || card_of_inviter == 1.0", Verdict.BLOCK, 300,
                   AbuseKind.REFERRAL),
    "farm": rule("device_others_30d > 4", kind=AbuseKind.REFERRAL),
    "takeover": rule("hours_since_new_device < 24 && log_ins_failed_24h >= 3", Verdict.HOLD, 700,
                     AbuseKind.ACCOUNT_TAKEOVER),
    "abroad": rule("hours_since_new_country < 1", kind=AbuseKind.ACCOUNT_TAKEOVER),
    "drain": rule("redemptions_1h > 2", kind=AbuseKind.POINTS),
    "crowd": rule("device_others_30d > 7", Verdict.BLOCK, 500, AbuseKind.PROMOTION),
    "gifted": rule("adjustments_amount_24h > 5000", kind=AbuseKind.POINTS),
    "refunds": rule("returned_share_30d > 0.8 && returns_30d > 1", kind=AbuseKind.REFUND),
}  # fmt: skip


def coupon(code: str = "c", day: float = 0) -> CouponApplied:
    return CouponApplied(
        **told(day, f"coupon-{code}"), coupon_id=code, discount_minor=500, currency="GBP"
    )


def logged_in(device: str | None, day: float = 0, country: str | None = None) -> LoggedIn:
    return LoggedIn(**told(day, "log-in"), device=device, country=country)


def at_device(others: float, log_in: str = "log-in-0") -> Any:
    return answer(
        TokenRole.DEVICE, log_in, kind=AbuseKind.ACCOUNT_TAKEOVER, device_others_30d=others
    )


def failed(day: float = 0) -> LogInFailed:
    return LogInFailed(**told(day, "failed"), device="thief")


def redeemed(redemption: str = "r", day: float = 0) -> RedemptionRequested:
    return RedemptionRequested(
        **told(day, f"redeem-{redemption}"), redemption_id=redemption, product_id="gift"
    )


def bought(order: str, total: int, day: float = 0) -> OrderPlaced:
    return OrderPlaced(
        **told(day, f"order-{order}"), order_id=order, currency="GBP", lines=[], total_minor=total
    )


def adjusted(points: int, day: float = 0) -> PointsAdjusted:
    return PointsAdjusted(
        **told(day, "adjusted"),
        points=points,
        reason="goodwill",
        adjusted_by="operator-1",
        approved_by="operator-2",
    )


def returned(order: str, refund: int, day: float, fault: bool = False) -> ReturnAccepted:
    return ReturnAccepted(
        **told(day, f"return-{order}"),
        return_id=f"back-{order}",
        order_id=order,
        lines=[],
        refund_minor=refund,
        shop_at_fault=fault,
    )


def accepted(invitation: str = "i", day: float = 0, **tokens: str) -> InvitationAccepted:
    return InvitationAccepted(
        **told(day, "accepted"), invitation_id=invitation, inviter_id="friend", **tokens
    )


def answered(role: TokenRole, **features: float) -> Any:
    return answer(role, "accepted-0", kind=AbuseKind.REFERRAL, **features)


GUESSED = [logged_in("phone"), *(failed(9 + n / 100) for n in range(3)), logged_in("thief", 9.1)]
PHONE, THIEF, LAPTOP = (
    f"ask DEVICE:{device} about log-in-" for device in ("phone", "thief", "laptop")
)
STOLEN = [PHONE + "0", THIEF + "9.1"]
ASK = "ask DEVICE:d about accepted-0 with friend"
BOTH = [ASK, "ask CARD:c about accepted-0 with friend"]

ROWS: list[tuple[str, list[Any], list[str]]] = [
    ("a coupon", [coupon()], []),
    ("a third within a day", [coupon("a"), coupon("b", 0.1), coupon("c", 0.2)],
     ["PROMOTION coupon-c-0.2 REVIEW 100"]),
    ("a third, but not within a day", [coupon("a"), coupon("b", 1), coupon("c", 2)], []),
    ("the same one again", [coupon(), coupon(day=0.1)], ["PROMOTION coupon-c-0.1 HOLD 10"]),
    ("an acceptance without tokens", [accepted()], []),
    ("an acceptance waits for its tokens", [accepted(device="d")], [ASK]),
    ("a friend indeed",
     [accepted(device="d"), answered(TokenRole.DEVICE, device_of_inviter=0.0)], [ASK]),
    ("the inviter's own device", [accepted(device="d"),
     answered(TokenRole.DEVICE, device_of_inviter=1.0)],
     [ASK, "REFERRAL accepted-0 BLOCK 300"]),
    ("a family of four is tolerated",
     [accepted(device="d"), answered(TokenRole.DEVICE, device_others_30d=3.0)], [ASK]),
    ("a device of many", [accepted(device="d"), answered(TokenRole.DEVICE, device_others_30d=9.0)],
     [ASK, "REFERRAL accepted-0 REVIEW 100"]),
    ("the last of two answers decides, with both", [accepted(device="d", card="c"),
     answered(TokenRole.CARD, card_of_inviter=1.0), answered(TokenRole.DEVICE)],
     [*BOTH, "REFERRAL accepted-0 BLOCK 300"]),
    ("accepted again: not asked again",
     [accepted(device="d"), accepted(device="d", day=1)], [ASK]),
    ("a payment's answer is not an acceptance's",
     [accepted(device="d"), answer(TokenRole.DEVICE, "accepted-0", device_of_inviter=1.0)], [ASK]),
    ("a gift", [redeemed()], []),
    ("a gift after guessed passwords and a new device", [*GUESSED, redeemed(day=9.2)],
     [*STOLEN, "ACCOUNT_TAKEOVER redeem-r-9.2 HOLD 700"]),
    ("a week later the device is no longer new", [*GUESSED, redeemed(day=16)], STOLEN),
    ("a thief who only fails changes no device", [logged_in("phone"), failed(9), failed(9.01),
     failed(9.02), redeemed(day=9.1)], [PHONE + "0"]),
    ("a member's first device is not new beside others",
     [failed(), failed(0.01), failed(0.02), logged_in("phone", 0.1), redeemed(day=0.2)],
     [PHONE + "0.1"]),
    ("from a country they never were in", [logged_in("phone", country="GB"),
     logged_in("phone", 5, "BR"), redeemed(day=5.01)],
     [PHONE + "0", PHONE + "5", "ACCOUNT_TAKEOVER redeem-r-5.01 REVIEW 100"]),
    ("a device is asked once a day",
     [logged_in("phone"), logged_in("phone", 0.5), logged_in("phone", 1)], [PHONE + "0", PHONE + "1"]),
    ("and when it is another one", [logged_in("phone"), logged_in("laptop", 0.1)],
     [PHONE + "0", LAPTOP + "0.1"]),
    ("a log-in without a device asks nobody", [logged_in(None)], []),
    ("a coupon at a device of many", [logged_in("phone"), at_device(9.0), coupon(day=0.1)],
     [PHONE + "0", "PROMOTION coupon-c-0.1 BLOCK 500"]),
    ("what a former device said is not held against another",
     [logged_in("phone"), at_device(9.0), logged_in("laptop", 0.1), coupon(day=0.2)],
     [PHONE + "0", LAPTOP + "0.1"]),
    ("nor is an answer that comes late",
     [logged_in("phone"), logged_in("laptop", 0.1), at_device(9.0), coupon(day=0.2)],
     [PHONE + "0", LAPTOP + "0.1"]),
    ("three gifts in an hour", [redeemed("a"), redeemed("b", 0.01), redeemed("c", 0.02)],
     ["POINTS redeem-c-0.02 REVIEW 100"]),
    ("the same request told again is one",
     [redeemed("a"), redeemed("b", 0.01), redeemed("b", 0.02), redeemed("a", 0.03)], []),
    ("points by hand, and a gift at once", [adjusted(6_000), redeemed(day=0.1)],
     ["POINTS redeem-r-0.1 REVIEW 100"]),
    ("a little goodwill", [adjusted(50), redeemed(day=0.1)], []),
    ("most of it comes back, again and again",
     [bought("a", 5_000), bought("b", 5_000, 1), returned("a", 5_000, 2), returned("b", 5_000, 3)],
     ["REFUND back-b REVIEW 100"]),
    ("a lamp that did not fit", [bought("a", 5_000), bought("b", 900, 1), returned("b", 900, 3)], []),
    ("what the shop spoilt is not held against anybody",
     [bought("a", 5_000), bought("b", 5_000, 1), returned("a", 5_000, 2, fault=True),
      returned("b", 5_000, 3, fault=True)], []),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=ids(ROWS))
def test_rows(row: tuple[str, list[Any], list[str]]) -> None:
    """What is said to these events under these rules."""
    _, events, expected = row
    assert [short(one) for one in life(RULES).hear(*events)] == expected


def test_without_rules_nothing_is_said_and_all_is_counted() -> None:
    """Where there is no model a score without a rule would mean nothing."""
    lived = life()
    events = [event for _, row, _ in ROWS for event in row if not isinstance(event, LoggedIn)]
    said = [one for one in lived.hear(*events) if isinstance(one, FraudScored)]
    assert said == []
    assert lived.state.habits.doings["coupons"].at


def test_a_score_names_the_order_or_the_redemption() -> None:
    """So that the ledger knows what to hold."""
    lived = life({"all": rule("days_known >= 0.0", kind=AbuseKind.POINTS)})
    (outcome,) = lived.hear(redeemed("r", 1))
    assert isinstance(outcome, FraudScored)
    assert (outcome.redemption_id, outcome.order_id) == ("r", None)
    lived = life({"all": rule("days_known >= 0.0", kind=AbuseKind.REFUND)})
    (outcome,) = lived.hear(returned("o", 900, 1))
    assert isinstance(outcome, FraudScored)
    assert (outcome.order_id, outcome.amount_minor) == ("o", 900)
    assert outcome.probability is None


def test_invitations_are_counted_once_each() -> None:
    """Who invites many in a day can be asked about it, when they next do something that is examined."""
    lived = life({"crowd": rule("invitations_24h > 3", kind=AbuseKind.POINTS)})
    for n in range(8):
        invited = FriendInvited(**told(n / 100, f"invited-{n}"), invitation_id=f"i-{n % 4}")
        lived.hear(invited)
    assert [short(one) for one in lived.hear(redeemed(day=0.1))] == [
        "POINTS redeem-r-0.1 REVIEW 100"
    ]
    assert len(lived.state.habits.doings["invitations"].at) == 4


def test_an_acceptance_leaves_nothing_behind() -> None:
    """Once it is answered it is let go."""
    lived = life(RULES)
    lived.hear(accepted(device="d"), answered(TokenRole.DEVICE))
    assert not lived.state.acceptances
    assert lived.due() is None
    assert lived.wait(MEMBER, at(900)) == []


def test_an_alert_can_show_what_its_rule_asked_about() -> None:
    """The features that the rules which fired name, also those without a value; of no weight in the score."""
    coupons = (coupon("a"), coupon("b", 0.1), coupon("c", 0.2))
    (said,) = [one for one in life(RULES).hear(*coupons) if isinstance(one, FraudScored)]
    assert [(one.name, one.value, one.weight) for one in said.weights] == [
        ("coupons_24h", 3.0, 0.0)
    ]
