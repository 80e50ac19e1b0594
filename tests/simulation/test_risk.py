"""Risk under random schedules and crashes: every payment gets one verdict, every question one answer."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise
from random import Random
from typing import TypeVar

import pytest

from schemas.record import Event, Outcome
from schemas.risk import (
    AbuseKind,
    AlertClosed,
    AlertJudged,
    AlertOpened,
    Disregard,
    ExampleLabelled,
    FraudScored,
    Judgement,
    LabelSource,
    PaymentCaptured,
    PaymentDisregarded,
    RiskRule,
    RiskRuleChanged,
    TokenAssessed,
    TokenLabelled,
    TokenPresented,
    Verdict,
)
from streams.simulate import Simulation
from streams.topology import topology
from tests.simulation.risky import risky
from tests.simulation.schedule import played
from tests.simulation.world import DAY, HOUR, START

SEEDS = range(2)
O = TypeVar("O", bound=Outcome)  # noqa: E741  # as outcome


@cache
def lived(seed: int) -> Simulation:
    """A seed's members, served in any order, with crashes, until the last horizon is over."""
    told = risky(seed, members=5, steps=200, days=25).delivered
    return played(topology(2), told, Random(seed), until=told[-1][0] + 40 * DAY, holdings_most=4)


def said(seed: int, kind: type[O]) -> list[O]:
    return [one for one in lived(seed).outcomes() if isinstance(one, kind)]


def paid(seed: int) -> set[tuple[str, str]]:
    """Every payment that there was, by member."""
    told = risky(seed, members=5, steps=200, days=25).delivered
    return {(one.member_id, one.payment_id) for _, one in told if isinstance(one, PaymentCaptured)}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_payment_gets_one_verdict(seed: int) -> None:
    """However often it was told, whoever died meanwhile."""
    verdicts = Counter(
        (one.member_id, one.subject_id)
        for one in said(seed, FraudScored)
        if one.kind is AbuseKind.PAYMENT
    )
    assert verdicts == Counter(paid(seed))
    assert not lived(seed).dead_letters()
    reasons = {one.reason for one in said(seed, PaymentDisregarded)}
    assert {Disregard.ALREADY_POSTED, Disregard.CONFLICTS} <= reasons


@pytest.mark.parametrize("seed", SEEDS)
def test_every_question_has_one_answer(seed: int) -> None:
    """Each token of each payment, acceptance and log-in answers once."""
    asked = Counter((o.payment_id, o.role, o.kind) for o in said(seed, TokenPresented))
    answered = Counter((o.payment_id, o.role, o.kind) for o in said(seed, TokenAssessed))
    assert asked == answered
    kinds = {AbuseKind.PAYMENT, AbuseKind.REFERRAL, AbuseKind.ACCOUNT_TAKEOVER}
    assert {kind for _, _, kind in asked} == kinds


@pytest.mark.parametrize("seed", SEEDS)
def test_every_payment_is_labelled_once_and_then_corrected(seed: int) -> None:
    """A first label each, and every later one takes back the one before."""
    labels: dict[str, list[ExampleLabelled]] = {}
    for one in said(seed, ExampleLabelled):
        labels.setdefault(one.payment_id, []).append(one)
    assert labels.keys() <= {payment_id for _, payment_id in paid(seed)}
    assert len(labels) > 0.9 * len(paid(seed))  # all but those that are in dispute
    for found in labels.values():
        assert found[0].corrects is None
        for before, after in pairwise(found):
            assert (after.corrects, after.fraud) == (before.fraud, not before.fraud)
            assert after.weight == before.weight


@pytest.mark.parametrize("seed", SEEDS)
def test_tokens_hear_of_frauds_what_was_learned(seed: int) -> None:
    """A token of a payment that is fraud was told so, with the evidence that is left of it."""
    frauds = {one.payment_id for one in said(seed, ExampleLabelled) if one.fraud}
    told = {one.payment_id for one in said(seed, TokenLabelled) if one.fraud}
    with_tokens = {one.payment_id for one in said(seed, TokenPresented)}
    assert told == frauds & with_tokens
    assert frauds


# ---- from the verdict to the label, through all stages ---------------------------------------------


class Case:
    """A dear payment of `ann` with a card, in a topology of two partitions."""

    def __init__(self) -> None:
        self.simulation = Simulation(topology(2))
        rule = RiskRule(
            expression="amount_minor > 5000",
            kind=AbuseKind.PAYMENT,
            weight=600,
            reason="dear",
            verdict=Verdict.HOLD,
            blocked_share_most=None,
        )
        self.tell(
            RiskRuleChanged(
                event_id="rule",
                rule_id="dear",
                occurred_at=START,
                version=1,
                effective_at=START,
                changed_by="operator-1",
                rule=rule,
            ),
            PaymentCaptured(
                event_id="paid",
                member_id="ann",
                occurred_at=START + HOUR,
                payment_id="p",
                amount_minor=9_000,
                currency="GBP",
                card="card-1",
                terminal_id="shop-1",
            ),
        )

    def tell(self, *actions: Event) -> None:
        for action in actions:
            self.simulation.emit(action)
        self.simulation.drain()

    def said(self, kind: type[O]) -> list[O]:
        return [one for one in self.simulation.outcomes() if isinstance(one, kind)]

    def judge(self, judgement: Judgement, day: int) -> None:
        (opened,) = self.said(AlertOpened)
        self.tell(
            AlertJudged(
                event_id=f"judged-{day}",
                member_id="ann",
                occurred_at=START + day * DAY,
                alert_id=opened.alert_id,
                judgement=judgement,
                analyst="analyst-1",
            )
        )


def test_a_judgement_becomes_a_label_and_reaches_the_tokens() -> None:
    """What an analyst says of an alert is learned of its payments, and of what they were made with."""
    case = Case()
    case.judge(Judgement.CONFIRMED, 1)
    (example,) = case.said(ExampleLabelled)
    assert (example.fraud, example.source, example.alerted) == (True, LabelSource.ANALYST, True)
    assert {one.token for one in case.said(TokenLabelled)} == {"CARD:card-1", "TERMINAL:shop-1"}


def test_a_judgement_is_corrected_down_to_the_tokens() -> None:
    """Cleared after all: the example takes back its label, and the tokens what they were told."""
    case = Case()
    case.judge(Judgement.CONFIRMED, 1)
    case.judge(Judgement.CLEARED, 2)
    first, second = case.said(ExampleLabelled)
    assert (first.fraud, second.fraud, second.corrects) == (True, False, True)
    corrections = [one for one in case.said(TokenLabelled) if one.corrects is not None]
    assert {(one.evidence, one.corrects) for one in corrections} == {(0.0, 1.0)}
    assert len(corrections) == 2


def test_history_that_is_told_late_is_labelled_by_silence_too() -> None:
    """Its horizon is over before its tokens have answered: silence waits for the score."""
    case = Case()
    case.simulation.tick(START + 60 * DAY)
    case.tell(
        *(
            PaymentCaptured(
                event_id=f"late-{number}",
                member_id="bob",
                occurred_at=START + number * DAY,
                payment_id=f"late-{number}",
                amount_minor=500,
                currency="GBP",
                card="card-2",
            )
            for number in range(3)
        )
    )
    case.simulation.tick(START + 61 * DAY)
    case.simulation.drain()
    labelled = [one for one in case.said(ExampleLabelled) if one.member_id == "bob"]
    assert [one.payment_id for one in labelled] == ["late-0", "late-1", "late-2"]
    assert {one.source for one in labelled} == {LabelSource.HORIZON}
    assert all(one.occurred_at == one.paid_at + 7 * DAY + 1 for one in labelled)


def test_an_alert_that_time_closes_is_no_label() -> None:
    """Nobody looked at it: silence goes on, and speaks at the horizon."""
    case = Case()
    for day in range(1, 32):
        case.simulation.tick(START + day * DAY)
        case.simulation.drain()
    assert [one.source for one in case.said(ExampleLabelled)] == [LabelSource.HORIZON]
    assert case.said(AlertClosed)
