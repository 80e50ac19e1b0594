"""A member's friends: begun by an accepted invitation, ended by either side, and told to the other side.

Both sides keep the moment of the newest word about their pair, and an older one changes nothing: so they
come to agree in whatever order words arrive. An end is remembered for a while after the friend is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from agents import StateMap
from agents.calendar import DAY
from schemas.friends import FriendshipDissolved, FriendshipEnded, FriendshipStarted, FriendTold
from schemas.risk import InvitationAccepted

ENDS_MOST = 100
ENDS_KEPT = 30 * DAY  # no word is under way for so long

Said = Iterator[FriendTold | FriendshipStarted | FriendshipDissolved]


class Friend(Struct, frozen=True, array_like=True):
    """Since when, by the newest word, and by which invitation."""

    since_at: int
    invitation_id: str


def accept(ends: dict[str, int], friends: StateMap[Friend], accepted: InvitationAccepted) -> Said:
    """The invited member's side, which tells the inviter's."""
    member_id, inviter_id, at = accepted.member_id, accepted.inviter_id, accepted.occurred_at
    yield from _start(ends, friends, member_id, inviter_id, accepted.invitation_id, at)
    yield FriendTold(
        member_id=inviter_id,
        occurred_at=at,
        friend_id=member_id,
        invitation_id=accepted.invitation_id,
    )


def end(ends: dict[str, int], friends: StateMap[Friend], ended: FriendshipEnded) -> Said:
    """Either side's wish, which tells the other's."""
    member_id, friend_id, at = ended.member_id, ended.friend_id, ended.occurred_at
    yield from _end(ends, friends, member_id, friend_id, at)
    yield FriendTold(member_id=friend_id, occurred_at=at, friend_id=member_id)


def told(ends: dict[str, int], friends: StateMap[Friend], word: FriendTold) -> Said:
    """What the friend's side said."""
    member_id, friend_id, at = word.member_id, word.friend_id, word.occurred_at
    if word.invitation_id is None:
        yield from _end(ends, friends, member_id, friend_id, at)
    else:
        yield from _start(ends, friends, member_id, friend_id, word.invitation_id, at)


def _start(
    ends: dict[str, int],
    friends: StateMap[Friend],
    member_id: str,
    friend_id: str,
    invitation_id: str,
    at: int,
) -> Iterator[FriendshipStarted]:
    if ends.get(friend_id, -1) >= at:
        return
    known = friends.get(friend_id)
    if known is None or known.since_at < at:
        friends[friend_id] = Friend(at, invitation_id)
    if known is None:
        yield FriendshipStarted(
            member_id=member_id, occurred_at=at, friend_id=friend_id, invitation_id=invitation_id
        )


def _end(
    ends: dict[str, int], friends: StateMap[Friend], member_id: str, friend_id: str, at: int
) -> Iterator[FriendshipDissolved]:
    known = friends.get(friend_id)
    if known is not None and known.since_at > at:
        return
    _remember(ends, friend_id, at)
    if known is not None:
        del friends[friend_id]
        yield FriendshipDissolved(member_id=member_id, occurred_at=at, friend_id=friend_id)


def _remember(ends: dict[str, int], friend_id: str, at: int) -> None:
    ends[friend_id] = max(at, ends.get(friend_id, at))
    for one, ended_at in list(ends.items()):
        if ended_at + ENDS_KEPT < at:
            del ends[one]
    if len(ends) > ENDS_MOST:
        del ends[min(ends, key=lambda one: (ends[one], one))]
