"""Friends and referrals through the whole topology, in any order, with crashes: both sides agree."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import NamedTuple

import pytest
from msgspec import structs

from schemas.actions import OrderDelivered, PurchaseLine, PurchaseMade, PurchaseReturned, ReturnLine
from schemas.friends import (
    FriendshipDissolved,
    FriendshipEnded,
    FriendshipStarted,
    ReferralQualified,
    ReferralReversed,
    ReferralRole,
)
from schemas.outcomes import BonusReversed, PointsEarned
from schemas.record import Event
from schemas.risk import InvitationAccepted
from schemas.rules import PointsRule, ReferralReward
from streams.topology import topology
from tests.agents.points_told import GBP, changed
from tests.audit.test_books import books, entries
from tests.simulation.schedule import played
from tests.simulation.world import DAY, START

REWARD = ReferralReward(inviter_points=500, invited_points=200)
RULE = PointsRule(earn_rates=[GBP], return_window_days=5, delivery_days=3, referral=REWARD)
MEMBERS = 8


class Kept(NamedTuple):
    """Who kept a purchase for its window, and who of them sent it back later."""

    keepers: set[str]
    regretful: set[str]


def told(seed: int) -> tuple[list[tuple[int, Event]], Kept]:
    """Each member is invited by another and buys; some send all back, some of them late."""
    dice, made, keepers, regretful = (
        Random(seed),
        [(START, structs.replace(changed(RULE), occurred_at=START))],
        set(),
        set(),
    )
    events: list[tuple[int, Event]] = [*made]
    for number in range(1, MEMBERS):
        member, inviter, at = f"m{number}", f"m{dice.randrange(number)}", START + number * DAY
        events.append((at, _accepted(member, inviter, at)))
        events.append((at + DAY, _bought(member, at + DAY)))
        if dice.random() < 0.4:
            events.append((at + 3 * DAY, _returned(member, at + 3 * DAY)))
        else:
            keepers.add(member)
            if dice.random() < 0.4:
                regretful.add(member)
                events.append((at + 25 * DAY, _returned(member, at + 25 * DAY)))
        if dice.random() < 0.5:
            events.append((at + 2 * DAY, _delivered(member, at + 2 * DAY)))
        if dice.random() < 0.4:
            ends = dice.choice([(member, inviter), (inviter, member)])
            events.append((at + 4 * DAY, _ended(*ends, at + 4 * DAY)))
    events += [pair for pair in events[1:] if dice.random() < 0.3]
    return sorted(events, key=lambda pair: pair[0]), Kept(keepers, regretful)


def _accepted(member: str, inviter: str, at: int) -> InvitationAccepted:
    return InvitationAccepted(
        event_id=f"a-{member}",
        member_id=member,
        occurred_at=at,
        invitation_id=f"i-{member}",
        inviter_id=inviter,
    )


def _bought(member: str, at: int) -> PurchaseMade:
    return PurchaseMade(
        event_id=f"b-{member}",
        member_id=member,
        occurred_at=at,
        order_id=f"o-{member}",
        currency="GBP",
        lines=[PurchaseLine(line_number=1, product_id="p", quantity=1, amount_minor=5_000)],
    )


def _returned(member: str, at: int) -> PurchaseReturned:
    return PurchaseReturned(
        event_id=f"r-{member}",
        member_id=member,
        occurred_at=at,
        return_id=f"r-{member}",
        order_id=f"o-{member}",
        lines=[ReturnLine(product_id="p", quantity=1)],
    )


def _delivered(member: str, at: int) -> OrderDelivered:
    return OrderDelivered(
        event_id=f"d-{member}", member_id=member, occurred_at=at, order_id=f"o-{member}"
    )


def _ended(member: str, friend: str, at: int) -> FriendshipEnded:
    return FriendshipEnded(
        event_id=f"e-{member}-{friend}", member_id=member, occurred_at=at, friend_id=friend
    )


@pytest.mark.parametrize("seed", range(6))
def test_both_sides_agree_and_each_is_rewarded_once(seed: int) -> None:
    """Friendships are mutual; whoever kept a purchase earned both sides their points, nobody else
    did; whoever sent it back later took them from both."""
    actions, (keepers, regretful) = told(seed)
    simulation = played(
        topology(3), actions, Random(seed), until=actions[-1][0] + 40 * DAY, holdings_most=4
    )
    assert simulation.dead_letters() == []
    friends: Counter[tuple[str, str]] = Counter()
    won: Counter[tuple[str, str]] = Counter()
    lost: Counter[tuple[str, str]] = Counter()
    posted: Counter[tuple[str, int]] = Counter()
    for said in simulation.outcomes():
        if isinstance(said, FriendshipStarted):
            friends[said.member_id, said.friend_id] += 1
        elif isinstance(said, FriendshipDissolved):
            friends[said.member_id, said.friend_id] -= 1
        elif isinstance(said, ReferralQualified):
            invited = said.member_id if said.role is ReferralRole.INVITED else said.friend_id
            won[invited, said.role.value] += 1
        elif isinstance(said, ReferralReversed):
            invited = said.member_id if said.role is ReferralRole.INVITED else said.friend_id
            lost[invited, said.role.value] += 1
        elif isinstance(said, BonusReversed):
            posted[said.invitation_id, -said.points] += 1
        elif isinstance(said, PointsEarned) and said.invitation_id is not None:
            posted[said.invitation_id, said.points] += 1
    assert {friends[a, b] == friends[b, a] for a, b in list(friends)} == {True}
    assert set(friends.values()) <= {0, 1}
    assert won == Counter(
        {(member, role): 1 for member in keepers for role in ("INVITER", "INVITED")}
    )
    assert lost == Counter(
        {(member, role): 1 for member in regretful for role in ("INVITER", "INVITED")}
    )
    gains = {(f"i-{m}", points): 1 for m in keepers for points in (500, 200)}
    losses = {(f"i-{m}", -points): 1 for m in regretful for points in (500, 200)}
    assert posted == Counter(gains | losses)
    made = books(simulation, entries(simulation, "outcomes."))
    assert made.finish() == []
