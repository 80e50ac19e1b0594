"""What is read of models from Postgres, typed: who decides, which versions there are, how good they are."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from psycopg.rows import class_row

from sinks.postgres.queries import LIMIT, Views


class Variant(Struct, frozen=True):
    """A model's variant: the version that is out, and whether it decides."""

    model: str
    variant: str
    champion: bool
    version: int
    newest: int
    occurred_at: datetime


class Version(Struct, frozen=True):
    """A version of a variant, as it was when it was last out."""

    model: str
    variant: str
    version: int
    examples: int
    frauds: int
    learned_until: datetime
    occurred_at: datetime


class Quality(Struct, frozen=True):
    """A day of payments: what a variant said when they were made, against their labels."""

    model: str
    variant: str
    day: str
    champion: bool
    version: int
    payments: int
    frauds: int
    auc: float | None
    average_precision: float | None
    precision_100: float | None
    brier: float | None
    alerts: int
    alerts_confirmed: int
    drift: bool


def variants(views: Views, model: str) -> list[Variant]:
    """The champion first, then by name."""
    query = f"""
    SELECT {_names(Variant)} FROM models WHERE model = %s ORDER BY champion DESC, variant"""
    with views.cursor(row_factory=class_row(Variant)) as cursor:
        return cursor.execute(query.encode(), (model,)).fetchall()


def versions(views: Views, model: str, variant: str, limit: int = LIMIT) -> list[Version]:
    """A variant's versions, the newest first."""
    query = f"""
    SELECT {_names(Version)} FROM model_versions WHERE model = %s AND variant = %s
    ORDER BY version DESC LIMIT %s"""
    with views.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(query.encode(), (model, variant, limit)).fetchall()


def quality(views: Views, model: str, days: int) -> list[Quality]:
    """The last so many measured days of every variant, oldest first."""
    query = f"""
    SELECT {_names(Quality)} FROM model_quality WHERE model = %s AND day IN
      (SELECT DISTINCT day FROM model_quality WHERE model = %s ORDER BY day DESC LIMIT %s)
    ORDER BY day, champion DESC, variant"""
    with views.cursor(row_factory=class_row(Quality)) as cursor:
        return cursor.execute(query.encode(), (model, model, days)).fetchall()


def _names(record: type[Struct]) -> str:
    return ", ".join(f'"{name}"' for name in record.__struct_fields__)
