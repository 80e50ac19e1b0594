"""The words of friends: who invited whom, who is whose friend, and which invitations earned something.

`FriendInvited` and `InvitationAccepted` are words of risk, too, and stand there.
"""

from __future__ import annotations

from typing import Annotated

from schemas.record import (
    IDENTIFIER,
    Event,
    MemberAction,
    MemberOutcome,
    OrderId,
    Outcome,
    Points,
    RuleId,
    RuleVersion,
    Word,
    doc,
)

FriendId = Annotated[str, doc("The other member.", **IDENTIFIER)]
InvitationId = Annotated[str, doc("The invitation, named by the platform.", **IDENTIFIER)]


class FriendshipEnded(MemberAction, frozen=True, kw_only=True):
    """A member is no longer a friend of another."""

    friend_id: FriendId


FRIEND_ACTIONS: tuple[type[Event], ...] = (FriendshipEnded,)


class FriendTold(MemberOutcome, frozen=True, kw_only=True):
    """A member's key tells the friend's that their friendship began or ended."""

    friend_id: FriendId
    invitation_id: Annotated[str | None, doc("The invitation that began it; none: it ended.")] = (
        None
    )


class FriendshipStarted(MemberOutcome, frozen=True, kw_only=True):
    """The other is among the member's friends now; said once on each side."""

    friend_id: FriendId
    invitation_id: InvitationId


class FriendshipDissolved(MemberOutcome, frozen=True, kw_only=True):
    """The other is no longer among the member's friends; said once on each side."""

    friend_id: FriendId


class ReferralRole(Word):
    """On which side of the invitation a member is."""

    UNKNOWN = "UNKNOWN"
    INVITER = "INVITER"
    INVITED = "INVITED"


class ReferralRefusal(Word):
    """Why an invitation earns nothing; in the order of the checks."""

    UNKNOWN = "UNKNOWN"
    SELF = "SELF"
    ALREADY_REFERRED = "ALREADY_REFERRED"
    ALREADY_FRIENDS = "ALREADY_FRIENDS"
    ABUSE = "ABUSE"
    TOO_MANY = "TOO_MANY"


class ReferralLoss(Word):
    """Why a referral's reward was taken back."""

    UNKNOWN = "UNKNOWN"
    RETURNED = "RETURNED"
    FRAUD = "FRAUD"
    DISPUTED = "DISPUTED"
    ABUSE = "ABUSE"


class ReferralReported(MemberOutcome, frozen=True, kw_only=True):
    """The invited member's key tells the inviter's that the purchase is kept, is no more, or is again."""

    friend_id: FriendId
    invitation_id: InvitationId
    order_id: OrderId
    rule_id: RuleId
    rule_version: RuleVersion
    points: Annotated[Points, doc("What the rule gives who invited.")]
    lost: Annotated[
        ReferralLoss | None, doc("Why the reward is taken back; none: it is given.")
    ] = None


class ReferralQualified(MemberOutcome, frozen=True, kw_only=True):
    """The invited member's first purchase is kept: the ledger gives this member these points.

    Said again after a reversal: no verdict is against it any more, and what was taken comes back.
    """

    friend_id: FriendId
    role: ReferralRole
    invitation_id: InvitationId
    order_id: Annotated[str, doc("The purchase of who was invited.", **IDENTIFIER)]
    rule_id: RuleId
    rule_version: RuleVersion
    points: Points


class ReferralReversed(MemberOutcome, frozen=True, kw_only=True):
    """What the referral was rewarded for is no more: the ledger takes this member's points back."""

    friend_id: FriendId
    role: ReferralRole
    invitation_id: InvitationId
    order_id: Annotated[str, doc("The purchase of who was invited.", **IDENTIFIER)]
    rule_id: RuleId
    rule_version: RuleVersion
    points: Points
    lost: Annotated[ReferralLoss, doc("Why.")]


class ReferralRefused(MemberOutcome, frozen=True, kw_only=True):
    """The invitation earns this member nothing, and why."""

    friend_id: FriendId
    invitation_id: InvitationId
    reason: ReferralRefusal


FRIEND_OUTCOMES: tuple[type[Outcome], ...] = (
    FriendTold,
    FriendshipStarted,
    FriendshipDissolved,
    ReferralReported,
    ReferralQualified,
    ReferralReversed,
    ReferralRefused,
)
