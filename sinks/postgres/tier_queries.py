"""What is read of tiers from Postgres, typed: a member's tier and its changes, sizes, the programme."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from psycopg.rows import class_row

from sinks.postgres.queries import LIMIT, Views


class MemberTier(Struct, frozen=True):
    """Where a member stands, as it was last said."""

    member_id: str
    tier: str
    qualifying_points: int
    review_at: datetime
    next_tier: str | None
    next_threshold_points: int | None
    rule_version: int
    occurred_at: datetime


class Change(Struct, frozen=True):
    """A change of a member's tier."""

    from_tier: str | None
    tier: str
    reason: str
    qualifying_points: int
    earn_percent: int
    rule_version: int
    occurred_at: datetime


class Size(Struct, frozen=True):
    """How many members a tier has, how many came up to it and fell to it, ever."""

    tier: str
    members: int
    qualifying_points: float  # mean
    raised: int
    lowered: int


class Flow(Struct, frozen=True):
    """How many members went from one tier to another in a month; `from_tier` none: they joined."""

    month: str
    from_tier: str | None
    tier: str
    raised: bool | None  # None: joined, or the tiers themselves changed
    members: int


class RuleVersion(Struct, frozen=True):
    """A version of the programme; `rule` as schemas/tiers.py declares it."""

    version: int
    effective_at: datetime
    changed_by: str
    rule: dict[str, Any]


def member(views: Views, member_id: str) -> MemberTier | None:
    """A member's tier; None when nothing was said of it."""
    query = f"SELECT {_names(MemberTier)} FROM tiers WHERE member_id = %s"
    with views.cursor(row_factory=class_row(MemberTier)) as cursor:
        return cursor.execute(query.encode(), (member_id,)).fetchone()


def changes(views: Views, member_id: str, limit: int = LIMIT) -> list[Change]:
    """A member's changes of tier, the newest first."""
    query = f"""
    SELECT {_names(Change)} FROM tier_changes WHERE member_id = %s
    ORDER BY log_offset DESC LIMIT %s"""
    with views.cursor(row_factory=class_row(Change)) as cursor:
        return cursor.execute(query.encode(), (member_id, limit)).fetchall()


def sizes(views: Views) -> list[Size]:
    """Every tier that has members or had some, the largest first."""
    query = """
    SELECT tier, coalesce(members, 0) AS members, coalesce(points, 0) AS qualifying_points,
      coalesce(raised, 0) AS raised, coalesce(lowered, 0) AS lowered
    FROM (SELECT tier, count(*) AS members, avg(qualifying_points)::float8 AS points
          FROM tiers GROUP BY tier) AS now
    FULL JOIN (SELECT tier,
                 count(*) FILTER (WHERE reason = 'QUALIFIED') AS raised,
                 count(*) FILTER (WHERE reason IN ('RETURNED', 'STOPPED', 'PERIOD_ENDED')) AS lowered
               FROM tier_changes GROUP BY tier) AS ever USING (tier)
    ORDER BY members DESC, tier"""
    with views.cursor(row_factory=class_row(Size)) as cursor:
        return cursor.execute(query.encode()).fetchall()


def flow(views: Views) -> list[Flow]:
    """Changes of tier by month (UTC), the earliest first: what members lived through, repeats included."""
    query = """
    SELECT to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, from_tier, tier,
      CASE WHEN reason = 'QUALIFIED' THEN true
           WHEN reason IN ('RETURNED', 'STOPPED', 'PERIOD_ENDED') THEN false END AS raised,
      count(*) AS members
    FROM tier_changes GROUP BY 1, 2, 3, 4 ORDER BY 1, 2 NULLS FIRST, 3, 4"""
    with views.cursor(row_factory=class_row(Flow)) as cursor:
        return cursor.execute(query.encode()).fetchall()


def rules(views: Views) -> list[RuleVersion]:
    """All versions of the programme, in order."""
    query = f"SELECT {_names(RuleVersion)} FROM tier_rules ORDER BY version"
    with views.cursor(row_factory=class_row(RuleVersion)) as cursor:
        return cursor.execute(query.encode()).fetchall()


def _names(record: type[Struct]) -> str:
    return ", ".join(f'"{name}"' for name in record.__struct_fields__)
