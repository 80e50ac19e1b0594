"""The kill switch of a risk rule in the whole topology: each partition counts, nothing is lost in a crash."""

from __future__ import annotations

from collections import Counter

import pytest

from agents.risk.rules import PAYMENTS_LEAST
from schemas.risk import (
    AbuseKind,
    AlertOpened,
    FraudScored,
    PaymentCaptured,
    RiskRule,
    RiskRuleAccepted,
    RiskRuleChanged,
    RiskRuleSwitchedOff,
    Verdict,
)
from streams.identity import partition_of
from streams.simulate import Simulation
from streams.topology import topology

PARTITIONS = 2
START = 1_323_388_800_000  # a midnight
DAY = 86_400_000
MEMBERS = [f"m{number}" for number in range(60)]


def stopping(version: int = 1, at: int = START) -> RiskRuleChanged:
    """A rule that stops every payment."""
    return RiskRuleChanged(
        event_id=f"rule-{version}",
        rule_id="all",
        occurred_at=at,
        version=version,
        effective_at=at,
        changed_by="operator-1",
        rule=RiskRule(
            expression="amount_minor > 0",
            kind=AbuseKind.PAYMENT,
            weight=10,
            reason="It stops everything",
            verdict=Verdict.HOLD,
        ),
    )


def paid(number: int, day: int = 0) -> PaymentCaptured:
    at = START + day * DAY + number * 60_000
    return PaymentCaptured(
        event_id=f"{day}-{number}",
        member_id=MEMBERS[number % len(MEMBERS)],
        occurred_at=at,
        payment_id=f"p{day}-{number}",
        amount_minor=1_000,
        currency="GBP",
    )


def run(payments: list[PaymentCaptured], *, crash: bool) -> Simulation:
    simulation = Simulation(topology(PARTITIONS))
    simulation.emit(stopping())
    for payment in payments:
        simulation.emit(payment)
        if crash:
            simulation.drain()
            for worker in simulation.workers:
                worker.reopen()
    simulation.drain()
    return simulation


def effects(simulation: Simulation) -> dict[int, list[bool]]:
    """By partition, in order, whether the rule had an effect on each payment."""
    found: dict[int, list[bool]] = {number: [] for number in range(PARTITIONS)}
    for said in simulation.outcomes():
        if isinstance(said, FraudScored):
            (rule,) = said.rules
            assert said.verdict is (Verdict.ALLOW if rule.shadow else Verdict.HOLD)
            found[partition_of(said.member_id, PARTITIONS)].append(not rule.shadow)
    return found


@pytest.mark.parametrize("crash", [False, True], ids=["", "reopened after each payment"])
def test_a_rule_that_stops_everything_is_switched_off(crash: bool) -> None:
    """In each partition after its fiftieth payment of the day, until the next day."""
    payments = [paid(number) for number in range(180)] + [paid(number, 1) for number in range(20)]
    simulation = run(payments, crash=crash)
    counts = Counter(partition_of(p.member_id, PARTITIONS) for p in payments[:180])
    for partition, had_effect in effects(simulation).items():
        today, tomorrow = had_effect[: counts[partition]], had_effect[counts[partition] :]
        assert today == [number < PAYMENTS_LEAST for number in range(counts[partition])]
        assert tomorrow
        assert all(tomorrow)
    switched = [o for o in simulation.outcomes() if isinstance(o, RiskRuleSwitchedOff)]
    assert sorted((o.partition, o.stopped, o.payments, o.day) for o in switched) == [
        (partition, PAYMENTS_LEAST, PAYMENTS_LEAST, "2011-12-09") for partition in range(PARTITIONS)
    ]


def test_the_next_version_has_its_effect_at_once() -> None:
    """What an operator sets is not held back by what the version before did."""
    simulation = run([paid(number) for number in range(180)], crash=False)
    simulation.emit(stopping(2, START + 180 * 60_000))
    simulation.emit(paid(181))
    simulation.drain()
    assert len([o for o in simulation.outcomes() if isinstance(o, RiskRuleAccepted)]) == 2
    (last,) = [
        o for o in simulation.outcomes() if isinstance(o, FraudScored) and o.subject_id == "p0-181"
    ]
    assert [(rule.version, rule.shadow) for rule in last.rules] == [(2, False)]
    assert last.verdict is Verdict.HOLD


def test_what_is_switched_off_opens_no_alert() -> None:
    """Those that the rule stopped before are open; the others never were."""
    simulation = run([paid(number) for number in range(180)], crash=False)
    opened = [o for o in simulation.outcomes() if isinstance(o, AlertOpened)]
    stopped = {
        o.member_id
        for o in simulation.outcomes()
        if isinstance(o, FraudScored) and o.verdict is Verdict.HOLD
    }
    assert {alert.member_id for alert in opened} == stopped
