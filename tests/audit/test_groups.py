"""The auditor on segments and campaigns: nothing to say of a right log, something of each broken word."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from audit.groups import group_of
from audit.log import Entry
from streams.simulate import Simulation
from tests.audit.test_books import books, entries
from tests.simulation.test_segments import lived

HOUR = 3_600_000


@cache
def simulated() -> Simulation:
    return lived(0)


@cache
def said() -> tuple[Entry, ...]:
    return tuple(entries(simulated(), "outcomes."))


def found(outcomes: list[Entry]) -> list[str]:
    """What the book on groups has to say of them."""
    made = books(simulated(), outcomes)
    made.finish()
    return made.groups.differences


def first(name: str, **fields: Any) -> int:
    return next(
        number
        for number, one in enumerate(said())
        if one.name == name and fields.items() <= one.fields.items()
    )


def last(name: str) -> int:
    return max(number for number, one in enumerate(said()) if one.name == name)


def test_a_right_log_has_no_difference() -> None:
    """Members entered, left, were targeted in both groups, and bought."""
    made = books(simulated(), said())
    assert made.finish() == []
    assert {True, False} == set(made.tables()["segment_members"].values())
    groups = {row[0] for row in made.tables()["campaign_members"].values()}
    assert groups == {"TREATMENT", "HOLD_OUT"}
    assert any(row[3] for row in made.tables()["campaign_members"].values())


def changed(number: int, **fields: Any) -> list[Entry]:
    outcomes = list(said())
    before = outcomes[number]
    outcomes[number] = before._replace(fields=before.fields | fields)
    return outcomes


def other(group: str) -> str:
    return "HOLD_OUT" if group == "TREATMENT" else "TREATMENT"


def without(name: str) -> list[Entry]:
    outcomes = list(said())
    del outcomes[first(name)]
    return outcomes


BROKEN: dict[str, tuple[Callable[[], list[Entry]], str]] = {
    "the other group": (
        lambda: changed(
            first("MemberTargeted"), group=other(said()[first("MemberTargeted")].fields["group"])
        ),
        "the draw makes it",
    ),
    "before the campaign": (
        lambda: changed(first("MemberTargeted"), occurred_at=HOUR),
        "does not run",
    ),
    "a longer window": (
        lambda: changed(first("MemberTargeted"), converts_until=2**42),
        "another window",
    ),
    "another segment": (
        lambda: changed(first("MemberTargeted"), segment_id="loyal"),
        "is not in the segment",
    ),
    "an order too many": (
        lambda: changed(last("MemberResponded"), orders=39),
        "the log has",
    ),
    "shown, and nobody told so": (
        lambda: changed(last("MemberResponded"), shown=1),
        "more often than the 0 told",
    ),
    "an answer of nobody": (
        lambda: changed(last("MemberResponded"), campaign_id="none"),
        "was not targeted",
    ),
    "no campaign": (lambda: without("CampaignAccepted"), "which the log does not have"),
}


@pytest.mark.parametrize(("broken", "words"), BROKEN.values(), ids=list(BROKEN))
def test_each_broken_word_is_found(broken: Callable[[], list[Entry]], words: str) -> None:
    """One word is missing or says something else."""
    assert any(words in text for text in found(broken()))


def test_the_draw_is_fair_and_of_the_salt() -> None:
    """As many are held out as the share says; another salt holds out others."""
    members = [f"m-{number}" for number in range(5_000)]

    def held_out(salt: str) -> set[str]:
        campaign = {"salt": salt, "holdout_share": 0.2}
        return {member for member in members if group_of(campaign, member) == "HOLD_OUT"}

    spring, autumn = held_out("spring"), held_out("autumn")
    assert 0.18 < len(spring) / len(members) < 0.22
    assert 0.03 < len(spring & autumn) / len(members) < 0.05
