"""A stage that cannot work is refused when it is wired, in words for whoever wires it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents import Agent, Stage, Table
from schemas.actions import GiftListed, ProductListed, SearchMade
from schemas.outcomes import GiftRefused, MemberEnrolled, ProductViewed, ReturnRefused
from streams.plan import Plan, Topology
from tests.streams.small_agents import COUNT, MEMBERS, TOPOLOGY, Alarm, ring

TELLS = Agent("tells", Alarm, frozenset({GiftListed}), ring)
FOREIGN = Agent("foreign", Alarm, frozenset({ProductListed}), ring)
TABLE = Table("table", Alarm, frozenset({SearchMade}), ring)
PRICES = Table("prices", Alarm, frozenset({GiftListed}), ring)


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (replace(MEMBERS, agents=(COUNT, COUNT)), "of one name"),
        (replace(MEMBERS, agents=(TELLS,)), "only tables hear broadcast"),
        (replace(MEMBERS, agents=(FOREIGN,)), "which is for products"),
        (replace(MEMBERS, tables=(TABLE,)), "no broadcast event"),
        (replace(MEMBERS, name="products", agents=(), tables=(PRICES,)), "of its stage"),
        (Stage("searches", "term", ()), "not given"),
    ],
)
def test_wrong_wiring_is_refused(stage: Stage, words: str) -> None:
    """Each with what is wrong."""
    topology = Topology((stage,), {"members": 1})
    with pytest.raises(ValueError, match=words):
        Plan(stage, topology)


def test_an_unknown_stage_is_named_with_those_that_are() -> None:
    """The error says what there is."""
    with pytest.raises(KeyError, match="members"):
        TOPOLOGY.stage("bakery")


def test_routes() -> None:
    """Later agents in the pass, the sayer and earlier ones by the repartition topic."""
    plan = Plan(MEMBERS, TOPOLOGY)
    answer = plan.route(2, ReturnRefused)
    assert (answer.later, answer.earlier, answer.leaves, answer.places[1]) == (
        (3,),
        True,
        True,
        ("to.members", 1),
    )
    enrolled = plan.route(1, MemberEnrolled)
    assert (enrolled.later, enrolled.earlier) == ((2,), False)
    viewed = plan.route(1, ProductViewed)
    assert (viewed.here, viewed.places) == (False, (("to.products", 0), ("to.products", 1)))
    with pytest.raises(ValueError, match="not said in members"):
        plan.route(1, GiftRefused)


def test_what_is_not_kept_lies_only_on_its_way() -> None:
    """A message between keys is written once; what is kept lies in the outcomes, too."""
    plan = Plan(MEMBERS, TOPOLOGY)
    assert not ProductViewed.KEPT
    assert not any(plan.route(1, ProductViewed).lies)
    assert plan.route(1, MemberEnrolled).lies[1] == (("outcomes.members", 1),)


def test_topics_carry_the_prefix() -> None:
    """Several programmes share a cluster."""
    plan = Plan(MEMBERS, replace(TOPOLOGY, prefix="try-"))
    assert {*plan.topics_written(), plan.actions_topic} == {
        "try-actions.members",
        "try-outcomes.members",
        "try-dead-letters",
        "try-to.members",
        "try-to.products",
        "try-alerts",
    }
