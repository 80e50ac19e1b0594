"""What a points rule would have cost: a past stretch of actions, lived through again under that rule.

`run(events, rules)` plays the actions to the very agents of the members stage (and to the stock, for
gifts have to be there), in process and without Kafka, with the rules under test in place of those that
the actions bring. The same actions under the same rules give the figures of the real run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import merge
from itertools import chain

from agents.campaigns.targeting import TARGETING
from agents.candidates.offers import OFFERS
from agents.candidates.touches import TOUCHES
from agents.interests import INTERESTS
from agents.loyalty.scoring import LOYALTY
from agents.persona.portrait import PERSONA
from agents.segments.membership import MEMBERSHIP
from agents.stock import STOCK
from evaluation.cost import Cost, Sums
from evaluation.lived import Lived
from replay.steps import Tick, occurred_at, steps
from schemas import topics
from schemas.actions import (
    GiftListed,
    OrderDelivered,
    PointsAdjusted,
    PurchaseMade,
    PurchaseReturned,
    RedemptionCancelled,
    RedemptionRequested,
    RuleChanged,
    RuleRetired,
    StockAdjusted,
    StockReceived,
)
from schemas.friends import FriendshipEnded
from schemas.record import Event
from schemas.risk import FriendInvited, InvitationAccepted
from schemas.rules import PointsRule
from schemas.tiers import TierRuleChanged
from streams.plan import Topology
from streams.topology import MEMBERS, PRODUCTS

HOUR = 3_600_000
RULE = "dry-run"
EARNING = (
    PurchaseMade,
    OrderDelivered,
    PurchaseReturned,
    PointsAdjusted,
    TierRuleChanged,
    FriendInvited,
    InvitationAccepted,
    FriendshipEnded,
)
REDEEMING = (GiftListed, RedemptionRequested, RedemptionCancelled, StockReceived, StockAdjusted)

IDLE = (INTERESTS, LOYALTY, PERSONA, MEMBERSHIP, TARGETING, TOUCHES, OFFERS)


def run(
    events: Iterable[Event],
    rules: PointsRule | Sequence[RuleChanged | RuleRetired],
    *,
    redemptions: bool = True,
    until: int | None = None,
) -> Cost:
    """Live through `events` (in the order of time) under `rules`, and add up what came of it.

    A `PointsRule` holds from the first event on; `RuleChanged`s and `RuleRetired`s hold as they say.
    Points rules, looks, searches and ticks among the events are left out; tiers stay as they are.
    Without `redemptions` members save and never spend, which needs no stock and is faster.
    `until` (milliseconds; by default the hour of the last event) is the moment to which points still
    turn active and expire.

    Raises `ValueError` when there are no events, or when a rule is refused, with the reasons.
    """
    kept = _kept(events, EARNING + REDEEMING if redemptions else EARNING)
    first = next(kept, None)
    if first is None:
        raise ValueError("A dry run needs at least one purchase, return or redemption.")
    start = occurred_at(first) // HOUR * HOUR
    sums = Sums()
    heard = (topics.outcomes("members"), topics.DEAD_LETTERS)
    simulation = Lived(_topology(redemptions), sums.hear, heard)
    told = merge(_changes(rules, start), chain([first], kept), key=occurred_at)
    reached = start
    for step in steps(told, start, until or start):
        if isinstance(step, Tick):
            simulation.pass_time(step.at)
            reached = step.at
        else:
            simulation.emit(step)
    simulation.drain()
    if until is None:
        simulation.pass_time(reached + HOUR)
    return sums.cost()


def _topology(redemptions: bool) -> Topology:
    """Without the agents on which no points rest; some of them look at every member every week."""
    needed = tuple(one for one in MEMBERS.agents if one not in IDLE)
    members = replace(MEMBERS, agents=needed)
    stock = replace(PRODUCTS, agents=(STOCK,))
    stages = (members, stock) if redemptions else (members,)
    return Topology(stages, {stage.name: 1 for stage in stages})


def _kept(events: Iterable[Event], kinds: tuple[type[Event], ...]) -> Iterator[Event]:
    return (event for event in events if isinstance(event, kinds))


def _changes(
    rules: PointsRule | Sequence[RuleChanged | RuleRetired], start: int
) -> list[RuleChanged | RuleRetired]:
    if not isinstance(rules, PointsRule):
        return sorted(rules, key=occurred_at)
    return [
        RuleChanged(
            event_id="dry-run",
            rule_id=RULE,
            occurred_at=start,
            version=1,
            effective_at=start,
            changed_by=RULE,
            rule=rules,
        )
    ]
