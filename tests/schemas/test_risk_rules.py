"""The rules that an installation begins with are taken as they stand, and tell what they are for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agents import Place
from agents.risk.rules import RISK_RULES, RiskRules, fired
from schemas import codec
from schemas.risk import AbuseKind, RiskRuleAccepted, RiskRuleRefused, Verdict
from schemas.risk_rules import first_rules, first_versions

AT = 1_323_432_000_000


def test_every_rule_is_accepted() -> None:
    """None is refused by the table, or by the limits of its declaration."""
    state = RiskRules()
    for event in first_versions(AT, "operator-1"):
        codec.validate(event)
        (said,) = RISK_RULES.react(state, event, Place(0, 1))
        assert not isinstance(said, RiskRuleRefused), said
        assert isinstance(said, RiskRuleAccepted)
    assert state.names == list(first_rules())


def test_ids_are_the_same_for_the_same_moment() -> None:
    """So that sending them twice is a repeat; and single."""
    first, again = list(first_versions(AT, "operator-1")), list(first_versions(AT, "operator-1"))
    assert first == again
    assert len({event.event_id for event in first}) == len(first)


HITS = [
    (AbuseKind.PAYMENT, {"score": 350}, ["score-review"]),
    (AbuseKind.PAYMENT, {"score": 960}, ["score-review", "score-hold", "score-block"]),
    (AbuseKind.PAYMENT, {"score": 20}, []),
    (AbuseKind.PAYMENT, {"payments_failed_1h": 6, "card_tokens_24h": 5}, ["card-testing"]),
    (AbuseKind.PAYMENT, {"payments_failed_1h": 6, "card_tokens_24h": 1}, []),
    (AbuseKind.PAYMENT, {"card_others_30d": 1}, []),
    (
        AbuseKind.PAYMENT,
        {"hours_since_new_device": 1, "log_ins_failed_24h": 4, "amount_to_mean": 5},
        ["takeover-payment"],
    ),
    (AbuseKind.PAYMENT, {"hours_since_new_device": 1, "amount_to_mean": 5}, []),
    (
        AbuseKind.ACCOUNT_TAKEOVER,
        {"hours_since_new_device": 1, "log_ins_failed_24h": 4},
        ["takeover-redemption"],
    ),
    (AbuseKind.REFERRAL, {"device_of_inviter": 1, "device_others_30d": 1}, []),
    (AbuseKind.REFERRAL, {"card_of_inviter": 1, "card_others_30d": 1}, ["self-referral"]),
    (AbuseKind.PROMOTION, {"coupons_7d": 2, "days_known": 2, "device_others_30d": 3}, []),
    (
        AbuseKind.PROMOTION,
        {"coupons_7d": 1, "days_known": 2, "device_others_30d": 0, "address_others_30d": 5},
        ["coupon-address"],
    ),
    (AbuseKind.PROMOTION, {"coupons_7d": 1, "days_known": 90, "address_others_30d": 5}, []),
    (AbuseKind.REFERRAL, {"address_of_inviter": 1, "address_others_30d": 1}, []),
    (AbuseKind.REFERRAL, {"address_of_inviter": 1, "address_others_30d": 4}, ["referral-address"]),
    (
        AbuseKind.PROMOTION,
        {"coupons_7d": 1, "days_known": 2, "device_others_30d": 6},
        ["coupon-farm"],
    ),
    (
        AbuseKind.REFUND,
        {"returned_share_30d": 0.9, "returns_30d": 3, "purchases_30d": 3},
        ["refund-for-points"],
    ),
    (AbuseKind.REFUND, {"returned_share_30d": 0.9, "returns_30d": 1, "purchases_30d": 1}, []),
]


@pytest.mark.parametrize(("kind", "features", "expected"), HITS)
def test_what_they_hit(kind: AbuseKind, features: dict[str, float], expected: list[str]) -> None:
    """Families and offices, a single return and an ordinary payment are left alone."""
    state = RiskRules()
    for event in first_versions(AT, "operator-1"):
        tuple(RISK_RULES.react(state, event, Place(0, 1)))
    found = fired({"risk_rules": state}, kind, AT, features)
    assert [rule.rule_id for rule in found] == expected


def test_nobody_is_blocked_by_a_first_rule_alone() -> None:
    """Only a model that is nearly certain blocks; the rest waits for an analyst."""
    blocking = [name for name, rule in first_rules().items() if rule.verdict is Verdict.BLOCK]
    assert blocking == ["score-block"]


def test_a_file_that_is_no_rules_is_said_to_be_none(tmp_path: Path) -> None:
    """With the place of the mistake."""
    file = tmp_path / "rules.json"
    file.write_text('{"r": {"expression": 5}}')
    with pytest.raises(msgspec.ValidationError, match="expression"):
        first_rules(file)
