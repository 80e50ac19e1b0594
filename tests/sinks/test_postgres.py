"""Outcomes in, rows out: the Postgres sink over a real log."""

from __future__ import annotations

import psycopg
import pytest

from schemas import outcomes as o
from schemas.dead_letters import DeadLettered
from schemas.samples import EXAMPLE_MOMENT, sample
from sinks.ending import Fenced
from sinks.postgres.schema import prepare, versioned
from sinks.postgres.views import wanted
from sinks.postgres.writer import Writer, connect
from sinks.settings import Settings
from sinks.source import Batch, Source, starts
from tests.sinks.log import Log
from tests.sinks.postgres_harness import (
    MEMBERS,
    NAME,
    TABLES,
    follow,
    of_topic,
    rows,
    snapshot,
)


def test_every_outcome_that_has_a_view_becomes_rows(log: Log, settings: Settings) -> None:
    """Every table is filled, and the cursors are at the end of the log, control records counted."""
    for topic in wanted():
        log.write(topic, of_topic(topic), at=EXAMPLE_MOMENT + 500)
    follow(settings)
    filled = {name for name, found in snapshot(settings).items() if found}
    assert filled == TABLES - {"closed_boards", "closed_ranks"} | {"cursor"} | {
        "closed_boards",  # the sample says that there is one partition
        "closed_ranks",
    }
    letter = rows(settings, "SELECT record_value, occurred_at, recorded_at FROM dead_letters")[0]
    assert letter[0] == sample(DeadLettered).record_value
    assert letter[1].timestamp() * 1000 == EXAMPLE_MOMENT
    assert letter[2].timestamp() * 1000 == EXAMPLE_MOMENT + 500


def test_a_batch_read_twice_changes_nothing(log: Log, settings: Settings) -> None:
    """A writer whose cursors were set back writes the same rows, and no more of them."""
    for topic in wanted():
        log.write(topic, of_topic(topic) * 3)
    follow(settings)
    before = snapshot(settings)
    with psycopg.connect(settings.postgres) as connection:
        connection.execute(f"UPDATE {NAME}_v1.cursor SET next = 0")
    follow(settings)
    assert snapshot(settings) == before


def test_a_sink_that_was_overtaken_writes_nothing(log: Log, settings: Settings) -> None:
    """Its cursor is elsewhere: it takes nothing and ends, and the supervisor starts it again."""
    log.write(MEMBERS, [sample(o.MemberEnrolled)])
    prepare(settings.postgres, NAME)
    source = Source(log.kafka, wanted(), log.prefix)
    with (
        connect(settings.postgres, versioned(NAME, 1)) as old,
        connect(settings.postgres, versioned(NAME, 1)) as new,
    ):
        source.start(starts(source.facts, Writer(old).cursors(source.facts)))
        batches: list[Batch] = []
        while not any(batch.heard for batch in batches):
            batches = [b for b in source.take(1) if b.end > b.start]
        Writer(new).write(batches)
        before = snapshot(settings)
        with pytest.raises(Fenced, match="another sink"):
            Writer(old).write(batches)
        assert snapshot(settings) == before
    source.close()
