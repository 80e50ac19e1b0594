"""Outcomes in, rows out: the Postgres sink over a real log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from schemas import outcomes as o
from schemas import topics
from schemas.dead_letters import DeadLettered
from schemas.record import Outcome
from schemas.samples import sample
from sinks.ending import Fenced
from sinks.postgres.schema import prepare, versioned
from sinks.postgres.sink import run
from sinks.postgres.views import VIEWS, wanted
from sinks.postgres.writer import Writer, connect
from sinks.settings import Settings
from sinks.source import Source, read_ends, read_facts, starts
from tests.sinks.log import Log

MEMBERS, PRODUCTS = topics.outcomes("members"), topics.outcomes("products")
NAME = "memberstream"


@pytest.fixture
def log(kafka: str, unique: str) -> Log:
    """The topics that the tables are fed from, in two partitions each."""
    return Log(kafka, unique).create(MEMBERS, PRODUCTS, topics.DEAD_LETTERS)


@pytest.fixture
def settings(log: Log, postgres: str) -> Settings:
    """A sink's settings for a log and a database of the test's own."""
    return Settings(kafka=log.kafka, postgres=postgres, topic_prefix=log.prefix)


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """The sink, in a thread; what it raises is raised at the end."""
    stop, failed = threading.Event(), []

    def work() -> None:
        try:
            run(settings, stop)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
    if failed:
        raise failed[0]


def rows(settings: Settings, query: str, *given: object) -> list[tuple[Any, ...]]:
    """What a reader sees."""
    with psycopg.connect(settings.postgres) as connection:
        connection.execute(f"SET search_path = {settings.postgres_schema}")
        return connection.execute(query, given).fetchall()


def caught_up(settings: Settings) -> bool:
    """The cursors are at the ends of the log."""
    facts = read_facts(settings.kafka, wanted(), settings.topic_prefix)
    ends = read_ends(settings.kafka, facts, settings.topic_prefix)
    try:
        found = rows(settings, "SELECT topic, partition, next FROM cursor")
    except psycopg.Error:
        return False
    return {(topic, partition): end for topic, partition, end in found} == ends


def wait(done: Callable[[], bool], seconds: float = 30) -> None:
    """Until `done`."""
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.05)


def of_topic(topic: str) -> list[Outcome]:
    """One of every outcome that has a view of this topic."""
    return [sample(record) for record in wanted()[topic]]


def test_every_outcome_that_has_a_view_becomes_rows(log: Log, settings: Settings) -> None:
    """Every table is filled, and the cursors are at the end of the log, control records counted."""
    for topic in wanted():
        log.write(topic, of_topic(topic), at=1_323_432_000_500)
    with running(settings):
        wait(lambda: caught_up(settings))
    with psycopg.connect(settings.postgres) as connection:
        for table in {write.table.name for write in {w for r in VIEWS for w in _writes(r)}}:
            found = connection.execute(f'SELECT * FROM memberstream."{table}"').fetchall()
            assert found, f"{table} is empty"
    assert rows(settings, "SELECT extract(epoch FROM recorded_at) FROM dead_letters") == [
        (1_323_432_000.5,)
    ]
    stored = rows(settings, "SELECT record_value, occurred_at FROM dead_letters")[0]
    assert stored[0] == sample(DeadLettered).record_value
    assert stored[1].timestamp() == sample(DeadLettered).occurred_at / 1000


def _writes(record: type[Outcome]) -> set[Any]:
    return {write for write, _ in VIEWS[record](sample(record))}


def test_a_batch_read_twice_changes_nothing(log: Log, settings: Settings) -> None:
    """A writer whose cursors were set back writes the same rows, and no more of them."""
    for topic in wanted():
        log.write(topic, of_topic(topic) * 3)
    with running(settings):
        wait(lambda: caught_up(settings))
    before = snapshot(settings)
    with psycopg.connect(settings.postgres) as connection:
        connection.execute(f"UPDATE {NAME}_v1.cursor SET next = 0")
    with running(settings):
        wait(lambda: caught_up(settings))
    assert snapshot(settings) == before


def snapshot(settings: Settings, schema: str = f"{NAME}_v1") -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, without the cursors' times."""
    with psycopg.connect(settings.postgres) as connection:
        connection.execute(f"SET search_path = {schema}")
        names = {w.table.name for r in VIEWS for w in _writes(r)} | {
            "closed_boards",
            "closed_ranks",
        }
        found = {n: connection.execute(f'SELECT * FROM "{n}"').fetchall() for n in sorted(names)}
        found["cursor"] = connection.execute("SELECT topic, partition, next FROM cursor").fetchall()
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


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
        batches = []
        while not any(batch.heard for batch in batches):
            batches = [b for b in source.take(1) if b.end > b.start]
        Writer(new).write(batches)
        before = snapshot(settings)
        with pytest.raises(Fenced, match="another sink"):
            Writer(old).write(batches)
        assert snapshot(settings) == before
    source.close()
