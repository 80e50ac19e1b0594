"""The score of a payment, or of what a member did: the champion's part and the rules' parts, added up.

score = min(1000, round(1000 p) + sum of the weights of the rules that fired with effect)

Where no model is asked, p's part is 0. The parts of the features add up to p's part, those of the rules to
what is left of the sum under 1000 (largest remainders), so all reasons add up to the score. The verdict is
the strictest of the rules that fired with effect; a threshold of the model is a rule over `score`, which is
p's part alone. Shadow rules are told and change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from agents import Tables
from agents.risk import models
from agents.risk.features import FEATURES, MISSING, OF_TOKEN_SIDE, bin_of, stretch
from agents.risk.model import contributions, probability, score
from agents.risk.models import Snapshot
from agents.risk.rules import SCORE, Fired
from schemas.risk import (
    AbuseKind,
    FraudScored,
    Number,
    RiskReason,
    RuleFired,
    UsedWeight,
    Verdict,
)

PAYMENT = "payment"
MOST = 1_000
OTHERS = "…"  # no feature has this name
REASONS_MOST = 8  # of features; the smaller ones are told as one
STRICTNESS = {verdict: place for place, verdict in enumerate(Verdict)}


class Subject(NamedTuple):
    """What is scored, and what is at stake."""

    member_id: str
    at: int
    kind: AbuseKind
    subject_id: str
    order_id: str | None = None
    redemption_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None


class Opinion(NamedTuple):
    """What the champion says of a payment, and what its challengers would have said.

    `weights` are, by feature, those of the bins that the values fall into, in the order of the snapshot,
    in which they are added up; `evidence` is what the member's own side would leave unexplained, were it
    fraud.
    """

    base: float
    values: Mapping[str, float]
    weights: dict[str, float]
    points: int
    probability: float
    evidence: float
    challengers: dict[str, float]
    variant: str
    version: int
    stale: bool


def opinion(tables: Tables, features: Mapping[str, float], at: int) -> Opinion | None:
    """Ask the models of payments; None before the first was published."""
    champion = models.champion(tables, PAYMENT)
    if champion is None:
        return None
    bins = {name: bin_of(name, value) for name, value in features.items()}
    weights = _weights(champion, bins)
    total = champion.base + sum(weights.values())
    return Opinion(
        base=champion.base,
        values=features,
        weights=weights,
        points=score(champion.base, weights.values()),
        probability=probability(total),
        evidence=1.0 - probability(total - _of_tokens(champion, weights, features)),
        challengers={
            one.variant: probability(one.base + sum(_weights(one, bins).values()))
            for one in models.challengers(tables, PAYMENT)
        },
        variant=champion.variant,
        version=champion.version,
        stale=models.stale(champion, at),
    )


def _weights(model: Snapshot, bins: Mapping[str, int]) -> dict[str, float]:
    bin_at = bins.get
    return {name: column.get(bin_at(name, MISSING), 0.0) for name, column in model.weights.items()}


def _of_tokens(
    model: Snapshot, weights: Mapping[str, float], features: Mapping[str, float]
) -> float:
    """What the tokens' answers change of the log-odds, against nothing being known of them."""
    return sum(
        [
            weights[name] - model.weights[name].get(MISSING, 0.0)
            for name in features
            if name in OF_TOKEN_SIDE and name in weights
        ]
    )


def scored(
    subject: Subject, said: Opinion | None, fired: Sequence[Fired], features: Mapping[str, float]
) -> FraudScored:
    """Put the parts together; where a verdict follows, with the features that it rests on."""
    effective = [rule for rule in fired if not rule.shadow]
    effective.sort(key=lambda rule: -STRICTNESS[rule.verdict])
    points = 0 if said is None else said.points
    wanted = sum([rule.weight for rule in effective])
    given = apportioned(min(wanted, MOST - points), [rule.weight for rule in effective])
    verdict = max([rule.verdict for rule in effective], key=STRICTNESS.__getitem__, default=None)
    reasons = [
        RiskReason(reason=rule.reason, source=f"rule:{rule.rule_id}", contribution=part)
        for rule, part in zip(effective, given, strict=True)
    ]
    if said is not None:
        reasons += _of_features(said)
    told = verdict is not None and STRICTNESS[verdict] > STRICTNESS[Verdict.ALLOW]
    return FraudScored(
        member_id=subject.member_id,
        occurred_at=subject.at,
        kind=subject.kind,
        subject_id=subject.subject_id,
        order_id=subject.order_id,
        redemption_id=subject.redemption_id,
        amount_minor=subject.amount_minor,
        currency=subject.currency,
        score=points + sum(given),
        verdict=verdict or Verdict.ALLOW,
        reasons=sorted(reasons, key=lambda one: -abs(one.contribution)),  # then the strictest rule
        rules=[
            RuleFired(rule_id=rule.rule_id, version=rule.version, shadow=rule.shadow)
            for rule in fired
        ],
        weights=_used(said, effective, features) if told else [],
        **({} if said is None else _of_model(said, told)),
    )


def _used(
    said: Opinion | None, effective: Sequence[Fired], features: Mapping[str, float]
) -> list[UsedWeight]:
    """What the model used; then, with no weight, what else the rules that fired asked about."""
    weights = {} if said is None else {n: weight for n, weight in said.weights.items() if weight}
    asked = dict.fromkeys(name for rule in effective for name in rule.features if name != SCORE)
    return [
        UsedWeight(name=name, value=features.get(name), weight=weights.get(name, 0.0))
        for name in (*weights, *(name for name in asked if name not in weights))
    ]


def apportioned(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in parts as `weights`, whole numbers that add up: the largest remainders get what is left.

    >>> apportioned(100, [1, 1, 1]), apportioned(0, []), apportioned(50, [0, 50])
    ([34, 33, 33], [], [0, 50])
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    order = sorted(
        range(len(weights)), key=lambda number: (-(total * weights[number] % whole), number)
    )
    for number in order[: total - sum(parts)]:
        parts[number] += 1
    return parts


def _of_features(said: Opinion) -> list[RiskReason]:
    """The features' parts; what is smaller than the first `REASONS_MOST` is told as one."""
    ordered = sorted(zip(map(abs, said.weights.values()), said.weights, strict=True), reverse=True)
    first = [name for _, name in ordered[:REASONS_MOST]]
    weights = {name: said.weights[name] for name in first}
    weights[OTHERS] = sum([said.weights[name] for _, name in ordered[REASONS_MOST:]])
    parts = contributions(said.base, weights)
    parts[OTHERS] += said.points - sum(parts.values())  # sums in another order can round otherwise
    told = [(words(name, said.values.get(name)), f"feature:{name}", parts[name]) for name in first]
    told += [("all other features", "feature:", parts[OTHERS]), ("any payment", "base", parts[""])]
    return [
        RiskReason(reason=reason, source=source, contribution=part)
        for reason, source, part in told
        if part
    ]


def words(name: str, value: float | None) -> str:
    """A feature and the stretch that its value lies in, for people.

    >>> words("payments_1h", 3)
    "The member's payments before this one, in the last 1h: 3 to 4"
    """
    return _words(name, bin_of(name, value))


@lru_cache(maxsize=16_384)
def _words(name: str, number: int) -> str:
    known = FEATURES.get(name)
    return f"{name if known is None else known.meaning}: {stretch(name, number)}"


def _of_model(said: Opinion, told: bool) -> dict[str, Any]:
    """What an outcome says of the model; with its base where an alert may rest on it."""
    found: dict[str, Any] = {
        "probability": said.probability,
        "challengers": [Number(name=name, value=value) for name, value in said.challengers.items()],
        "model": PAYMENT,
        "variant": said.variant,
        "model_version": said.version,
        "stale": said.stale,
    }
    if told:
        found["base"] = said.base
    return found
