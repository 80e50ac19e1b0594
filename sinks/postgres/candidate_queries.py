"""What is read of candidates from Postgres, typed: how good they were, day by day, and by source."""

from __future__ import annotations

from msgspec import Struct
from psycopg.rows import class_row

from sinks.postgres.queries import Views

MODEL = "candidates"


class Quality(Struct, frozen=True):
    """A day of judged lists beside what all touch and item-kNN; `sources`: hits and answers by source."""

    day: str
    lists: int
    hit_rate: float
    mrr: float
    popular_hit_rate: float
    popular_mrr: float
    offered_products: int
    touched_products: int
    diversity: float
    popularity_bias: float
    novelty: float
    sources: list[dict[str, str | int]]
    knn_hit_rate: float | None
    knn_mrr: float | None


def quality(views: Views, days: int) -> list[Quality]:
    """The last days with a judged list or an answer, the earliest first."""
    names = ", ".join(f'"{name}"' for name in Quality.__struct_fields__)
    query = f"""
    SELECT * FROM (
      SELECT {names} FROM candidate_quality WHERE model = %s ORDER BY day DESC LIMIT %s
    ) AS newest ORDER BY day"""
    with views.cursor(row_factory=class_row(Quality)) as cursor:
        return cursor.execute(query.encode(), (MODEL, days)).fetchall()
