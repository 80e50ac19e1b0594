"""The auditor on shops where orders are stopped and judged: silent on a right log, not on a broken one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import pytest

from audit.books import Books
from audit.log import Entry
from streams.simulate import Simulation
from streams.topology import topology
from tests.audit.test_books import books, entries
from tests.simulation.guarded import guarded
from tests.simulation.schedule import played
from tests.simulation.world import DAY

SEEDS = range(3)
JUDGED = ("PointsWithheld", "PointsReleased", "PointsForfeited")
RESTORED = ("PointsRestored", "RestorationReversed")
HIDING = ("MemberHidden", "MemberShown")


@cache
def simulated(seed: int) -> Simulation:
    told = guarded(seed).delivered
    return played(topology(3), told, until=told[-1][0] + 60 * DAY)


@cache
def log(seed: int) -> tuple[Entry, ...]:
    """Outcomes, then what lies in the topic of alerts, as an auditor may read them."""
    simulation = simulated(seed)
    return (*entries(simulation, "outcomes."), *entries(simulation, "alerts"))


def audited(seed: int, outcomes: Iterable[Entry]) -> Books:
    return books(simulated(seed), outcomes)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("turned", [False, True], ids=["alerts last", "alerts first"])
def test_a_right_log_has_no_difference(seed: int, turned: bool) -> None:
    """In whichever order the topics are read."""
    found = sorted(log(seed), key=lambda entry: entry.topic) if turned else log(seed)
    made = audited(seed, found)
    assert made.finish() == []
    assert made.ledger.sum == 0


def test_the_logs_are_worth_their_name() -> None:
    """Everything that is checked below is said in one of them."""
    said = {entry.name for seed in SEEDS for entry in log(seed)}
    assert {*JUDGED, *RESTORED, *HIDING, "AlertClosed"} <= said
    assert any(audited(seed, log(seed)).verdicts.hidden() for seed in SEEDS)


def first(name: str) -> tuple[int, int]:
    """The seed, and the place in its log, of the first record of a kind."""
    for seed in SEEDS:
        for at, entry in enumerate(log(seed)):
            if entry.name == name:
                return seed, at
    raise AssertionError(name)


@pytest.mark.parametrize("name", [*JUDGED, *RESTORED, *HIDING])
def test_a_word_that_is_missing_is_found(name: str) -> None:
    """Left out, the log contradicts itself."""
    seed, at = first(name)
    said = log(seed)
    assert audited(seed, [*said[:at], *said[at + 1 :]]).finish()


def changed(name: str, change: Callable[[dict[str, Any]], None]) -> list[str]:
    """What the auditor says when the first record of a kind is told otherwise."""
    seed, at = first(name)
    said = list(log(seed))
    fields = {**said[at].fields}
    change(fields)
    said[at] = said[at]._replace(fields=fields)
    return audited(seed, said).finish()


def less(field: str) -> Callable[[dict[str, Any]], None]:
    return lambda fields: fields.update({field: fields[field] - 1})


@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize("field", ["points", "score_change"])
def test_other_points_are_found(name: str, field: str) -> None:
    """One less than the postings move, or than the boards gain."""
    assert changed(name, less(field))


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("AlertClosed", {"end": "CONFIRMED"}, "should be forfeited"),
        ("MemberHidden", {"member_id": "nobody"}, "nobody is hidden"),
        ("PointsRestored", {"redemption_id": "none"}, "was not spent"),
    ],
)
def test_what_follows_from_alerts_is_found(name: str, change: dict[str, Any], words: str) -> None:
    """An end that nothing came of, or something that came of none."""
    found = [text for seed in SEEDS for text in _told_otherwise(seed, name, change)]
    assert any(words in text for text in found)


def _told_otherwise(seed: int, name: str, change: dict[str, Any]) -> list[str]:
    said = [
        entry._replace(fields=entry.fields | change) if entry.name == name else entry
        for entry in log(seed)
    ]
    return audited(seed, said).finish()


def test_points_that_wait_without_a_dispute_are_found() -> None:
    """And those that do not wait though there is one."""
    seed, at = next(
        (seed, at)
        for seed in SEEDS
        for at, entry in enumerate(log(seed))
        if any(lot["disputed"] and lot["pending"] for lot in entry.fields.get("lots", ()))
    )
    said = list(log(seed))
    cut = said[: at + 1]
    assert "told to wait" not in str(audited(seed, cut).disputes.finish(_ledger(seed, cut), {}))
    lots = [lot | {"disputed": False} for lot in said[at].fields["lots"]]
    cut[at] = said[at]._replace(fields=said[at].fields | {"lots": lots})
    made = audited(seed, cut)
    found = list(made.disputes.finish(made.ledger, {}))
    assert any("told to wait False" in text for text in found)


def _ledger(seed: int, outcomes: list[Entry]) -> Any:
    return audited(seed, outcomes).ledger
