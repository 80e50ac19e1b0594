"""Alerts under random schedules and crashes: all evidence is in one, every one ends, scores follow."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest

from agents.risk.alerts import ALERTING
from agents.risk.rescoring import adds_up, rescore
from schemas import codec
from schemas.record import Event, Outcome
from schemas.risk import (
    AlertBudgetChanged,
    AlertClosed,
    AlertEnd,
    AlertJudged,
    AlertOpened,
    AlertSuppressed,
    AlertUpdated,
    FraudScored,
    Judgement,
)
from streams.simulate import Simulation
from streams.topology import topology
from tests.simulation.risky import risky
from tests.simulation.schedule import played
from tests.simulation.world import DAY, HOUR, START

SEEDS = range(2)
GROWING = (AlertOpened, AlertUpdated, AlertSuppressed)
JUDGEMENTS = (Judgement.CONFIRMED, Judgement.CLEARED)


def history(seed: int) -> list[tuple[int, Event]]:
    """A shop's risks with a budget of two alerts a day and kind, and judgements of what a first life said."""
    told = risky(seed, members=5, steps=200, days=25).delivered
    budgets = [
        AlertBudgetChanged(
            event_id=f"budget-{kind}",
            kind=kind,
            occurred_at=START,
            alerts_a_day=2,
            changed_by="ada",
        )
        for kind in sorted({one.kind for one in opened(seed)})
    ]
    random = Random(seed)
    judged: list[tuple[int, Event]] = []
    for number, one in enumerate(opened(seed)):
        if random.random() < 0.5:
            at = one.occurred_at + random.randrange(20 * DAY)
            judged.append((at, judgement(one, number, at, random.choice(JUDGEMENTS))))
    return sorted([*[(START, b) for b in budgets], *told, *judged], key=lambda pair: pair[0])


def judgement(one: AlertOpened, number: int, at: int, found: Judgement) -> AlertJudged:
    return AlertJudged(
        event_id=f"judged-{number}",
        member_id=one.member_id,
        occurred_at=at,
        alert_id=one.alert_id,
        judgement=found,
        analyst="ada",
    )


@cache
def opened(seed: int) -> list[AlertOpened]:
    """What is opened where nobody judges and no budget is set."""
    told = risky(seed, members=5, steps=200, days=25).delivered
    calm = played(topology(2), told)
    return [one for one in calm.outcomes() if isinstance(one, AlertOpened)]


@cache
def lived(seed: int) -> Simulation:
    """Served in any order, with crashes, until every deadline is over."""
    told = history(seed)
    return played(topology(2), told, Random(seed), until=told[-1][0] + 40 * DAY, holdings_most=4)


def outcomes(seed: int) -> list[Outcome]:
    return list(lived(seed).outcomes())


@pytest.mark.parametrize("seed", SEEDS)
def test_all_evidence_is_in_one_alert_once(seed: int) -> None:
    """As it was said by the score, whose words follow from it."""
    scored = [o for o in outcomes(seed) if isinstance(o, FraudScored) and o.verdict in ALERTING]
    grown = [o for o in outcomes(seed) if isinstance(o, GROWING)]
    assert {o.event_id for o in scored} == {o.caused_by for o in grown}
    assert len(scored) == len(grown) > 5
    assert not lived(seed).dead_letters()


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_follow_from_the_alert_alone(seed: int) -> None:
    """The model's part and the rules' parts."""
    evidence = [o.evidence for o in outcomes(seed) if isinstance(o, GROWING)]
    assert all(rescore(one) == one.score for one in evidence)
    assert all(adds_up(one) for one in evidence)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_alert_ends_and_is_about_all_its_evidence(seed: int) -> None:
    """In time, or by a judgement; suppressed ones, too."""
    about: dict[str, list[str]] = {}
    ended: dict[str, AlertClosed] = {}
    for one in outcomes(seed):
        match one:
            case AlertOpened() | AlertUpdated() | AlertSuppressed():
                about.setdefault(one.alert_id, []).append(one.evidence.subject_id)
                assert one.alert_id not in ended
            case AlertClosed():
                assert one.subject_ids == about[one.alert_id]
                ended[one.alert_id] = one
    assert ended.keys() == about.keys()
    assert {AlertEnd.EXPIRED} < {one.end for one in ended.values()}
    last = max(one.last_seen_at for one in ended.values())
    assert all(one.occurred_at <= last + 72 * HOUR or one.analyst for one in ended.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_partition_opens_its_share_of_a_day(seed: int) -> None:
    """Two of a kind over two partitions: one each, but for what became stricter."""
    suppressed: set[str] = set()
    counted: dict[tuple[int, str, int], int] = {}
    for worker, one in ((w, o) for w in range(2) for o in of_partition(seed, w)):
        if isinstance(one, AlertSuppressed):
            suppressed.add(one.alert_id)
        elif isinstance(one, AlertOpened) and one.alert_id not in suppressed:
            day = worker, one.kind.value, one.occurred_at // DAY
            counted[day] = counted.get(day, 0) + 1
    assert max(counted.values()) == 1
    assert suppressed


def of_partition(seed: int, number: int) -> list[Outcome]:
    return [
        outcome
        for record in lived(seed).committed
        if record.topic == "alerts" and record.partition == number
        for outcome in [codec.decode(record.value)]
        if isinstance(outcome, Outcome)
    ]
