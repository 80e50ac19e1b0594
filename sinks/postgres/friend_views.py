"""Which outcome of friends goes into which tables: pure functions from an outcome to rows."""

from __future__ import annotations

from schemas.friends import (
    FriendshipDissolved,
    FriendshipStarted,
    ReferralQualified,
    ReferralRefused,
    ReferralReversed,
)
from sinks.postgres.statements import Values, Write
from sinks.postgres.writes import FRIENDSHIPS, REFERRALS, REFERRALS_LOST, REFERRALS_REFUSED

Row = tuple[Write, Values]


def friendship(event: FriendshipStarted | FriendshipDissolved) -> list[Row]:
    """friendships."""
    begun = isinstance(event, FriendshipStarted)
    invitation_id = event.invitation_id if isinstance(event, FriendshipStarted) else None
    return [(FRIENDSHIPS, (event.member_id, event.friend_id, begun, invitation_id))]


def qualified(event: ReferralQualified) -> list[Row]:
    """referrals."""
    earned = event.role.value, event.order_id, event.points, None
    return [(REFERRALS, (event.member_id, event.friend_id, event.invitation_id, *earned))]


def lost(event: ReferralReversed) -> list[Row]:
    """referrals: why what it had earned was taken back."""
    place = event.member_id, event.friend_id, event.invitation_id
    return [(REFERRALS_LOST, (*place, event.lost.value))]


def refused(event: ReferralRefused) -> list[Row]:
    """referrals, unless the invitation has earned something."""
    nothing = None, None, 0, event.reason.value
    return [(REFERRALS_REFUSED, (event.member_id, event.friend_id, event.invitation_id, *nothing))]
