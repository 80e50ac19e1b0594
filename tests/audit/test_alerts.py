"""The auditor on alerts of a simulation: nothing to say of right ones, something of every broken one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from audit.alert_budget import Budgets
from audit.alerts import Alerts
from audit.log import Decoder, Entry
from tests.simulation.test_alerts import SEEDS, lived

DECODER = Decoder()
Change = Callable[[list[Entry]], list[Entry]]


def entries(seed: int, kind: str) -> Iterator[Entry]:
    simulation = lived(seed)
    if kind == "actions.members":
        records = [r for n in range(2) for r in simulation.logs[kind, n]]
    else:
        records = [r for r in simulation.committed if r.topic == kind]
    for r in records:
        yield DECODER.entry(r.topic, r.partition, r.offset, r.timestamp, r.value)


def told(seed: int, alerts: Iterable[Entry]) -> list[str]:
    """What the auditor finds; alerts are read before the scores that they rest on."""
    book = Alerts()
    for action in entries(seed, "actions.members"):
        book.hear_action(action)
    for outcome in [*alerts, *entries(seed, "outcomes.members")]:
        book.hear(outcome)
    return book.finish()


def of_alerts(seed: int) -> list[Entry]:
    return list(entries(seed, "alerts"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_log_has_no_difference(seed: int) -> None:
    """Every word about every alert is what the evidence makes it."""
    assert told(seed, of_alerts(seed)) == []


def first(said: list[Entry], *names: str) -> int:
    return next(n for n, one in enumerate(said) if one.name in names)


def without(*names: str) -> Change:
    def change(said: list[Entry]) -> list[Entry]:
        at = first(said, *names)
        return said[:at] + said[at + 1 :]

    return change


def twice(*names: str) -> Change:
    def change(said: list[Entry]) -> list[Entry]:
        at = first(said, *names)
        return [*said[: at + 1], said[at], *said[at + 1 :]]

    return change


def other(name: str, field: str, value: object) -> Change:
    def change(said: list[Entry]) -> list[Entry]:
        at = first(said, name)
        changed = said[at]._replace(fields=said[at].fields | {field: value})
        return [*said[:at], changed, *said[at + 1 :]]

    return change


def heavier(said: list[Entry]) -> list[Entry]:
    """A rule's part is more than it was."""
    at = first(said, "AlertOpened")
    evidence = said[at].fields["evidence"]
    reasons = [one | {"contribution": one["contribution"] + 1} for one in evidence["reasons"]]
    changed = said[at].fields | {"evidence": evidence | {"reasons": reasons}}
    return [*said[:at], said[at]._replace(fields=changed), *said[at + 1 :]]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(without("AlertOpened"), id="not opened"),
        pytest.param(without("AlertUpdated"), id="not updated"),
        pytest.param(without("AlertSuppressed"), id="not suppressed"),
        pytest.param(without("AlertClosed"), id="not closed"),
        pytest.param(twice("AlertOpened"), id="opened twice"),
        pytest.param(twice("AlertClosed"), id="closed twice"),
        pytest.param(other("AlertUpdated", "count", 1), id="count"),
        pytest.param(other("AlertUpdated", "score", 0), id="score"),
        pytest.param(other("AlertOpened", "verdict", "ALLOW"), id="verdict"),
        pytest.param(other("AlertOpened", "expires_at", 1), id="deadline"),
        pytest.param(other("AlertClosed", "subject_ids", ["x"]), id="subjects"),
        pytest.param(other("AlertClosed", "occurred_at", 1), id="time"),
        pytest.param(other("AlertClosed", "end", "OTHER"), id="end"),
        pytest.param(other("AlertSuppressed", "suppressed_today", 99), id="suppressed today"),
        pytest.param(heavier, id="contributions"),
    ],
)
def test_what_is_broken_is_found(broken: Change) -> None:
    """The control that must fail."""
    seed = next(
        s for s in SEEDS if {"AlertUpdated", "AlertSuppressed"} <= {e.name for e in of_alerts(s)}
    )
    assert told(seed, broken(of_alerts(seed)))


def of_day(day: int, today: int = 0) -> dict[str, Any]:
    return {"kind": "PAYMENT", "occurred_at": day * 86_400_000, "suppressed_today": today}


def test_the_budget_is_counted_again() -> None:
    """By partition and day: two of four a day may open in each of two, and only then one is suppressed."""
    budgets = Budgets()
    budgets.set("PAYMENT", 4)
    assert "where 0 of 2 had opened" in budgets.suppressed(0, of_day(1, 1), 2)
    assert not budgets.opened(0, of_day(1), 2)
    assert not budgets.opened(0, of_day(1), 2)
    assert not budgets.suppressed(0, of_day(1, 2), 2)
    assert "says that 2 were suppressed on its day, and 3 were" in budgets.suppressed(
        0, of_day(1, 2), 2
    )
    assert "where 0 of 2" in budgets.suppressed(1, of_day(1, 1), 2)
    for _ in range(600):  # as many as where nobody sets a budget
        wrong = budgets.opened(0, of_day(2), 2)
    assert not wrong
    assert budgets.opened(0, of_day(2), 2) == "is number 601 of its day, and 600 may open"
    assert not budgets.opened(0, of_day(3), 2)
    assert not budgets.opened(0, of_day(4), 2)
    assert budgets.opened(0, of_day(1), 2)  # older than three days: it counts to the second
