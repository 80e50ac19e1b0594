"""Whom a rule on trial would hit of a stretch of actions: they are lived through again, in this process.

The agents are those of production, the rule stands alone and in shadow. What came before the stretch is not
known: the windows of a feature fill as it goes, and a model begins anew. What was true of those hit is not
known either; `risk_dry_run.py` has the labels of payments, `misbehaviour.py` the truth of the demo's year.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from msgspec import Struct, structs

from agents import Stage
from agents.orders import ORDERS
from agents.risk.examination import RISK
from agents.risk.models import MODELS
from agents.risk.rules import RISK_RULES
from evaluation.shell import Shell
from replay.steps import occurred_at
from schemas.actions import (
    OrderDelivered,
    PointsAdjusted,
    PurchaseMade,
    PurchaseReturned,
    RedemptionRequested,
)
from schemas.record import Event, Outcome
from schemas.risk import (
    RISK_ACTIONS,
    FraudScored,
    RiskRule,
    RiskRuleChanged,
    RiskRuleRefused,
)
from streams.topology import MEMBERS, TOKENS, TRAINING

TRIED = "dry-run"
# Other rules are not on trial; judgements are of alerts, which are not opened here.
HEARD: tuple[type[Event], ...] = (
    *(kind for kind in RISK_ACTIONS if kind.KEY == "member_id"),
    *(PurchaseMade, PurchaseReturned, OrderDelivered, RedemptionRequested, PointsAdjusted),
)
SHOWN = 20


class Touched(Struct, frozen=True):
    """What the rule would have hit; `amount_minor`: the money at stake, if any."""

    member_id: str
    subject_id: str
    at: int
    amount_minor: int | None


class Trial(Struct, kw_only=True):
    """What came of it; moments in milliseconds."""

    kind: str
    verdict: str
    weight: int
    actions: int = 0
    from_at: int | None = None
    until_at: int | None = None
    hits: int = 0
    members: int = 0
    amount_minor: int = 0
    newest: list[Touched] = []


def trial(rule: RiskRule, actions: Iterable[Event]) -> Trial:
    """Live through `actions` (in the order of time) and count what the rule hits.

    Raises `ValueError` when the rule is refused, with the reasons.
    """
    found = Trial(kind=rule.kind.value, verdict=rule.verdict.value, weight=rule.weight)
    members: set[str] = set()

    def hear(said: Outcome) -> None:
        if isinstance(said, RiskRuleRefused):
            raise ValueError(" ".join(said.reasons))
        if isinstance(said, FraudScored) and said.rules:
            members.add(said.member_id)
            _count(found, said)

    shell = Shell(_stages(), hear)
    for action in actions:
        at = occurred_at(action)
        if found.from_at is None:
            found.from_at = at
            shell.emit(on_trial(rule, at))
        found.actions += 1
        found.until_at = at
        shell.emit(action)
    found.members = len(members)
    found.newest = found.newest[::-1]
    return found


def _count(found: Trial, said: FraudScored) -> None:
    found.hits += 1
    found.amount_minor += said.amount_minor or 0
    touched = Touched(said.member_id, said.subject_id, said.occurred_at, said.amount_minor)
    found.newest = [*found.newest, touched][-SHOWN:]


def on_trial(rule: RiskRule, at: int) -> RiskRuleChanged:
    """The rule in shadow from this moment on (milliseconds), whatever its state, under the id `TRIED`."""
    return RiskRuleChanged(
        event_id=TRIED,
        rule_id=TRIED,
        occurred_at=at,
        version=1,
        effective_at=at,
        changed_by=TRIED,
        rule=structs.replace(rule, shadow=True, retired=False, snoozed_until=None, snoozed_by=None),
    )


def _stages() -> tuple[Stage, ...]:
    members = replace(MEMBERS, agents=(ORDERS, RISK), tables=(RISK_RULES, MODELS))
    return members, TOKENS, TRAINING
