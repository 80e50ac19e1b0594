"""The year with those who misbehave in this process: what is caught, and whom a rule on trial would hit."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from evaluation.misbehaviour import Trial, live
from replay.year import Year
from schemas.risk import AbuseKind, RiskRule, Verdict

ORDERS = 1_300


@cache
def year() -> Year:
    return Year.read(ORDERS, risk=True)


def rule(expression: str, kind: AbuseKind = AbuseKind.PAYMENT, **fields: Any) -> RiskRule:
    return RiskRule(
        expression=expression,
        kind=kind,
        weight=500,
        reason="on trial",
        verdict=Verdict.BLOCK,
        **fields,
    )


@cache
def without() -> Trial:
    return live(year())


def test_who_misbehaves_is_caught() -> None:
    """Those of the first weeks who are not careful; with an alert of their kind, before they are done."""
    caught = without().caught
    assert caught is not None
    assert caught.schemes["CARD_TESTING"].incidents > 0
    found = [scheme for scheme in caught.schemes.values() if scheme.incidents]
    assert sum(s.caught for s in found) >= 0.5 * sum(s.incidents for s in found)
    assert all(s.taken_before_minor <= s.taken_minor for s in found)
    assert caught.members > 500


def test_most_of_the_honest_are_left_alone() -> None:
    """Before there is a model, hardly anybody who pays is looked at."""
    trial = without()
    assert trial.payments > ORDERS
    assert trial.verdicts["ALLOW"] > 0.9 * trial.payments
    assert sum(trial.verdicts.values()) == trial.payments


def test_a_rule_on_trial_is_counted_and_changes_nothing() -> None:
    """Also one that would stop everything: the verdicts and alerts are those without it."""
    trial = live(year(), rule("amount_minor > 0"))
    assert trial.hits == trial.payments
    assert trial.hits_true == trial.true_payments > 0
    assert (trial.verdicts, trial.caught) == (without().verdicts, without().caught)
    assert len({touched.subject_id for touched in trial.newest}) == len(trial.newest)


def test_a_rule_of_another_kind() -> None:
    """What has no model and no label can be tried, too, as the truth is known here."""
    trial = live(year(), rule("coupons_24h >= 1", AbuseKind.PROMOTION))
    assert 0 < trial.hits_true < trial.hits
    assert trial.verdicts == without().verdicts


def test_a_rule_that_cannot_be_is_refused() -> None:
    """With its reasons."""
    with pytest.raises(ValueError, match="did you mean score"):
        live(year(), rule("scor > 1"))
