"""Risk under random schedules and crashes: every payment gets one verdict, every question one answer."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise
from random import Random
from typing import TypeVar

import pytest

from schemas.record import Outcome
from schemas.risk import (
    AbuseKind,
    Disregard,
    ExampleLabelled,
    FraudScored,
    PaymentCaptured,
    PaymentDisregarded,
    TokenAssessed,
    TokenLabelled,
    TokenPresented,
)
from streams.simulate import Simulation
from streams.topology import topology
from tests.simulation.risky import risky
from tests.simulation.schedule import played
from tests.simulation.world import DAY

SEEDS = range(3)
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
