"""What a risk rule would have hit: the rule over payments of which it is known by now what they were.

`hits(rule, examples)` asks the rule, as the workers would, about the features that each payment had when
it was paid. Labels are those of the log; so the newest payments, which have no label yet, are not among
them, and rules of other kinds than PAYMENT have no examples (`risk_trial.py` is for those).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from agents.expressions import Unfit
from agents.risk.features import heard
from agents.risk.model import POINTS
from agents.risk.rules import SCORE, language
from schemas.risk import AbuseKind, ExampleLabelled, LabelSource, RiskRule

AMOUNT = "amount_minor"
SHOWN = 20


class Hit(Struct, frozen=True):
    """A payment that the rule would have hit."""

    member_id: str
    payment_id: str
    paid_at: int
    amount_minor: int
    fraud: bool
    source: LabelSource
    alerted: bool


class Hits(Struct, kw_only=True):
    """What a rule would have hit of so many payments; shares from 0 to 1, none where there is nothing."""

    verdict: str
    weight: int
    payments: int = 0
    frauds: int = 0
    hits: int = 0
    members: int = 0
    amount_minor: int = 0
    hits_fraud: int = 0
    fraud_amount_minor: int = 0
    hits_new: int = 0  # of the frauds hit, those that no alert had
    from_at: int | None = None
    until_at: int | None = None
    newest: list[Hit] = []

    @property
    def share(self) -> float | None:
        """Of all payments, those hit."""
        return self.hits / self.payments if self.payments else None

    @property
    def precision(self) -> float | None:
        """Of those hit, the frauds."""
        return self.hits_fraud / self.hits if self.hits else None

    @property
    def recall(self) -> float | None:
        """Of all frauds, those hit."""
        return self.hits_fraud / self.frauds if self.frauds else None


def hits(rule: RiskRule, examples: Iterable[ExampleLabelled]) -> Hits:
    """Try a rule on labelled payments, told in the order of their labels; the last of a payment counts.

    Raises `ValueError` for a rule that cannot be tried, with what is to be done.
    """
    if rule.kind is not AbuseKind.PAYMENT:
        raise ValueError(f"Only rules of PAYMENT can be tried on payments; this is of {rule.kind}.")
    try:
        language().check(rule.expression)
    except Unfit as unfit:
        raise ValueError(str(unfit)) from unfit
    ordered = by_payment(examples)
    found = Hits(verdict=rule.verdict.value, weight=rule.weight)
    members: set[str] = set()
    for example in ordered:
        _count(found, members, example, _holds(rule, example))
    found.members = len(members)
    if ordered:
        found.from_at, found.until_at = ordered[0].paid_at, ordered[-1].paid_at
    found.newest = found.newest[::-1]
    return found


def _holds(rule: RiskRule, example: ExampleLabelled) -> bool:
    features = heard(example.features)
    if example.probability is not None:
        features[SCORE] = round(POINTS * example.probability)
    return language().holding((rule.expression,), features)[0]


def _count(found: Hits, members: set[str], example: ExampleLabelled, holds: bool) -> None:
    found.payments += 1
    found.frauds += example.fraud
    if not holds:
        return
    amount = _amount(example)
    found.hits += 1
    members.add(example.member_id)
    found.amount_minor += amount
    if example.fraud:
        found.hits_fraud += 1
        found.fraud_amount_minor += amount
        found.hits_new += not example.alerted
    hit = Hit(
        example.member_id,
        example.payment_id,
        example.paid_at,
        amount,
        example.fraud,
        example.source,
        example.alerted,
    )
    found.newest = [*found.newest, hit][-SHOWN:]


def _amount(example: ExampleLabelled) -> int:
    return round(next((one.value for one in example.features if one.name == AMOUNT), 0.0))


def by_payment(examples: Iterable[ExampleLabelled]) -> list[ExampleLabelled]:
    """Each payment with its last label, in the order of payment."""
    last = {example.payment_id: example for example in examples}
    return sorted(last.values(), key=lambda example: (example.paid_at, example.payment_id))
