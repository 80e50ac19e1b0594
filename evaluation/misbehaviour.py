"""The year with those who misbehave, lived through in this process: who is caught, and whom a rule would hit.

Only what risk needs is told and heard: orders, payments and all else that is examined, and the agents that
examine, learn and open alerts. There, other than in the log, the truth is known of everybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from heapq import merge

from msgspec import Struct

from agents.orders import ORDERS
from agents.risk.alert_budget import ALERT_BUDGET
from agents.risk.alerts import ALERTS
from agents.risk.examination import RISK
from agents.risk.models import MODELS
from agents.risk.rules import RISK_RULES
from evaluation.caught import LATE_DAYS, Alarm, Figures, figures
from evaluation.lived import Lived
from evaluation.risk_trial import SHOWN, TRIED, on_trial
from replay.misbehaviour.truth import Incident
from replay.shop import DAY, OPENS_AT
from replay.steps import occurred_at
from replay.year import Year
from schemas import topics
from schemas.actions import (
    MemberRegistered,
    OrderDelivered,
    PurchaseMade,
    PurchaseReturned,
    RedemptionRequested,
)
from schemas.codec import Record
from schemas.record import Event
from schemas.risk import (
    RISK_ACTIONS,
    AbuseKind,
    AlertOpened,
    FraudScored,
    RiskRule,
    RiskRuleRefused,
    Verdict,
)
from streams.plan import Topology
from streams.topology import MEMBERS, TOKENS, TRAINING

TOLD: tuple[type[Event], ...] = (
    *RISK_ACTIONS,
    *(MemberRegistered, PurchaseMade, PurchaseReturned, OrderDelivered, RedemptionRequested),
)


class Touched(Struct, frozen=True):
    """Something that the tried rule would have hit; `true`: by somebody who misbehaved then."""

    member_id: str
    subject_id: str
    at: int
    amount_minor: int | None
    verdict: Verdict
    true: bool


class Trial(Struct, kw_only=True):
    """What came of a year: what a rule on trial would have hit, and who was caught by those that hold."""

    payments: int = 0
    true_payments: int = 0
    verdicts: dict[str, int] = {}  # of payments, by verdict
    hits: int = 0
    hits_true: int = 0
    members: int = 0
    amount_minor: int = 0
    newest: list[Touched] = []
    caught: Figures | None = None


def live(year: Year, tried: RiskRule | None = None) -> Trial:
    """Live through a year that was read with `risk`; `tried` is set in shadow, beside the first rules.

    Raises `ValueError` when the tried rule is refused, with the reasons.
    """
    listener = _Listener(year.incidents())
    heard = (topics.outcomes("members"), topics.ALERTS)
    lived = Lived(_topology(), listener.hear, heard)
    lived.live(_told(year, tried), OPENS_AT, year.ends_at)
    return listener.found()


class _Listener:
    """Adds up what is said."""

    def __init__(self, incidents: list[Incident]) -> None:
        self._incidents = incidents
        self._stolen = {payment for incident in incidents for payment in incident.payments}
        self._of_member: dict[str, list[Incident]] = defaultdict(list)
        for incident in incidents:
            for member in incident.members:
                self._of_member[member].append(incident)
        self._year = Trial()
        self._hit: set[str] = set()
        self._seen: set[str] = set()
        self._alarms: list[Alarm] = []

    def hear(self, record: Record) -> None:
        """One outcome, as it is said."""
        match record:
            case FraudScored():
                self._score(record)
            case AlertOpened():
                self._alarms.append(Alarm(record.member_id, record.kind, record.occurred_at))
            case RiskRuleRefused():
                raise ValueError(f"{record.rule_id}: {' '.join(record.reasons)}")
            case _:
                pass

    def found(self) -> Trial:
        """All of it."""
        self._year.members = len(self._hit)
        honest = len(self._seen - self._of_member.keys())
        self._year.caught = figures(self._incidents, self._alarms, honest)
        return self._year

    def _score(self, said: FraudScored) -> None:
        self._seen.add(said.member_id)
        true = self._true(said)
        if said.kind is AbuseKind.PAYMENT:
            self._year.payments += 1
            self._year.true_payments += true
            counts = self._year.verdicts
            counts[said.verdict.value] = counts.get(said.verdict.value, 0) + 1
        if any(rule.rule_id == TRIED for rule in said.rules):
            self._touch(said, true)

    def _true(self, said: FraudScored) -> bool:
        if said.kind is AbuseKind.PAYMENT:
            return said.subject_id in self._stolen
        return any(
            incident.started_at <= said.occurred_at <= incident.ended_at + LATE_DAYS * DAY
            for incident in self._of_member.get(said.member_id, ())
        )

    def _touch(self, said: FraudScored, true: bool) -> None:
        year = self._year
        year.hits += 1
        year.hits_true += true
        year.amount_minor += said.amount_minor or 0
        self._hit.add(said.member_id)
        touched = Touched(
            said.member_id,
            said.subject_id,
            said.occurred_at,
            said.amount_minor,
            said.verdict,
            true,
        )
        year.newest = [touched, *year.newest][:SHOWN]


def _told(year: Year, tried: RiskRule | None) -> Iterator[Event]:
    told = (action for action in year.actions() if isinstance(action, TOLD))
    if tried is None:
        return told
    return merge([on_trial(tried, OPENS_AT)], told, key=occurred_at)


def _topology() -> Topology:
    members = replace(
        MEMBERS, agents=(ORDERS, RISK, ALERTS), tables=(RISK_RULES, MODELS, ALERT_BUDGET)
    )
    stages = (members, TOKENS, TRAINING)
    return Topology(stages, {stage.name: 1 for stage in stages})
