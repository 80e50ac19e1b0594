"""Who is most worth a letter, from Postgres: what is at stake with each, and why."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from psycopg.rows import class_row

from sinks.postgres.queries import LIMIT, Views


class Winback(Struct, frozen=True):
    """A member with something at stake, as of the newest score of anybody."""

    member_id: str
    currency: str
    stake_minor: float  # spend_rate_minor x (probability_fresh - probability)
    spend_rate_minor: float
    probability_fresh: float
    probability: float
    silent_days: float
    interval_days: float
    late_days: float
    purchases: int
    categories: list[str]
    as_of: datetime


def winbacks(views: Views, limit: int = LIMIT) -> list[Winback]:
    """Those with a habit who are late: the most at stake first.

    What is at stake is the spend of 90 days times what silence took of the chance of buying again, by one
    and the same model: a model that learned meanwhile moves nothing. At least two purchase days make a
    habit; who is silent for more than six intervals has left, and is not listed.
    """
    query = """
    WITH now AS (SELECT max(occurred_at) AS as_of FROM loyalty),
    late AS (
      SELECT p.*, l.probability, l.probability_fresh, l.interval_days,
        l.repeat_purchases + 1 AS purchases, now.as_of,
        extract(epoch FROM now.as_of - l.last_purchase_at)::float8 / 86400 AS silent_days
      FROM personas p JOIN loyalty l USING (member_id), now
      WHERE l.probability < l.probability_fresh AND p.spend_rate_minor > 0
    )
    SELECT member_id, currency,
      spend_rate_minor * (probability_fresh - probability) AS stake_minor,
      spend_rate_minor, probability_fresh, probability, silent_days, interval_days,
      silent_days - interval_days AS late_days, purchases,
      ARRAY(SELECT c->>'name' FROM jsonb_array_elements(categories) c LIMIT 3) AS categories, as_of
    FROM late
    WHERE silent_days > interval_days AND silent_days <= 6 * interval_days
    ORDER BY stake_minor DESC, member_id LIMIT %s"""
    with views.cursor(row_factory=class_row(Winback)) as cursor:
        return cursor.execute(query, (limit,)).fetchall()
