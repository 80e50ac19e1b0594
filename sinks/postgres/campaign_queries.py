"""What is read of campaigns from Postgres, typed: what they are, and both groups side by side."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from psycopg.rows import class_row

from sinks.postgres.queries import Views


class Campaign(Struct, frozen=True):
    """A campaign as it was set up; `ends_at` is the early end where there was one."""

    campaign_id: str
    name: str
    segment_id: str
    starts_at: datetime
    ends_at: datetime
    holdout_share: float
    window_days: int
    contacts_most: int
    contact_days: int
    changed_by: str


class GroupFigures(Struct, frozen=True):
    """One side of a campaign."""

    lot: str  # TREATMENT or HOLD_OUT
    members: int
    shown: int  # members to whom it was shown
    clicked: int  # members who followed it
    converted: int  # members with a kept order within the window
    orders: int
    amount_minor: int
    answered: int
    satisfaction: float | None  # mean of the answers


def campaigns(views: Views) -> list[Campaign]:
    """Every campaign, the newest first."""
    names = ", ".join(Campaign.__struct_fields__)
    query = f"SELECT {names} FROM campaigns ORDER BY starts_at DESC, campaign_id"
    with views.cursor(row_factory=class_row(Campaign)) as cursor:
        return cursor.execute(query.encode()).fetchall()


def groups(views: Views, campaign_id: str) -> list[GroupFigures]:
    """Both groups, the treated first; none of whom nobody is."""
    query = """
    SELECT lot, count(*) AS members,
      count(*) FILTER (WHERE shown > 0) AS shown,
      count(*) FILTER (WHERE clicked > 0) AS clicked,
      count(*) FILTER (WHERE orders > 0) AS converted,
      sum(orders)::bigint AS orders, sum(amount_minor)::bigint AS amount_minor,
      count(satisfaction) AS answered, avg(satisfaction)::float8 AS satisfaction
    FROM campaign_members WHERE campaign_id = %s GROUP BY lot ORDER BY lot DESC"""
    with views.cursor(row_factory=class_row(GroupFigures)) as cursor:
        return cursor.execute(query, (campaign_id,)).fetchall()
