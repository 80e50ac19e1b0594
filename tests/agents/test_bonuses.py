"""What an invitation earned in the ledger: posted once, repays first, expires, counts on no board."""

from __future__ import annotations

from schemas.friends import ReferralLoss, ReferralQualified, ReferralReversed, ReferralRole
from schemas.outcomes import Account, BonusReversed, PointsEarned, PointsExpired
from schemas.rules import Expiry, ReturnPolicy
from tests.agents.points_told import MEMBER, adjusted, at, back, bought, life, rule


def won(
    day: float, points: int = 50, role: ReferralRole = ReferralRole.INVITER
) -> ReferralQualified:
    return ReferralQualified(
        member_id=MEMBER,
        occurred_at=at(day),
        friend_id="f",
        role=role,
        invitation_id="i",
        order_id="o",
        rule_id="r",
        rule_version=1,
        points=points,
    )


def lost(day: float, points: int = 50) -> ReferralReversed:
    return ReferralReversed(
        member_id=MEMBER,
        occurred_at=at(day),
        friend_id="f",
        role=ReferralRole.INVITER,
        invitation_id="i",
        order_id="o",
        rule_id="r",
        rule_version=1,
        points=points,
        lost=ReferralLoss.RETURNED,
    )


def test_posted_once_for_a_pair_and_a_side() -> None:
    """Active at once; the same again, by another invitation too, moves nothing; each side has its own."""
    member = life(rule())
    (said,) = member.hear(won(1))
    assert isinstance(said, PointsEarned)
    assert (said.points, said.invitation_id, said.counts_at) == (50, "i", None)
    assert [(p.source, p.destination, p.points) for p in said.postings] == [
        (Account.ISSUED, Account.ACTIVE, 50)
    ]
    assert member.hear(won(2)) == []
    assert len(member.hear(won(2, role=ReferralRole.INVITED))) == 1
    assert member.state.active == 100


def test_nothing_to_post() -> None:
    """A rule that gives one side nothing."""
    assert life(rule()).hear(won(1, points=0)) == []


def test_a_debt_is_repaid_first() -> None:
    """Of a return whose points were spent before."""
    member = life(rule())
    member.hear(bought(3_000))
    member.wait(MEMBER, at(14))
    member.hear(adjusted(-30, day=15), back((1, 1, 0, 1), day=16))
    assert member.state.debt == -30
    member.hear(won(17))
    assert (member.state.debt, member.state.active) == (0, 20)


def test_expires_as_its_rule_says() -> None:
    """A lot of its own, under the version that rewarded it."""
    member = life(rule(expiry=Expiry.FIXED, expiry_days=5))
    member.hear(won(1))
    (said,) = member.wait(MEMBER, at(7))
    assert isinstance(said, PointsExpired)
    assert (said.points, said.occurred_at, member.state.active) == (50, at(7), 0)


def test_taken_back_once_and_out_of_its_own_lot() -> None:
    """As many as were given; the same again moves nothing, nor does one that was never given."""
    member = life(rule())
    assert member.hear(lost(1)) == []
    member.hear(won(1), adjusted(30, day=2))
    (said,) = member.hear(lost(3))
    assert isinstance(said, BonusReversed)
    assert (said.points, said.from_debt, said.uncollected) == (50, 0, 0)
    assert [(p.source, p.destination, p.points) for p in said.postings] == [
        (Account.ACTIVE, Account.ISSUED, 50)
    ]
    assert member.state.active == 30
    assert member.hear(lost(4)) == []


def test_given_again_as_many_as_were_taken() -> None:
    """A debt is repaid of them first; once, until it is lost again."""
    member = life(rule())
    member.hear(won(1), adjusted(-40, day=2), lost(3))
    assert (member.state.active, member.state.debt) == (0, -40)
    (said,) = member.hear(won(4))
    assert isinstance(said, PointsEarned)
    assert (said.points, said.invitation_id, said.counts_at) == (50, "i", None)
    assert (member.state.active, member.state.debt) == (10, 0)
    assert member.hear(won(5)) == []
    (said,) = member.hear(lost(6))
    assert isinstance(said, BonusReversed)
    assert (member.state.active, member.state.debt) == (0, -40)


def test_what_was_let_go_is_not_given() -> None:
    """Where the rule's returns let 40 go, ten were taken, and ten come back."""
    member = life(rule(return_policy=ReturnPolicy.WITHIN_BALANCE))
    member.hear(won(1), adjusted(-40, day=2), lost(3))
    (said,) = member.hear(won(4))
    assert isinstance(said, PointsEarned)
    assert (said.points, member.state.active, member.state.debt) == (10, 10, 0)


def test_given_again_after_its_time() -> None:
    """Good for the rule's days of restitution at least."""
    member = life(rule(expiry=Expiry.FIXED, expiry_days=5, restore_days=30))
    member.hear(won(1), lost(2), won(20))
    (said,) = member.wait(MEMBER, at(80))
    assert isinstance(said, PointsExpired)
    assert (said.points, said.occurred_at) == (50, at(51))


def test_what_was_spent_meanwhile_is_taken_from_others_and_then_owed() -> None:
    """Or let go, where the rule's returns let it go."""
    member = life(rule())
    member.hear(won(1), adjusted(-40, day=2), adjusted(15, day=3))
    (said,) = member.hear(lost(4))
    assert isinstance(said, BonusReversed)
    assert (said.from_debt, member.state.active, member.state.debt) == (25, 0, -25)
    mild = life(rule(return_policy=ReturnPolicy.WITHIN_BALANCE))
    mild.hear(won(1), adjusted(-40, day=2))
    (said,) = mild.hear(lost(4))
    assert isinstance(said, BonusReversed)
    assert (said.uncollected, mild.state.active, mild.state.debt) == (40, 0, 0)
