"""The writer: rows and cursors in one transaction, or neither.

The cursors move first, and only from where this writer left them; a sink that was stopped while
another took over finds them elsewhere, takes nothing and ends. What a commit leaves in memory at a
crash of Postgres (`synchronous_commit` is off) is lost with its cursors, and read again from the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from sinks.ending import Fenced
from sinks.postgres.closing import closing
from sinks.postgres.statements import Rows, array_literal
from sinks.postgres.views import VIEWS
from sinks.postgres.writes import ACCOUNTS, BOARD_CLOSINGS, WRITES
from sinks.source import Batch, Cursor, Place, TopicFacts

Row = tuple[Any, ...]
Connection = psycopg.Connection[Row]

BEGIN_CURSORS = """
INSERT INTO cursor (topic, partition, next, topic_id, partitions, written_at)
VALUES (%s, %s, 0, %s, %s, now()) ON CONFLICT DO NOTHING"""
MOVE_CURSORS = """
UPDATE cursor AS t SET next = u.until, written_at = clock_timestamp(),
  recorded_at = COALESCE(to_timestamp(u.recorded_at / 1000::float8), t.recorded_at)
FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[])
  AS u(topic, partition, expected, until, recorded_at)
WHERE t.topic = u.topic AND t.partition = u.partition AND t.next = u.expected"""
LEDGER_SUM = f"SELECT COALESCE(sum({' + '.join(ACCOUNTS)}), 0) FROM balances"
# Every statement finds its rows by their keys; a plan made while the tables were small must not last.
SESSION = """
SET synchronous_commit = off; SET enable_seqscan = off; SET enable_hashjoin = off;
SET enable_mergejoin = off; SET client_min_messages = warning"""


def connect(url: str, schema: str) -> Connection:
    """A connection on which the names of tables are those of `schema`."""
    connection = psycopg.connect(url, application_name="memberstream-sink")
    connection.execute(SQL("SET search_path = {}").format(Identifier(schema)))
    connection.execute(SESSION)
    connection.commit()
    return connection


class Writer:
    """The one who writes the tables of a schema."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows = Rows(WRITES)

    def cursors(self, facts: Mapping[str, TopicFacts]) -> dict[Place, Cursor]:
        """How far the tables have come in every partition; new partitions start at zero."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for topic, found in facts.items():
                rows = [(topic, number, *found) for number in range(found.partitions)]
                cursor.executemany(BEGIN_CURSORS, rows)
            cursor.execute("SELECT topic, partition, next, topic_id, partitions FROM cursor")
            return {Place(row[0], row[1]): Cursor(*row[2:]) for row in cursor.fetchall()}

    def ledger_sum(self) -> int:
        """Points over all accounts of all members, as the tables have them: zero."""
        with self._connection.transaction():
            found = self._connection.execute(LEDGER_SUM).fetchone()
        assert found is not None
        return int(found[0])

    def write(self, batches: Sequence[Batch]) -> None:
        """Write these batches and move their cursors. Raises `Fenced` when another sink is at work."""
        try:
            with self._connection.pipeline(), self._connection.cursor() as cursor:
                moved = self._move(batches)
                for batch in batches:
                    self._collect(batch, cursor)
                self._flush(cursor)
            if moved.rowcount != len(batches):
                raise Fenced(
                    "The cursors are not where this sink left them: another sink writes the same "
                    "tables, a rebuild switched them, or Postgres lost its last moments in a crash."
                )
            self._connection.commit()
        except BaseException:
            if not self._connection.closed:
                self._connection.rollback()
            raise

    def _move(self, batches: Sequence[Batch]) -> psycopg.Cursor[Row]:
        columns = zip(
            *[(*b.place, b.start, b.end, b.recorded_at or None) for b in batches], strict=True
        )
        return self._connection.execute(MOVE_CURSORS, [array_literal(c) for c in columns])

    def _collect(self, batch: Batch, cursor: psycopg.Cursor[Row]) -> None:
        partition = batch.place.partition
        add = self._rows.add
        for offset, recorded_at, outcome in batch.heard:
            origin = (
                outcome.occurred_at,  # type: ignore[attr-defined]  # every outcome declares it
                recorded_at,
                outcome.event_id,
                partition,
                offset,
            )
            for write, values in VIEWS[type(outcome)](outcome):
                if write is BOARD_CLOSINGS:
                    self._flush(cursor)
                    for statement, given in closing(values, origin):
                        cursor.execute(statement, given)
                else:
                    add(write, values, origin)

    def _flush(self, cursor: psycopg.Cursor[Row]) -> None:
        for statement, arrays in self._rows.take():
            cursor.execute(statement, arrays)
