"""The table of rules, row by row: versions one after another, and every reason why not."""

from __future__ import annotations

from typing import Any

import pytest

from agents import Place
from agents.rules import RULES, Rules, in_force, version_of, zone_of
from schemas.actions import RuleChanged, RuleRetired
from schemas.outcomes import RuleAccepted, RuleRefused
from schemas.rules import CategoryRate, Expiry, PointsRule
from tests.agents.points_told import GBP, at, changed, rule
from tests.agents.rows import ids


def retired(day: float, rule_id: str = "r") -> RuleRetired:
    return RuleRetired(
        event_id=f"retired-{rule_id}",
        rule_id=rule_id,
        occurred_at=at(day),
        effective_at=at(day),
        changed_by="operator-1",
    )


def backdated(day: float, effective: float) -> RuleChanged:
    return RuleChanged(
        event_id="backdated",
        rule_id="r",
        occurred_at=at(day),
        version=1,
        effective_at=at(effective),
        changed_by="operator-1",
        rule=rule(),
    )


def short(outcome: RuleAccepted | RuleRefused) -> str:
    if isinstance(outcome, RuleAccepted):
        ends = "" if outcome.rule is not None else " ends"
        return f"{outcome.rule_id} {outcome.version}{ends}"
    return (
        f"{outcome.rule_id} refused {len(outcome.reasons)}: {outcome.reasons[0].partition(':')[0]}"
    )


def one(**said: Any) -> list[RuleChanged | RuleRetired]:
    return [changed(rule(**said))]


TWO_RATES = [GBP, GBP]
TWO_CATEGORIES = [CategoryRate(category="tea", percent=200)] * 2
LATER = "It would hold from before it was made, and what is past does not change"

ROWS: list[tuple[str, list[Any], list[str]]] = [
    ("a first version", [changed(rule())], ["r 1"]),
    ("a second", [changed(rule()), changed(rule(), 2, 5)], ["r 1", "r 2"]),
    ("two rules", [changed(rule()), changed(rule(), rule_id="s")], ["r 1", "s 1"]),
    ("a version too far", [changed(rule(), 3)], ["r refused 1: The next version of r is 1, not 3."]),
    ("the same version again", [changed(rule()), changed(rule(), 1, 5)],
     ["r 1", "r refused 1: The next version of r is 2, not 1."]),
    ("before it was made", [backdated(5, 4)], [f"r refused 1: {LATER}"]),
    ("before the version before", [changed(rule(), 1, 9), changed(rule(), 2, 8)],
     ["r 1", "r refused 1: Version 1 holds from later on"]),
    ("two rates for a currency", one(earn_rates=TWO_RATES),
     ["r refused 1: The currency GBP has two rates"]),
    ("two rates for a category", one(category_rates=TWO_CATEGORIES),
     ["r refused 1: The category tea has two rates"]),
    ("a cap below zero", one(cap_per_day=-1), ["r refused 1: cap_per_day is -1"]),
    ("days beyond any calendar", one(expiry=Expiry.FIXED, expiry_days=10**9),
     ["r refused 1: expiry_days is 1000000000"]),
    ("restored beyond any calendar", one(restore_days=36_501),
     ["r refused 1: restore_days is 36501"]),
    ("a hold for longer than it is remembered", one(hold_minutes=10**16),
     ["r refused 1: hold_minutes is 10000000000000000"]),
    ("a century, and a hold of a year", one(expiry_days=36_500, hold_minutes=525_600), ["r 1"]),
    ("a word of a later version", one(expiry=Expiry.UNKNOWN),
     ["r refused 1: expiry is a word that this version does not know."]),
    ("no such time zone", one(zone="Mars/Base"), ["r refused 1: There is no time zone 'Mars/Base'"]),
    ("all reasons at once", one(zone="", cap_per_order=-5, earn_rates=TWO_RATES),
     ["r refused 3: The currency GBP has two rates"]),
    ("ended", [changed(rule()), retired(5)], ["r 1", "r 2 ends"]),
    ("ended, then made again", [changed(rule()), retired(5), changed(rule(), 3, 9)],
     ["r 1", "r 2 ends", "r 3"]),
    ("ended twice", [changed(rule()), retired(5), retired(6)],
     ["r 1", "r 2 ends", "r refused 1: It is ended already."]),
    ("ended, and never made", [retired(5)], ["r refused 1: There is no such rule."]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "said"), ROWS, ids=ids(ROWS))
def test_rules(name: str, events: list[Any], said: list[str]) -> None:
    """What operators can do."""
    assert told(Rules(), events, Place(0, 4)) == said


@pytest.mark.parametrize(("name", "events", "said"), ROWS, ids=ids(ROWS))
def test_partitions_conclude_alike(name: str, events: list[Any], said: list[str]) -> None:
    """Every partition keeps the same; only the first says it."""
    first, third = Rules(), Rules()
    told(first, events, Place(0, 4))
    assert told(third, events, Place(3, 4)) == []
    assert third.names == first.names
    assert dict(third.versions) == dict(first.versions)


def told(state: Rules, events: list[Any], place: Place) -> list[str]:
    return [short(outcome) for event in events for outcome in RULES.react(state, event, place)]


def test_the_version_of_a_moment() -> None:
    """From its effective_at on, until the next; ended: none; and a posting's version for ever."""
    london, paris = rule(zone="Europe/London"), rule(zone="Europe/Paris")
    state = Rules()
    told(state, [changed(london, 1, 2), changed(paris, 2, 4), retired(6)], Place(0, 1))
    tables = {"rules": state}
    found = {day: [(h.version, h.rule.zone) for h in in_force(tables, at(day))] for day in range(8)}
    assert found[1] == found[6] == found[7] == []
    assert found[2] == found[3] == [(1, "Europe/London")]
    assert found[4] == found[5] == [(2, "Europe/Paris")]
    assert version_of(tables, "r", 1) == london
    assert version_of(tables, "r", 3) is None
    assert zone_of(tables, "r", 2) == "Europe/Paris"
    assert zone_of(tables, "s", 1) == zone_of(tables, None, None) == "UTC"


def test_a_rule_of_all_fields_is_kept_as_it_is() -> None:
    """What was accepted is what was sent."""
    content = PointsRule(earn_rates=[GBP], zone="Asia/Tokyo", cap_per_day=5, hold_minutes=1)
    (accepted,) = RULES.react(Rules(), changed(content), Place(0, 1))
    assert isinstance(accepted, RuleAccepted)
    assert accepted.rule == content
