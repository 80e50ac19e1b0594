"""Lives through labelled payments with the agents of production, in process: examined, scored, then learned.

A payment is scored when it comes, by what was learned until then. Its label comes so many days later: a
fraud as a chargeback, an honest payment by silence, as in life; and only then is it learned from, with the
features of its own moment. No rules are set, so the score is the model's alone.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Sequence
from math import nan
from time import perf_counter_ns
from typing import NamedTuple

from agents import Stage
from agents.risk.examination import risk
from agents.risk.models import MODELS
from agents.risk.publication import FIRST, First
from agents.risk.rules import RISK_RULES
from agents.risk.tokens import TOKENS
from agents.risk.training import training
from evaluation.shell import Shell
from schemas.record import Outcome
from schemas.risk import (
    AbuseKind,
    ChargebackReceived,
    Disregard,
    ExampleLabelled,
    FraudScored,
    PaymentCaptured,
    PaymentDisregarded,
    VersionPublished,
)

DAY = 86_400_000
TOLD_EVERY = 20_000  # payments
Told = Callable[[str], None]


def stages(label_delay_days: int, first: First = FIRST) -> tuple[Stage, ...]:
    """The stages that a payment's score takes part in, without what follows from the score."""
    return (
        Stage("members", "member_id", (risk(label_delay_days),), (RISK_RULES, MODELS)),
        Stage("tokens", "token", (TOKENS,)),
        Stage("training", "model", (training(first),)),
    )


class Examples:
    """Features of labelled payments as columns of numbers, a missing value as NaN."""

    def __init__(self) -> None:
        self.columns: dict[str, array[float]] = {}
        self.payment_ids: list[str] = []

    def add(self, example: ExampleLabelled) -> None:
        """One row more."""
        row = len(self.payment_ids)
        self.payment_ids.append(example.payment_id)
        for one in example.features:
            column = self.columns.get(one.name)
            if column is None:
                column = self.columns[one.name] = array("f")
            if len(column) < row:
                column.extend([nan] * (row - len(column)))
            column.append(one.value)

    def fill(self) -> None:
        """All columns as long as there are rows."""
        for column in self.columns.values():
            column.extend([nan] * (len(self.payment_ids) - len(column)))


class Lived(NamedTuple):
    """What was said of each payment (None: no model yet), and how it went."""

    probabilities: dict[str, float | None]
    challengers: dict[str, dict[str, float]]  # by variant
    nanoseconds: array[int]  # from each payment to its score
    seconds: float  # of all
    examples: Examples
    versions: int
    frauds: int  # learned from
    honest: int
    unlearned: int


class Hearing:
    """Hears what the agents say, and keeps what the figures are made of."""

    def __init__(self, *, keep_examples: bool = True) -> None:
        self.nanoseconds = array("q")
        self._probabilities: dict[str, float | None] = {}
        self._challengers: dict[str, dict[str, float]] = {}
        self._examples = Examples()
        self._keep_examples = keep_examples
        self._versions = self._frauds = self._learned = self._unlearned = 0

    def hear(self, said: Outcome) -> None:
        """One outcome."""
        match said:
            case FraudScored(kind=AbuseKind.PAYMENT):
                self._probabilities[said.subject_id] = said.probability
                for one in said.challengers:
                    self._challengers.setdefault(one.name, {})[said.subject_id] = one.value
            case ExampleLabelled():
                self._learned += said.corrects is None
                self._frauds += said.fraud - bool(said.corrects)
                if self._keep_examples:
                    self._examples.add(said)
            case VersionPublished():
                self._versions += said.champion
            case PaymentDisregarded(reason=Disregard.TOO_MANY):
                self._unlearned += 1
            case _:
                pass  # passes between agents

    def lived(self, seconds: float) -> Lived:
        """All of it."""
        self._examples.fill()
        return Lived(
            self._probabilities,
            self._challengers,
            self.nanoseconds,
            seconds,
            self._examples,
            self._versions,
            self._frauds,
            self._learned - self._frauds,
            self._unlearned,
        )


def live(
    payments: Sequence[PaymentCaptured],
    fraud: Sequence[bool],
    label_delay_days: int,
    tell: Told,
    *,
    first: First = FIRST,
    keep_examples: bool = True,
) -> Lived:
    """Through all payments, in the order of time, and until the last label has come."""
    hearing = Hearing(keep_examples=keep_examples)
    shell = Shell(stages(label_delay_days, first), hearing.hear)
    delay = label_delay_days * DAY
    labels: deque[ChargebackReceived] = deque()
    spent = 0
    for number, (payment, is_fraud) in enumerate(zip(payments, fraud, strict=True)):
        started = perf_counter_ns()
        _come_to(shell, labels, payment.occurred_at)
        paid = perf_counter_ns()
        shell.emit(payment)
        ended = perf_counter_ns()
        hearing.nanoseconds.append(ended - paid)
        spent += ended - started
        if is_fraud:
            labels.append(chargeback(payment, delay))
        if number % TOLD_EVERY == 0:
            tell(f"{number:,} of {len(payments):,} payments …")
    _come_to(shell, labels, payments[-1].occurred_at + delay + 1)
    return hearing.lived(spent / 1e9)


def _come_to(shell: Shell, labels: deque[ChargebackReceived], at: int) -> None:
    """All labels that are known by this moment are learned from."""
    while labels and labels[0].occurred_at <= at:
        shell.emit(labels.popleft())
    shell.wake(at)


def chargeback(payment: PaymentCaptured, delay: int) -> ChargebackReceived:
    """The bank takes a payment back, so many milliseconds after it was made."""
    return ChargebackReceived(
        event_id=f"{payment.event_id}-back",
        member_id=payment.member_id,
        occurred_at=payment.occurred_at + delay,
        payment_id=payment.payment_id,
    )
