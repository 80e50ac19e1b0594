"""What is read of personas and segments from Postgres, typed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from psycopg.rows import class_row

from sinks.postgres.queries import LIMIT, Views

FIELDS = (  # of a persona, whose share of members with a value is its coverage
    "spend_rate_minor",
    "price_minor",
    "price_band",
    "category",
    "interest",
    "day_part",
    "country",
    "probability_then",
)


class Persona(Struct, frozen=True):
    """What a member is like, as last said; fields as those of PersonaChanged."""

    member_id: str
    active_at: datetime
    orders: int
    currency: str | None
    spend_minor: int
    refunded_minor: int
    spend_rate_minor: float | None
    price_minor: float | None
    price_band: str | None
    categories: list[dict[str, Any]]
    interests: list[dict[str, Any]]
    day_part: str | None
    country: str | None
    recent_looks: float
    probability_then: float | None
    foretold: int
    fitted: int
    quality: dict[str, int]
    occurred_at: datetime


class Coverage(Struct, frozen=True):
    """How far personas are known, and how well they foretell; sums over all members."""

    members: int
    shares: dict[str, float]  # field → share of members for whom it is known
    foretold: int
    fitted: int
    quality: dict[str, int]


class SegmentSize(Struct, frozen=True):
    """A segment and how many are in it."""

    segment_id: str
    version: int
    name: str | None
    enters: str | None
    leaves: str | None
    retired: bool
    changed_by: str
    occurred_at: datetime
    members: int
    left: int  # who was in it and is not now


class Inside(Struct, frozen=True):
    """A member of a segment, and why."""

    segment_id: str
    member_id: str
    entered_at: datetime
    facts: list[dict[str, Any]]


class Overlap(Struct, frozen=True):
    """Two segments and who is in both; `jaccard` is their part of all who are in either."""

    one: str
    other: str
    both: int
    jaccard: float


def persona(views: Views, member_id: str) -> Persona | None:
    """A member's persona; None when nothing was ever said of them."""
    query = f"SELECT {_names(Persona)} FROM personas WHERE member_id = %s"
    with views.cursor(row_factory=class_row(Persona)) as cursor:
        return cursor.execute(query.encode(), (member_id,)).fetchone()


def personas(views: Views) -> list[Persona]:
    """Everybody's, by member."""
    query = f"SELECT {_names(Persona)} FROM personas ORDER BY member_id"
    with views.cursor(row_factory=class_row(Persona)) as cursor:
        return cursor.execute(query.encode()).fetchall()


def coverage(views: Views) -> Coverage:
    """Over all members of whom something was said."""
    known = {name: f"{name} IS NOT NULL" for name in FIELDS} | {
        "category": "jsonb_array_length(categories) > 0",
        "interest": "jsonb_array_length(interests) > 0",
    }
    shares = ", ".join(f"'{name}', coalesce(avg(({test})::int), 0)" for name, test in known.items())
    counts = ", ".join(
        f"'{name}', coalesce(sum((quality->>'{name}')::bigint), 0)::bigint"
        for name in ("orders", "duplicates", "lines", "gaps", "outliers", "foreign")
    )
    query = f"""
    SELECT count(*) AS members, json_build_object({shares}) AS shares,
      coalesce(sum(foretold), 0)::bigint AS foretold, coalesce(sum(fitted), 0)::bigint AS fitted,
      json_build_object({counts}) AS quality
    FROM personas"""
    with views.cursor(row_factory=class_row(Coverage)) as cursor:
        found = cursor.execute(query.encode()).fetchone()
    assert found is not None
    return found


def segments(views: Views) -> list[SegmentSize]:
    """Every segment by name; those that are retired last."""
    query = """
    SELECT s.segment_id, s.version, s.name, s.enters, s.leaves, s.retired, s.changed_by, s.occurred_at,
      count(m.member_id) FILTER (WHERE m.inside) AS members,
      count(m.member_id) FILTER (WHERE NOT m.inside) AS "left"
    FROM segments s LEFT JOIN segment_members m USING (segment_id)
    GROUP BY s.segment_id, s.version, s.name, s.enters, s.leaves, s.retired, s.changed_by, s.occurred_at
    ORDER BY s.retired, s.segment_id"""
    with views.cursor(row_factory=class_row(SegmentSize)) as cursor:
        return cursor.execute(query).fetchall()


def members(views: Views, segment_id: str, limit: int = LIMIT) -> list[Inside]:
    """Who is in a segment, who entered last first."""
    query = f"""
    SELECT {_names(Inside)} FROM segment_members WHERE segment_id = %s AND inside
    ORDER BY entered_at DESC, member_id LIMIT %s"""
    with views.cursor(row_factory=class_row(Inside)) as cursor:
        return cursor.execute(query.encode(), (segment_id, limit)).fetchall()


def segments_of(views: Views, member_id: str) -> list[Inside]:
    """The segments that a member is in."""
    query = f"""
    SELECT {_names(Inside)} FROM segment_members WHERE member_id = %s AND inside
    ORDER BY segment_id"""
    with views.cursor(row_factory=class_row(Inside)) as cursor:
        return cursor.execute(query.encode(), (member_id,)).fetchall()


def overlaps(views: Views) -> list[Overlap]:
    """Every two segments that share members, the most alike first."""
    query = """
    WITH inside AS (SELECT segment_id, member_id FROM segment_members WHERE inside),
    sizes AS (SELECT segment_id, count(*) AS size FROM inside GROUP BY 1),
    shared AS (
      SELECT a.segment_id AS one, b.segment_id AS other, count(*) AS "both"
      FROM inside a JOIN inside b ON a.member_id = b.member_id AND a.segment_id < b.segment_id
      GROUP BY 1, 2)
    SELECT one, other, "both", ("both"::float8 / (x.size + y.size - "both")) AS jaccard
    FROM shared JOIN sizes x ON x.segment_id = one JOIN sizes y ON y.segment_id = other
    ORDER BY jaccard DESC, one, other"""
    with views.cursor(row_factory=class_row(Overlap)) as cursor:
        return cursor.execute(query).fetchall()


def _names(record: type[Struct]) -> str:
    return ", ".join(f'"{name}"' for name in record.__struct_fields__)
