"""What is read of loyalty from Postgres, typed: a member, the cohorts, who is drifting away, and how
good the chances were."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, convert
from psycopg.rows import class_row, dict_row

from sinks.postgres.queries import LIMIT, Views

KNOWN_PART = 10  # one in so many members of a cohort is to be known


class Loyalty(Struct, frozen=True):
    """How a member's purchases stood when it was last said."""

    member_id: str
    probability: float | None
    horizon_days: int
    model_version: int
    first_purchase_at: datetime | None
    last_purchase_at: datetime | None
    repeat_purchases: int
    repeats_a_year: float | None
    interval_days: float | None
    interval_spread_days: float | None
    retained_7: bool | None
    retained_30: bool | None
    retained_90: bool | None
    recent_log_ins: float
    recent_reviews: float
    recent_comments: float
    recent_likes: float
    recent_shares: float
    recent_rating: float | None
    review_sentiment: float | None
    probability_fresh: float | None
    occurred_at: datetime


class Cohort(Struct, frozen=True):
    """Members by the month (UTC) of their first kept purchase; shares of those where it is known."""

    month: str
    members: int
    repeat_rate: float  # share with at least two purchase days
    retained_7: float | None
    retained_30: float | None
    retained_90: float | None
    probability: float | None  # mean chance of another purchase, as last said


def member(views: Views, member_id: str) -> Loyalty | None:
    """A member's loyalty; None when no order was ever placed."""
    query = f"SELECT {_names(Loyalty)} FROM loyalty WHERE member_id = %s"
    with views.cursor(row_factory=class_row(Loyalty)) as cursor:
        return cursor.execute(query.encode(), (member_id,)).fetchone()


def every(views: Views) -> list[Loyalty]:
    """Everybody's who ever bought, by member."""
    query = f"SELECT {_names(Loyalty)} FROM loyalty ORDER BY member_id"
    with views.cursor(row_factory=class_row(Loyalty)) as cursor:
        return cursor.execute(query.encode()).fetchall()


def drifting(views: Views, limit: int = LIMIT) -> list[Loyalty]:
    """Regular buyers who are late: the most overdue first, while there is a chance to win.

    Overdue is the silence when it was last said, in standard deviations beyond the member's usual
    interval. At least three purchase days make a habit; a spread under a day counts as a day. Those
    whose silence is more than six intervals have left, and are not listed.
    """
    query = f"""
    SELECT {_names(Loyalty)} FROM (
      SELECT *, extract(epoch FROM occurred_at - last_purchase_at) / 86400 AS silent_days
      FROM loyalty WHERE interval_spread_days IS NOT NULL
    ) AS late
    WHERE silent_days > interval_days AND silent_days <= 6 * interval_days
    ORDER BY (silent_days - interval_days) / greatest(interval_spread_days, 1) DESC, member_id
    LIMIT %s"""
    with views.cursor(row_factory=class_row(Loyalty)) as cursor:
        return cursor.execute(query.encode(), (limit,)).fetchall()


def cohorts(views: Views) -> list[Cohort]:
    """Every month, the earliest first.

    Retention counts those whose first purchase is so long ago that a no is known as well as a yes: after
    the days themselves, and the week in which a member is looked at again. While that is less than a tenth
    of the month's members it says nothing.
    """
    query = f"""
    SELECT to_char(first_purchase_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
      count(*) AS members,
      avg((repeat_purchases > 0)::int)::float8 AS repeat_rate,
      {", ".join(map(_retained, (7, 30, 90)))},
      avg(probability) AS probability
    FROM loyalty WHERE first_purchase_at IS NOT NULL GROUP BY 1 ORDER BY 1"""
    with views.cursor(row_factory=class_row(Cohort)) as cursor:
        return cursor.execute(query.encode()).fetchall()


def _retained(days: int) -> str:
    known = (
        f"first_purchase_at <= (SELECT max(occurred_at) FROM loyalty) - interval '{days + 8} days'"
    )
    return f"""CASE WHEN count(*) FILTER (WHERE {known}) * {KNOWN_PART} >= count(*)
      THEN avg(retained_{days}::int) FILTER (WHERE {known})::float8 END AS retained_{days}"""


class Tenth(Struct, frozen=True):
    """Chances of one tenth: how many, their mean, and who of them bought again in time."""

    chances: int
    probability: float | None
    bought: int


class Quality(Struct, frozen=True):
    """How good the chances of a week were, as far as their answers are known."""

    week: str
    horizon_days: int
    chances: int
    bought: int
    auc: float | None
    brier: float
    base_brier: float
    ece: float
    tenths: list[Tenth]


def quality(views: Views, weeks: int) -> list[Quality]:
    """The last weeks of which chances were judged, the earliest first."""
    query = f"""
    SELECT * FROM (
      SELECT {_names(Quality)} FROM loyalty_quality ORDER BY week DESC LIMIT %s
    ) AS newest ORDER BY week"""
    with views.cursor(row_factory=dict_row) as cursor:
        return convert(cursor.execute(query.encode(), (weeks,)).fetchall(), list[Quality])


def _names(record: type[Struct]) -> str:
    return ", ".join(f'"{name}"' for name in record.__struct_fields__)
