"""Schemas in Postgres: made by migrations, numbered, and one of them is the one that is read.

The tables of a view are in a schema such as `memberstream_v1`. The schema `memberstream` holds the
pointer, `memberstream.current`, and a view for each table of the one it points to; readers go through
it. To switch is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from sinks.ending import Refused
from sinks.postgres.tables import METADATA

Row = tuple[Any, ...]
MIGRATIONS = Path(__file__).parents[1] / "migrations"
POINTER = """
CREATE TABLE IF NOT EXISTS {current} (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  number int NOT NULL,
  switched_at timestamptz NOT NULL DEFAULT now()
)"""
POINT = """
INSERT INTO {} AS t (number) VALUES (%s) ON CONFLICT (single)
DO UPDATE SET number = excluded.number, switched_at = now() WHERE t.number <> excluded.number"""
LOCK = 0x6D656D62  # advisory: who changes schemas or the pointer in a database is alone


def versioned(name: str, number: int) -> str:
    """The schema of a view's version: memberstream_v1."""
    return f"{name}_v{number}"


@contextmanager
def alone(url: str) -> Iterator[psycopg.Connection[Row]]:
    """A connection, and nobody else changes schemas or the pointer meanwhile."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield connection


def prepare(url: str, name: str) -> int:
    """Make or migrate the version that is read now; returns its number. For the start of a sink."""
    with alone(url) as connection:
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(name)))
        connection.execute(SQL(POINTER).format(current=Identifier(name, "current")))
        found = _current(connection, name)
        number = found or 1
        migrate(connection, url, versioned(name, number))
        if found is None or _changed(connection, name, number):
            switch(connection, name, number)
    return number


def migrate(connection: psycopg.Connection[Row], url: str, schema: str) -> None:
    """Bring a schema's tables to this version of the programme; makes it when it is missing."""
    from alembic import command  # half a second, which who only reads need not wait for
    from alembic.config import Config

    connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(schema)))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url
    config.attributes["schema"] = schema
    command.upgrade(config, "head")
    connection.execute("; ".join(_comments(schema)))


def _comments(schema: str) -> Iterator[str]:
    """Words for people go with the programme, not with a migration."""
    for table in METADATA.tables.values():
        place = f'"{schema}"."{table.name}"'
        yield f"COMMENT ON TABLE {place} IS {_quoted(table.comment)}"
        for column in table.columns:
            yield f'COMMENT ON COLUMN {place}."{column.name}" IS {_quoted(column.comment)}'


def _quoted(text: str | None) -> str:
    return "'" + (text or "").replace("'", "''") + "'"


def current(url: str, name: str) -> int:
    """The number of the version that is read now. Raises `Refused` when there is none yet."""
    with psycopg.connect(url) as connection:
        exists = connection.execute("SELECT to_regclass(%s)", (f'"{name}".current',)).fetchone()
        found = _current(connection, name) if exists and exists[0] else None
    if found is None:
        raise Refused(f"There are no views in the schema {name} yet: start the Postgres sink.")
    return found


def _current(connection: psycopg.Connection[Row], name: str) -> int | None:
    query = SQL("SELECT number FROM {}").format(Identifier(name, "current"))
    row = connection.execute(query).fetchone()
    return None if row is None else int(row[0])


def _changed(connection: psycopg.Connection[Row], name: str, number: int) -> bool:
    """Whether a table has columns that its view has not; to make views anew holds up readers."""
    columns = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = %s AND table_name <> 'schema_version'"""
    query = f"SELECT EXISTS ({columns} EXCEPT {columns})"
    row = connection.execute(query.encode(), (versioned(name, number), name)).fetchone()
    return row is None or bool(row[0])


def switch(connection: psycopg.Connection[Row], name: str, number: int) -> None:
    """Let readers see this version from now on: pointer and views, in one transaction."""
    current = Identifier(name, "current")
    with connection.transaction():
        connection.execute(SQL(POINT).format(current), (number,))
        for table in METADATA.tables:
            view = Identifier(name, table)
            source = Identifier(versioned(name, number), table)
            connection.execute(SQL("DROP VIEW IF EXISTS {}").format(view))
            connection.execute(SQL("CREATE VIEW {} AS SELECT * FROM {}").format(view, source))


def drop(url: str, name: str, number: int) -> None:
    """Drop a version that nobody reads any more, with its rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        schema = Identifier(versioned(name, number))
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
