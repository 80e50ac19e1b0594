"""What is read of alerts from Postgres, typed: lists for a queue, one alert with all that it rests on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.rows import class_row

from schemas.risk import Evidence
from sinks.postgres.queries import LIMIT, Views

UNDECIDED = ("OPEN", "SUPPRESSED")


class Alert(Struct, frozen=True):
    """An alert as it is now; `state`: SUPPRESSED, OPEN, CONFIRMED, CLEARED or EXPIRED."""

    alert_id: str
    member_id: str
    kind: str
    state: str
    score: int
    verdict: str
    count: int
    first_seen_at: datetime
    last_seen_at: datetime
    summary: str
    expires_at: datetime | None
    ended_at: datetime | None
    analyst: str | None
    reason: str | None


class Judged(Struct, frozen=True):
    """What an analyst found."""

    judgement: str
    analyst: str
    reason: str
    occurred_at: datetime


NAMES = ", ".join(f'"{name}"' for name in Alert.__struct_fields__)


def alerts(
    views: Views,
    limit: int = LIMIT,
    *,
    states: tuple[str, ...] = (),
    kind: str | None = None,
    member_id: str | None = None,
) -> list[Alert]:
    """Alerts in these states (none: all): the strictest verdict and the highest score first."""
    query = f"""
    SELECT {NAMES} FROM alerts
    WHERE (%s::text[] = '{{}}' OR state = ANY(%s)) AND (%s::text IS NULL OR kind = %s)
      AND (%s::text IS NULL OR member_id = %s)
    ORDER BY array_position(ARRAY['BLOCK', 'HOLD', 'REVIEW'], verdict), score DESC, last_seen_at DESC,
      alert_id
    LIMIT %s"""
    given = [list(states), list(states), kind, kind, member_id, member_id, limit]
    with views.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(query.encode(), given).fetchall()


def of_rule_alone(views: Views, rule_id: str, limit: int = LIMIT) -> list[Alert]:
    """Undecided alerts of which this risk rule fired and no other did (in shadow it counts as not fired)."""
    query = f"""
    SELECT {NAMES} FROM alerts JOIN (
      SELECT e.alert_id FROM alert_evidence e, jsonb_array_elements(e.evidence -> 'rules') fired
      WHERE NOT COALESCE((fired ->> 'shadow')::boolean, false)
      GROUP BY 1 HAVING bool_and(fired ->> 'rule_id' = %s)
    ) one USING (alert_id)
    WHERE state = ANY(%s) ORDER BY first_seen_at, alert_id LIMIT %s"""
    with views.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(query.encode(), (rule_id, list(UNDECIDED), limit)).fetchall()


def opened(views: Views, limit: int) -> list[Alert]:
    """Alerts that were shown to people, whatever became of them; the one that opened last first."""
    query = f"""
    SELECT {NAMES} FROM alerts WHERE state <> 'SUPPRESSED'
    ORDER BY first_seen_at DESC, alert_id LIMIT %s"""
    with views.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(query.encode(), (limit,)).fetchall()


def alert(views: Views, alert_id: str) -> Alert | None:
    """One alert; None for one that is not known."""
    with views.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(
            f"SELECT {NAMES} FROM alerts WHERE alert_id = %s".encode(), (alert_id,)
        ).fetchone()


def evidence(views: Views, alert_id: str, limit: int = LIMIT) -> list[Evidence]:
    """What an alert rests on, the newest first."""
    query = """
    SELECT evidence FROM alert_evidence WHERE alert_id = %s ORDER BY log_offset DESC LIMIT %s"""
    found: list[tuple[Any]] = views.execute(query, (alert_id, limit)).fetchall()
    return [msgspec.convert(row[0], Evidence) for row in found]


def newest_evidence(views: Views, alert_ids: list[str]) -> dict[str, Evidence]:
    """By alert the newest piece that it rests on."""
    query = """
    SELECT DISTINCT ON (alert_id) alert_id, evidence FROM alert_evidence
    WHERE alert_id = ANY(%s) ORDER BY alert_id, log_offset DESC"""
    rows = views.execute(query, (alert_ids,)).fetchall()
    return {alert_id: msgspec.convert(found, Evidence) for alert_id, found in rows}


def judgements(views: Views, alert_id: str) -> list[Judged]:
    """What was found of an alert, in order; the last counts."""
    query = """
    SELECT judgement, analyst, reason, occurred_at FROM judgements
    WHERE alert_id = %s ORDER BY log_offset"""
    with views.cursor(row_factory=class_row(Judged)) as cursor:
        return cursor.execute(query, (alert_id,)).fetchall()


def states(views: Views) -> dict[str, int]:
    """How many alerts there are in each state."""
    rows = views.execute("SELECT state, count(*) FROM alerts GROUP BY 1 ORDER BY 1").fetchall()
    return dict(rows)
