"""From the evidence of an alert alone the same score follows, whoever computes it."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agents.risk.alerts import evidence_of
from agents.risk.features import FEATURES
from agents.risk.model import score
from agents.risk.rescoring import adds_up, rescore
from agents.risk.scoring import Opinion, Subject, scored
from schemas import codec
from schemas.risk import AbuseKind, AlertOpened, Evidence, FraudScored, Verdict
from tests.agents.risk.alerts_told import Desk


class Rule(NamedTuple):
    """A rule that held."""

    rule_id: str
    weight: int
    shadow: bool = False
    verdict: Verdict = Verdict.REVIEW
    version: int = 1
    reason: str = "why"
    features: tuple[str, ...] = ("payments_1h", "amount_minor")


def opinion(base: float, weights: list[float]) -> Opinion:
    names = sorted(FEATURES)[: len(weights)]
    return Opinion(
        base=base,
        values=dict.fromkeys(names, 1.0),
        weights=dict(zip(names, weights, strict=True)),
        points=score(base, weights),
        probability=0.5,
        evidence=0.5,
        challengers={},
        variant="v",
        version=3,
        stale=False,
    )


def said(base: float | None, weights: list[float], rules: list[Rule]) -> FraudScored:
    subject = Subject("m", 1_291_161_600_000, AbuseKind.PAYMENT, "p")
    return scored(subject, None if base is None else opinion(base, weights), rules, {})


LOG_ODDS = st.floats(-20, 20, allow_nan=False)
RULE = st.tuples(st.sampled_from("abc"), st.integers(0, 1_000), st.booleans())
RULES = st.lists(RULE.map(lambda one: Rule(*one)), max_size=4)


@given(st.none() | LOG_ODDS, st.lists(LOG_ODDS, max_size=len(FEATURES)), RULES)
def test_the_same_score_follows(
    base: float | None, weights: list[float], rules: list[Rule]
) -> None:
    """Also after the way through the topic, and whatever the rules add beyond 1000."""
    event = said(base, weights, [Rule("r", 1), *rules])
    evidence = evidence_of(event)
    assert rescore(evidence) == evidence.score
    assert adds_up(evidence)
    if event.verdict is Verdict.REVIEW:
        (opened,) = Desk().hear(structs.replace(event, event_id="e"))
        read = codec.decode(codec.encode_valid(opened))  # type: ignore[arg-type]
        assert isinstance(read, AlertOpened)
        assert rescore(read.evidence) == event.score


def tampered(**changes: object) -> Evidence:
    evidence = evidence_of(said(-2.0, [1.5, 0.5], [Rule("r", 100)]))
    assert rescore(evidence) == evidence.score
    return structs.replace(evidence, **changes)


@pytest.mark.parametrize(
    "evidence",
    [
        tampered(base=-2.1),
        tampered(weights=[]),
        tampered(reasons=[]),
        tampered(score=601),
    ],
    ids=["base", "weights", "reasons", "score"],
)
def test_what_was_changed_shows(evidence: Evidence) -> None:
    """A score that does not follow from the rest is found out."""
    assert rescore(evidence) != evidence.score
