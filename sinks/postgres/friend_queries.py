"""What is read of friends from Postgres, typed: a member's friends, and what invitations earned."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from psycopg.rows import class_row

from sinks.postgres.queries import LIMIT, Views


class Friend(Struct, frozen=True):
    """A friend, since when, and by which invitation."""

    friend_id: str
    invitation_id: str | None
    occurred_at: datetime


class Referral(Struct, frozen=True):
    """What an invitation earned a member; `reason`: why nothing (no role), or why it was taken back."""

    friend_id: str
    invitation_id: str
    role: str | None
    order_id: str | None
    points: int
    reason: str | None
    occurred_at: datetime


def friends(views: Views, member_id: str, limit: int = LIMIT) -> list[Friend]:
    """A member's friends, the newest first."""
    query = f"""
    SELECT {_names(Friend)} FROM friendships WHERE member_id = %s AND friends
    ORDER BY occurred_at DESC, friend_id LIMIT %s"""
    with views.cursor(row_factory=class_row(Friend)) as cursor:
        return cursor.execute(query.encode(), (member_id, limit)).fetchall()


def referrals(views: Views, member_id: str, limit: int = LIMIT) -> list[Referral]:
    """What a member's invitations came to, on either side, the newest first."""
    query = f"""
    SELECT {_names(Referral)} FROM referrals WHERE member_id = %s
    ORDER BY occurred_at DESC, friend_id LIMIT %s"""
    with views.cursor(row_factory=class_row(Referral)) as cursor:
        return cursor.execute(query.encode(), (member_id, limit)).fetchall()


def _names(record: type[Struct]) -> str:
    return ", ".join(f'"{name}"' for name in record.__struct_fields__)
