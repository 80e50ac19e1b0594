"""Words for rows about alerts: what is told to the agent, and how what it says is written in a row.

Hours count from START. An alert is named by the subject that opened it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents import Place
from agents.risk.alert_book import identity
from agents.risk.alert_budget import ALERT_BUDGET
from agents.risk.alerts import ALERTS
from schemas.record import Event, Outcome
from schemas.risk import (
    AbuseKind,
    AlertBudgetChanged,
    AlertClosed,
    AlertJudged,
    AlertOpened,
    AlertSuppressed,
    AlertUpdated,
    FraudScored,
    Judgement,
    JudgementRefused,
    RiskReason,
    RuleFired,
    Verdict,
)
from tests.agents.rows import Life

START = 1_291_161_600_000  # 2010-12-01T00:00:00Z
HOUR = 3_600_000
DAY = 24 * HOUR
MEMBER = "m"
PAYMENT = AbuseKind.PAYMENT


def at(hours: float) -> int:
    """The moment so many hours after START."""
    return START + round(hours * HOUR)


def scored(
    subject: str,
    hour: float = 0,
    verdict: Verdict = Verdict.REVIEW,
    score: int = 700,
    *,
    kind: AbuseKind = PAYMENT,
    member: str = MEMBER,
    order: str | None = None,
    redemption: str | None = None,
    amount: int | None = 1_250,
    currency: str | None = "GBP",
) -> FraudScored:
    """A score that a rule gave."""
    return FraudScored(
        event_id=f"scored-{subject}-{hour}",
        member_id=member,
        occurred_at=at(hour),
        kind=kind,
        subject_id=subject,
        order_id=order,
        redemption_id=redemption,
        amount_minor=amount,
        currency=currency,
        score=score,
        verdict=verdict,
        reasons=[RiskReason(reason="too much", source="rule:r", contribution=score)],
        rules=[RuleFired(rule_id="r", version=1)],
    )


def alert_of(subject: str, kind: AbuseKind = PAYMENT, member: str = MEMBER) -> str:
    """The id of the alert that this subject opens."""
    return identity(scored(subject, kind=kind, member=member))


def judged(
    subject: str,
    hour: float,
    judgement: Judgement = Judgement.CONFIRMED,
    *,
    analyst: str = "ada",
    kind: AbuseKind = PAYMENT,
    member: str = MEMBER,
) -> AlertJudged:
    """A judgement of the alert that this subject opened."""
    return AlertJudged(
        event_id=f"judged-{subject}-{hour}",
        member_id=MEMBER,
        occurred_at=at(hour),
        alert_id=alert_of(subject, kind, member),
        judgement=judgement,
        analyst=analyst,
        reason="seen",
    )


def budget(number: int, kind: AbuseKind = PAYMENT) -> AlertBudgetChanged:
    """So many alerts of a kind a day."""
    return AlertBudgetChanged(
        event_id="budget", kind=kind, occurred_at=START, alerts_a_day=number, changed_by="ada"
    )


class Desk:
    """Members of one partition with the budget that they share."""

    def __init__(self, *changes: AlertBudgetChanged, partitions: int = 1) -> None:
        self.place = Place(0, partitions)
        self.budget: Any = ALERT_BUDGET.initial()
        self.lives: dict[str, Life] = {}
        for change in changes:
            self.count([change])

    def life(self, member: str = MEMBER) -> Life:
        """A member of the partition."""
        if member not in self.lives:
            self.lives[member] = Life(ALERTS, {ALERT_BUDGET.name: self.budget})
        return self.lives[member]

    def hear(self, *events: Event | Outcome) -> list[Outcome]:
        """What is said to these events, counted as it is said."""
        said: list[Outcome] = []
        for event in events:
            heard = self.life(event.key).hear(event)
            self.count(heard)
            said += heard
        return said

    def wait(self, hour: float, member: str = MEMBER) -> list[Outcome]:
        """What is said when nothing happens until then."""
        return self.life(member).wait(member, at(hour))

    def count(self, said: Iterable[Event | Outcome]) -> None:
        """As the shell tells the table."""
        for one in said:
            if type(one) in ALERT_BUDGET.listens_to:
                assert tuple(ALERT_BUDGET.react(self.budget, one, self.place)) == ()


def short(outcome: Outcome) -> str:
    """How a row writes it: the alert's count, verdict and score, and what follows."""
    match outcome:
        case AlertOpened() | AlertUpdated():
            word = "opened" if isinstance(outcome, AlertOpened) else "updated"
            hours = (outcome.expires_at - START) / HOUR
            return f"{word} {_state(outcome)} until {hours:g}"
        case AlertSuppressed():
            return f"suppressed {_state(outcome)}, {outcome.suppressed_today} today"
        case AlertClosed():
            who = outcome.analyst or "time"
            return f"{outcome.end} by {who}: {' '.join(outcome.subject_ids)}"
        case JudgementRefused():
            return f"refused {outcome.analyst}"
        case _:
            raise AssertionError(outcome)


def _state(outcome: AlertOpened | AlertUpdated | AlertSuppressed) -> str:
    return f"{outcome.evidence.subject_id} {outcome.count} {outcome.verdict} {outcome.score}"
