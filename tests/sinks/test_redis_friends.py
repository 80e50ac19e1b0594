"""The friends' board: a member among friends, by the ranks among all."""

from __future__ import annotations

import pytest

from schemas.friends import FriendshipDissolved, FriendshipStarted
from tests.sinks.redis_case import DAY_BOARD, MOMENT, Views, hidden, scored

PEOPLE = {"stranger": 50, "a": 40, "former": 30, "m": 20, "b": 10, "blocked": 60}


def friend(member: str, other: str) -> FriendshipStarted:
    return FriendshipStarted(
        event_id=f"{member}-{other}",
        member_id=member,
        occurred_at=MOMENT,
        friend_id=other,
        invitation_id="i",
    )


@pytest.fixture
def views(redis: str, unique: str) -> Views:
    return Views(redis, f"{unique}ms:")


def test_a_member_among_friends(views: Views) -> None:
    """Friends with points and the member, in order of rank; not who is hidden, nor who is one no longer."""
    over = FriendshipDissolved(
        event_id="over", member_id="m", occurred_at=MOMENT + 1, friend_id="former"
    )
    views.hear(
        *(scored(name, points) for name, points in PEOPLE.items()),
        *(friend("m", other) for other in ("a", "b", "blocked", "former", "without points")),
        friend("a", "m"),
        over,
        hidden("blocked"),
    )
    found = views.queries.board_friends(DAY_BOARD, "m")
    assert [(one.rank, one.member_id, one.points) for one in found] == [
        (2, "a", 40),
        (4, "m", 20),
        (5, "b", 10),
    ]
    assert [one.member_id for one in views.queries.board_friends(DAY_BOARD, "a")] == ["a", "m"]
    assert views.queries.board_friends(DAY_BOARD, "nobody") == []
