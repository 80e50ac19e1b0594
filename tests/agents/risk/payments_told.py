"""Payments and what becomes of them in short: what rows are made of, and what was said in one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.risk.examination import risk
from agents.risk.models import MODELS
from agents.risk.rules import RISK_RULES
from schemas.record import Event, Outcome
from schemas.risk import (
    AbuseKind,
    AlertClosed,
    AlertEnd,
    ChargebackReceived,
    DisputeKind,
    DisputeOpened,
    DisputeResolved,
    ExampleLabelled,
    FraudScored,
    ModelPublished,
    Number,
    PaymentCaptured,
    PaymentContested,
    PaymentDisregarded,
    RiskRule,
    RiskRuleChanged,
    TokenAssessed,
    TokenLabelled,
    TokenPresented,
    TokenRole,
    Verdict,
    Weights,
)
from tests.agents.rows import Life, table_of

DAY = 86_400_000
HOUR = 3_600_000
START = 1_323_432_000_000  # 2011-12-09T12:00:00Z
MEMBER = "m"
HORIZON_DAYS = 30


def at(day: float) -> int:
    """The moment so many days after the start."""
    return START + round(day * DAY)


def told(day: float, name: str) -> dict[str, Any]:
    """The first fields of an action; its id says what and when."""
    return {"event_id": f"{name}-{day}", "member_id": MEMBER, "occurred_at": at(day)}


def paid(payment: str = "p", amount: int = 1_000, day: float = 0, **more: Any) -> PaymentCaptured:
    return PaymentCaptured(
        **told(day, f"paid-{payment}"),
        payment_id=payment,
        amount_minor=amount,
        currency="GBP",
        **more,
    )


def answer(
    role: TokenRole,
    payment: str = "p",
    day: float = 0,
    kind: AbuseKind = AbuseKind.PAYMENT,
    **features: float,
) -> TokenAssessed:
    return TokenAssessed(
        event_id=f"assessed-{role}-{payment}",
        member_id=MEMBER,
        occurred_at=at(day),
        payment_id=payment,
        role=role,
        features=[Number(name=name, value=value) for name, value in features.items()],
        kind=kind,
    )


def charged_back(payment: str = "p", day: float = 5, fraud: bool = True) -> ChargebackReceived:
    return ChargebackReceived(**told(day, f"chargeback-{payment}"), payment_id=payment, fraud=fraud)


def disputed(day: float = 1, kind: DisputeKind = DisputeKind.NOT_ME, **about: Any) -> DisputeOpened:
    return DisputeOpened(
        **told(day, "disputed"), dispute_id="d", kind=kind, **(about or {"payment_id": "p"})
    )


def resolved(
    day: float = 3, upheld: bool = True, kind: DisputeKind = DisputeKind.NOT_ME, **about: Any
) -> DisputeResolved:
    return DisputeResolved(
        **told(day, "resolved"),
        dispute_id="d",
        kind=kind,
        upheld=upheld,
        **(about or {"payment_id": "p"}),
    )


def judged(
    end: AlertEnd, *payments: str, day: float = 2, kind: AbuseKind = AbuseKind.PAYMENT
) -> AlertClosed:
    return AlertClosed(
        event_id=f"closed-{end}-{day}",
        member_id=MEMBER,
        occurred_at=at(day),
        alert_id="a",
        kind=kind,
        score=900,
        verdict=Verdict.HOLD,
        count=1,
        first_seen_at=at(0),
        last_seen_at=at(0),
        summary="",
        end=end,
        analyst=None if end is AlertEnd.EXPIRED else "analyst-1",
        subject_ids=list(payments or ("p",)),
    )


# ---- tables ----------------------------------------------------------------------------------------


def rule(
    expression: str,
    verdict: Verdict = Verdict.REVIEW,
    weight: int = 100,
    kind: AbuseKind = AbuseKind.PAYMENT,
    **more: Any,
) -> RiskRule:
    """A rule whose reason is its expression."""
    return RiskRule(
        expression=expression,
        kind=kind,
        weight=weight,
        reason=expression,
        verdict=verdict,
        blocked_share_most=None,
        **more,
    )


def published(
    base: float,
    weights: Mapping[str, Mapping[int, float]],
    variant: str = "binned",
    champion: bool = True,
    day: float = -1,
) -> ModelPublished:
    """A model's snapshot: weights by feature and bin."""
    return ModelPublished(
        model="payment",
        occurred_at=at(day),
        variant=variant,
        form="binned-1",
        champion=champion,
        version=7,
        examples=1_000,
        frauds=10,
        learned_until=at(day),
        base=base,
        features=[
            Weights(feature=name, bins=list(bins), weights=list(bins.values()))
            for name, bins in weights.items()
        ],
    )


def tables(rules: Mapping[str, RiskRule] | None = None, *models: ModelPublished) -> dict[str, Any]:
    """What a partition holds: these rules since ever, and these models."""
    changes: list[Event] = [
        RiskRuleChanged(
            event_id=f"rule-{name}",
            rule_id=name,
            occurred_at=at(-400),
            version=1,
            effective_at=at(-400),
            changed_by="operator-1",
            rule=one,
        )
        for name, one in (rules or {}).items()
    ]
    return {
        RISK_RULES.name: table_of(RISK_RULES, changes),
        MODELS.name: table_of(MODELS, models),
    }


def life(
    rules: Mapping[str, RiskRule] | None = None,
    *models: ModelPublished,
    horizon_days: int = HORIZON_DAYS,
) -> Life:
    """One member of the agent."""
    return Life(risk(horizon_days), tables(rules, *models))


def short(outcome: Outcome) -> str:
    """What was said, in one line."""
    match outcome:
        case TokenPresented():
            companion = f" with {outcome.companion_id}" if outcome.companion_id else ""
            return f"ask {outcome.token} about {outcome.payment_id}{companion}"
        case FraudScored():
            kind = "" if outcome.kind is AbuseKind.PAYMENT else f"{outcome.kind} "
            return f"{kind}{outcome.subject_id} {outcome.verdict} {outcome.score}"
        case ExampleLabelled():
            word = "fraud" if outcome.fraud else "honest"
            again = "" if outcome.corrects is None else " after all"
            return f"{outcome.payment_id} {word}{again} says {outcome.source}"
        case TokenLabelled():
            corrects = "" if outcome.corrects is None else f", was {outcome.corrects:g}"
            return f"tell {outcome.token} {outcome.evidence:g}{corrects}"
        case PaymentContested():
            by = f" by {outcome.dispute_id}" if outcome.dispute_id else ""
            return f"{outcome.payment_id} of {outcome.order_id} {outcome.contest}{by}"
        case PaymentDisregarded():
            who = "" if outcome.label is None else f" {outcome.label}"
            return f"{outcome.payment_id} disregarded {outcome.reason}{who}"
        case _:
            raise AssertionError(outcome)
