"""Points that an invitation earned: a lot of its own, active at once, under the rule that rewards it.

A debt is repaid of them first, they expire as the rule says, and no board counts them, as boards are for
purchases. Where the reward is lost, as many are taken back as were given: from this lot, then from others
in spend order, and what is left by the rule's policy for returns. Where it is given again, as many come
back as were taken, and they are good for the rule's `restore_days` at least.
"""

from __future__ import annotations

from collections.abc import Iterator

from agents import Tables, rules
from agents.expiry import expires_at
from agents.ledger import Entry, Points, repay_first
from agents.lots import Parcel
from agents.marks import digest
from agents.reversals import collect, policy_of
from agents.withholding import good_until
from schemas.friends import ReferralQualified, ReferralReversed
from schemas.outcomes import Account, BonusReversed, PointsEarned


def place_of(said: ReferralQualified | ReferralReversed) -> str:
    """Where the lot of a pair and a side is."""
    return f"referral:{digest(said.friend_id, said.role.value).hex()}"


def reward(state: Points, won: ReferralQualified, tables: Tables) -> Iterator[PointsEarned]:
    """Post the reward of a pair, once; or give back what was taken of it."""
    place = place_of(won)
    if not won.points:
        return
    if (lots := state.lots.get(place)) is not None:
        if lots.parcels[0].returned:
            yield _again(state, won, place, lots.parcels[0], tables)
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
    yield _earned(won, won.points, entry)


def _again(
    state: Points, won: ReferralQualified, place: str, parcel: Parcel, tables: Tables
) -> PointsEarned:
    entry, points = Entry(state), parcel.forfeited
    until = good_until(state, parcel, won.occurred_at, tables)
    entry.change(place, 0, returned=0, forfeited=0, expires_at=until)
    repay_first(state, entry, Account.ISSUED, points, place, 0)
    return _earned(won, points, entry)


def _earned(won: ReferralQualified, points: int, entry: Entry) -> PointsEarned:
    return PointsEarned(
        member_id=won.member_id,
        occurred_at=won.occurred_at,
        rule_id=won.rule_id,
        rule_version=won.rule_version,
        points=points,
        invitation_id=won.invitation_id,
        **entry.fields(),
    )


def take_back(state: Points, lost: ReferralReversed, tables: Tables) -> Iterator[BonusReversed]:
    """Take a reward back, once; where none was posted there is nothing to take."""
    place = place_of(lost)
    lots = state.lots.get(place)
    if lots is None or lots.parcels[0].returned:
        return
    parcel, entry = lots.parcels[0], Entry(state)
    left, owed = collect(state, entry, place, 0, lost.points, policy_of(parcel, tables))
    entry.change(place, 0, returned=lost.points, forfeited=lost.points - left + owed)
    yield BonusReversed(
        member_id=lost.member_id,
        occurred_at=lost.occurred_at,
        invitation_id=lost.invitation_id,
        rule_id=lost.rule_id,
        rule_version=lost.rule_version,
        points=lost.points,
        from_debt=owed,
        uncollected=left - owed,
        **entry.fields(),
    )
