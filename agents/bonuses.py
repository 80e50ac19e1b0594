"""Points that an invitation earned: a lot of its own, active at once, under the rule that rewards it.

A debt is repaid of them first, they expire as the rule says, and no board counts them, as boards are for
purchases.
"""

from __future__ import annotations

from collections.abc import Iterator

from agents import Tables, rules
from agents.expiry import expires_at
from agents.ledger import Entry, Points, repay_first
from agents.lots import Parcel
from agents.marks import digest
from schemas.friends import ReferralQualified
from schemas.outcomes import Account, PointsEarned


def reward(state: Points, won: ReferralQualified, tables: Tables) -> Iterator[PointsEarned]:
    """Post the reward of a pair, once."""
    place = f"referral:{digest(won.friend_id, won.role.value).hex()}"
    if place in state.lots or not won.points:
        return
    rule = rules.version_of(tables, won.rule_id, won.rule_version)
    at = won.occurred_at
    parcel = Parcel(
        lot_id=place,
        order_id=None,
        rule_id=won.rule_id,
        rule_version=won.rule_version,
        earned_at=at,
        activates_at=None,
        expires_at=None if rule is None else expires_at(rule, at, state.active_at),
        pending=0,
        active=0,
        held=0,
    )
    entry = Entry(state)
    index = entry.begin(place, parcel)
    repay_first(state, entry, Account.ISSUED, won.points, place, index)
    yield PointsEarned(
        member_id=won.member_id,
        occurred_at=at,
        rule_id=won.rule_id,
        rule_version=won.rule_version,
        points=won.points,
        invitation_id=won.invitation_id,
        **entry.fields(),
    )
