"""Persona, segments and campaigns through the whole topology, with crashes, repeats and late actions.

What was targeted and converted is recomputed from the orders alone; who is in a segment from the personas.
"""

from __future__ import annotations

from collections import defaultdict
from random import Random

import pytest

from agents.campaigns.lots import drawn
from agents.loyalty.snapshots import WEEK
from schemas.campaigns import Campaign, CampaignStarted, Group, MemberResponded, MemberTargeted
from schemas.outcomes import OrderPlaced, OrderState, OrderStateChanged
from schemas.persona import PersonaChanged
from schemas.record import Event, Outcome
from schemas.segments import Segment, SegmentChanged, SegmentEntered, SegmentLeft
from streams.simulate import Simulation
from streams.topology import topology
from tests.simulation.schedule import played
from tests.simulation.world import DAY, HOUR, START, Shape, world

TOPOLOGY = topology(2)
LATER = 40  # the day on which the second segment is set
BUYERS = Segment(name="buyers", enters="orders >= 2", leaves="silent_days > 20")
SEGMENTS = {"buyers": (1, BUYERS), "loyal": (LATER, Segment(name="loyal", enters="orders >= 5"))}
CAMPAIGN = Campaign(
    name="again",
    segment_id="buyers",
    starts_at=START + 10 * DAY,
    ends_at=START + 50 * DAY,
    salt="spring",
    holdout_share=0.5,
    window_days=14,
)


def operators() -> list[tuple[int, Event]]:
    """What is set up: a segment on the first day, one later, and a campaign."""
    told: list[tuple[int, Event]] = []
    for segment_id, (number, segment) in SEGMENTS.items():
        at = START + number * HOUR if number == 1 else START + number * DAY
        changed = SegmentChanged(
            event_id=f"set-{segment_id}",
            segment_id=segment_id,
            occurred_at=at,
            version=1,
            changed_by="operator-1",
            segment=segment,
        )
        told.append((at, changed))
    started = CampaignStarted(
        event_id="start-again",
        campaign_id="again",
        occurred_at=START + DAY,
        started_by="operator-1",
        campaign=CAMPAIGN,
    )
    return [*told, (START + DAY, started)]


def lived(seed: int) -> Simulation:
    made = world(seed, Shape(members=6, steps=160, days=70))
    told = sorted([*made.delivered, *operators()], key=lambda pair: pair[0])
    return played(TOPOLOGY, told, Random(seed), until=told[-1][0] + 60 * DAY)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_crashes(seed: int) -> None:
    """Nothing is said twice, nothing is missing, and every figure follows from the orders."""
    simulation = lived(seed)
    assert simulation.dead_letters() == []
    said = list(simulation.outcomes())
    ids = [one.event_id for one in said]
    assert len(set(ids)) == len(ids)
    _takes_turns(said)
    _is_full(said)
    _counts(said)


def _takes_turns(said: list[Outcome]) -> None:
    inside: dict[tuple[str, str], int | None] = {}
    for one in said:
        match one:
            case SegmentEntered():
                assert inside.get((one.member_id, one.segment_id)) is None
                inside[one.member_id, one.segment_id] = one.occurred_at
            case SegmentLeft():
                assert inside[one.member_id, one.segment_id] == one.entered_at
                inside[one.member_id, one.segment_id] = None
            case _:
                pass
    assert any(inside.values())
    assert not all(inside.values())


def _is_full(said: list[Outcome]) -> None:
    """A segment that was set later holds, a week on, everybody whom it is about."""
    loyal: dict[str, int] = {}
    at_first = {
        one.member_id: one.occurred_at
        for one in said
        if isinstance(one, SegmentEntered) and one.segment_id == "loyal"
    }
    for one in said:
        if isinstance(one, PersonaChanged) and one.orders >= 5:
            loyal.setdefault(one.member_id, one.occurred_at)
    assert loyal
    assert set(at_first) == set(loyal)
    for member_id, since in loyal.items():
        assert at_first[member_id] < max(since, START + LATER * DAY) + WEEK + HOUR


def _counts(said: list[Outcome]) -> None:
    orders: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    targeted: dict[str, MemberTargeted] = {}
    responded: dict[str, MemberResponded] = {}
    for one in said:
        match one:
            case OrderPlaced():
                orders[one.member_id][one.order_id] = one.occurred_at, one.total_minor
            case OrderStateChanged(state=OrderState.RETURNED):
                orders[one.member_id].pop(one.order_id, None)
            case MemberTargeted():
                assert one.member_id not in targeted
                assert CAMPAIGN.starts_at <= one.occurred_at < CAMPAIGN.ends_at
                assert one.group is drawn(CAMPAIGN, one.member_id)
                targeted[one.member_id] = one
            case MemberResponded():
                responded[one.member_id] = one
            case _:
                pass
    assert {one.group for one in targeted.values()} <= {Group.TREATMENT, Group.HOLD_OUT}
    assert targeted
    for member_id, part in targeted.items():
        within = [
            amount
            for at, amount in orders[member_id].values()
            if part.occurred_at < at < part.converts_until
        ]
        answer = responded.get(member_id)
        counted = (0, 0) if answer is None else (answer.orders, answer.amount_minor)
        assert counted == (len(within), sum(within)), member_id
