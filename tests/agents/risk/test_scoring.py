"""Scores, row by row: the model's part and the rules' parts add up, and so do all reasons."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.risk.features import bin_of
from agents.risk.rescoring import adds_up, rescore
from agents.risk.rules import Fired
from agents.risk.scoring import Subject, apportioned, opinion, scored
from schemas.risk import AbuseKind, Evidence, FraudScored, Verdict
from tests.agents.risk.payments_told import at, life, paid, published, rule, short, tables
from tests.agents.rows import ids

EVEN = published(0.0, {"amount_minor": {bin_of("amount_minor", 9_000): 2.0}})

# name, the rules, the amount, the score, the verdict
ROWS: list[tuple[str, dict[str, Any], int, int, Verdict]] = [
    ("the model alone decides nothing", {}, 1_000, 500, Verdict.ALLOW),
    ("and says more of an odd amount", {}, 9_000, 881, Verdict.ALLOW),
    ("its threshold is a rule over the score", {"high": rule("score > 800", weight=0)},
     9_000, 881, Verdict.REVIEW),
    ("which does not fire below", {"high": rule("score > 800", weight=0)}, 1_000, 500, Verdict.ALLOW),
    ("a rule adds its weight", {"dear": rule("amount_minor > 5000")}, 9_000, 981, Verdict.REVIEW),
    ("up to a thousand", {"dear": rule("amount_minor > 5000", weight=300)},
     9_000, 1_000, Verdict.REVIEW),
    ("the strictest verdict of several",
     {"a": rule("amount_minor > 1", Verdict.CHALLENGE, 10),
      "b": rule("amount_minor > 2", Verdict.BLOCK, 20),
      "c": rule("amount_minor > 3", Verdict.HOLD, 30)}, 1_000, 560, Verdict.BLOCK),
    ("a shadow is told and changes nothing",
     {"dear": rule("amount_minor > 5000", Verdict.BLOCK, 900, shadow=True)},
     9_000, 881, Verdict.ALLOW),
    ("a rule over the score sees the model's part alone",
     {"a": rule("amount_minor > 1", weight=400), "b": rule("score > 600", Verdict.BLOCK)},
     1_000, 900, Verdict.REVIEW),
    ("a rule of another kind does not fire",
     {"dear": rule("amount_minor > 1", Verdict.BLOCK, kind=AbuseKind.REFUND)},
     1_000, 500, Verdict.ALLOW),
]  # fmt: skip


def score_of(rules: dict[str, Any], amount: int, *models: Any) -> FraudScored:
    outcome = life(rules, *(models or (EVEN,))).hear(paid(amount=amount))[0]
    assert isinstance(outcome, FraudScored)
    return outcome


@pytest.mark.parametrize("row", ROWS, ids=ids(ROWS))
def test_rows(row: tuple[str, dict[str, Any], int, int, Verdict]) -> None:
    """The score and the verdict of a payment of this amount."""
    _, rules, amount, score, verdict = row
    outcome = score_of(rules, amount)
    assert (outcome.score, outcome.verdict) == (score, verdict)
    assert sum(reason.contribution for reason in outcome.reasons) == outcome.score


def test_of_rules_that_add_the_same_the_strictest_is_told_first() -> None:
    """Thresholds of the model add nothing, and the one that decides is why there is an alert."""
    high = {"a": rule("score > 100", weight=0), "b": rule("score > 800", Verdict.BLOCK, 0)}
    told = [one.source for one in score_of(high, 9_000).reasons if one.source.startswith("rule")]
    assert told == ["rule:b", "rule:a"]


def evidence_of(outcome: FraudScored) -> Evidence:
    return Evidence(
        subject_id=outcome.subject_id,
        scored_at=outcome.occurred_at,
        score=outcome.score,
        verdict=outcome.verdict,
        base=outcome.base,
        weights=outcome.weights,
        reasons=outcome.reasons,
        rules=outcome.rules,
    )


FEATURES = st.dictionaries(
    st.sampled_from(["amount_minor", "hour_of_day", "payments", "number_a", "device_others_30d"]),
    st.floats(-1e9, 1e9),
)
WEIGHTS = st.dictionaries(
    st.sampled_from(["amount_minor", "hour_of_day", "payments", "number_a", "number_b"]),
    st.dictionaries(st.integers(-1, 60), st.floats(-8, 8).map(lambda w: round(w, 4)), max_size=60),
)
FIRED = st.lists(
    st.builds(
        Fired,
        rule_id=st.sampled_from("abc"),
        version=st.just(1),
        shadow=st.booleans(),
        weight=st.integers(0, 1_000),
        verdict=st.sampled_from(list(Verdict)[1:]),
        reason=st.just("because"),
    ),
    max_size=6,
)


@given(st.floats(-8, 8), WEIGHTS, FEATURES, FIRED)
def test_reasons_add_up_and_an_alert_can_be_scored_again(
    base: float, weights: dict[str, Any], features: dict[str, float], fired: list[Fired]
) -> None:
    """Whatever model, features and rules: all parts are the score, and it follows from the evidence."""
    held = tables(None, published(base, weights))
    subject = Subject("m", at(0), AbuseKind.PAYMENT, "p")
    outcome = scored(subject, opinion(held, features, at(0)), fired, features)
    assert 0 <= outcome.score <= 1_000
    evidence = evidence_of(outcome)
    assert adds_up(evidence)
    if outcome.verdict is not Verdict.ALLOW:
        assert rescore(evidence) == outcome.score


@given(st.integers(0, 1_000), st.lists(st.integers(0, 1_000), max_size=8))
def test_parts_add_up(total: int, weights: list[int]) -> None:
    """Largest remainders: nothing is lost, and no part is more than a point from its share."""
    total = min(total, sum(weights))
    parts = apportioned(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / max(1, sum(weights))) < 1


def test_many_features_are_told_as_few() -> None:
    """The largest parts by name, what is left as one, and the base."""
    names = [f"number_{n:02}" for n in range(30)]
    model = published(-1.0, {name: {-1: 0.1 + n / 100} for n, name in enumerate(names)})
    outcome = score_of({}, 1_000, model)
    sources = [reason.source for reason in outcome.reasons]
    assert len(sources) == 10
    assert sorted(sources)[0] == "base"
    assert "feature:" in sources
    assert "feature:number_29" in sources
    assert sum(reason.contribution for reason in outcome.reasons) == outcome.score


def test_weights_are_told_above_allow() -> None:
    """An alert must be able to show how its score came about; what is allowed needs no such length."""
    allowed, held = score_of({}, 9_000), score_of({"dear": rule("amount_minor > 1")}, 9_000)
    assert (allowed.base, allowed.weights) == (None, [])
    assert (held.base, [one.name for one in held.weights]) == (0.0, ["amount_minor"])
    assert held.weights[0].value == 9_000.0


def test_the_version_is_named_and_an_old_one_is_stale() -> None:
    """Three days after its publication a snapshot is old, and the score says so."""
    fresh, old = score_of({}, 1_000), score_of({}, 1_000, published(0.0, {}, day=-4))
    assert (fresh.model, fresh.variant, fresh.model_version) == ("payment", "binned", 7)
    assert (fresh.stale, old.stale) == (False, True)


def test_challengers_are_asked_beside_the_champion() -> None:
    """They say what they would have said, and decide nothing."""
    outcome = score_of({}, 1_000, EVEN, published(9.0, {}, variant="quick", champion=False))
    assert outcome.score == 500
    assert [one.name for one in outcome.challengers] == ["quick"]
    assert outcome.challengers[0].value > 0.99


def test_a_payment_may_be_an_abuse_of_promotions_too() -> None:
    """Rules of that kind see the payment's features; the payment's own verdict is another."""
    rules = {"farm": rule("coupons_24h >= 0.0 || amount_minor > 1", kind=AbuseKind.PROMOTION)}
    said = [short(one) for one in life(rules).hear(paid())]
    assert said == ["p ALLOW 0", "PROMOTION p REVIEW 100"]
