"""A risk rule tried on labelled payments hits what it would have hit, by what was known at the time."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation.risk_dry_run import SHOWN, by_payment, hits
from schemas.risk import (
    AbuseKind,
    ExampleLabelled,
    LabelSource,
    Number,
    RiskRule,
    Verdict,
)

START = 1_323_432_000_000
HOUR = 3_600_000


def example(
    payment: str,
    hour: int = 0,
    member: str = "m",
    probability: float | None = None,
    fraud: bool = False,
    features: dict[str, float] | None = None,
    **fields: Any,
) -> ExampleLabelled:
    known = {"amount_minor": 1_000.0} | (features or {})
    return ExampleLabelled(
        event_id=f"label-{payment}",
        model="payment",
        occurred_at=START + hour * HOUR,
        member_id=member,
        payment_id=payment,
        paid_at=START + hour * HOUR,
        features=[Number(name=name, value=value) for name, value in known.items()],
        fraud=fraud,
        source=LabelSource.CHARGEBACK if fraud else LabelSource.HORIZON,
        weight=1.0,
        probability=probability,
        **fields,
    )


def rule(expression: str, kind: AbuseKind = AbuseKind.PAYMENT) -> RiskRule:
    return RiskRule(
        expression=expression, kind=kind, weight=100, reason="tried", verdict=Verdict.HOLD
    )


EXAMPLES = [
    example("a", 1, probability=0.9, fraud=True, alerted=True),
    example("b", 2, "n", probability=0.85, fraud=True),
    example("c", 3, "n", probability=0.95, features={"amount_minor": 500.0}),
    example("d", 4, "o", probability=0.1, fraud=True),
    example("e", 5, "p", features={"payments_1h": 9.0}),
]


def test_what_it_hits() -> None:
    """Figures that anybody can check by head."""
    found = hits(rule("score >= 850"), EXAMPLES)
    assert (found.payments, found.frauds, found.hits, found.members) == (5, 3, 3, 2)
    assert (found.amount_minor, found.hits_fraud, found.fraud_amount_minor) == (2_500, 2, 2_000)
    assert found.hits_new == 1
    assert (found.share, found.precision, found.recall) == (3 / 5, 2 / 3, 2 / 3)
    assert [hit.payment_id for hit in found.newest] == ["c", "b", "a"]
    assert (found.from_at, found.until_at) == (START + HOUR, START + 5 * HOUR)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("payments_1h > 5", ["e"]),
        ("payments_1h > 5 || score > 940", ["e", "c"]),
        ("given.payments_1h", ["e"]),
        ("score >= 0", ["d", "c", "b", "a"]),
        ("amount_minor < 1000", ["c"]),
        ("amount_to_mean > 0", []),
    ],
)
def test_what_is_missing_is_missing(expression: str, expected: list[str]) -> None:
    """A payment without a score is not one with score 0, and so for every feature."""
    assert [hit.payment_id for hit in hits(rule(expression), EXAMPLES).newest] == expected


def test_the_last_label_counts() -> None:
    """A correction replaces the label that it corrects; nothing counts twice."""
    corrected = [*EXAMPLES, example("c", 3, "n", probability=0.95, fraud=True, corrects=False)]
    found = hits(rule("score >= 850"), corrected)
    assert (found.payments, found.hits, found.hits_fraud) == (5, 3, 3)
    assert len(by_payment(corrected)) == 5


def test_nothing_yet() -> None:
    """Shares of nothing are none."""
    found = hits(rule("score >= 850"), [])
    assert (found.payments, found.share, found.precision, found.recall) == (0, None, None, None)


def test_only_the_newest_are_listed() -> None:
    """All are counted."""
    many = [example(f"p{n}", n, probability=1.0) for n in range(3 * SHOWN)]
    found = hits(rule("score > 1"), many)
    assert found.hits == 3 * SHOWN
    assert [hit.payment_id for hit in found.newest] == [
        f"p{n}" for n in range(3 * SHOWN - 1, 2 * SHOWN - 1, -1)
    ]


def test_what_cannot_be_tried() -> None:
    """A rule that the workers would refuse, and one for which there are no payments."""
    with pytest.raises(ValueError, match="'scor': did you mean score"):
        hits(rule("scor > 5"), EXAMPLES)
    with pytest.raises(ValueError, match="Only rules of PAYMENT"):
        hits(rule("score > 5", AbuseKind.REFUND), EXAMPLES)
