"""The Postgres sink over a log of a test's own, in a thread, and what a reader sees of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg

from schemas import topics
from schemas.record import Outcome
from schemas.samples import sample
from sinks.postgres.sink import run
from sinks.postgres.views import VIEWS, wanted
from sinks.postgres.writes import WRITES
from sinks.settings import Settings
from sinks.source import read_ends, read_facts

MEMBERS, PRODUCTS = topics.outcomes("members"), topics.outcomes("products")
LETTERS = topics.DEAD_LETTERS
NAME = "memberstream"
TABLES = {write.table.name for write in WRITES} | {
    "board_closings",
    "closed_boards",
    "closed_ranks",
}


@contextmanager
def running(
    settings: Settings, ends_with: type[Exception] | None = None
) -> Iterator[threading.Thread]:
    """The sink; what it raises is raised at the end, or must be what it is said to end with."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            run(settings, stop)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(30)
    if ends_with is not None:
        assert [type(error) for error in failed] == [ends_with]
    elif failed:
        raise failed[0]


def rows(settings: Settings, query: str, *given: object) -> list[tuple[Any, ...]]:
    """What a reader sees."""
    with psycopg.connect(settings.postgres) as connection:
        connection.execute(f"SET search_path = {settings.postgres_schema}")
        return connection.execute(query, given).fetchall()


def caught_up(settings: Settings) -> bool:
    """The cursors are at the committed ends of the log."""
    facts = read_facts(settings.kafka, wanted(), settings.topic_prefix)
    ends = read_ends(settings.kafka, facts, settings.topic_prefix)
    try:
        found = rows(settings, "SELECT topic, partition, next FROM cursor")
    except psycopg.Error:
        return False
    return {(topic, partition): end for topic, partition, end in found} == ends


def wait(done: Callable[[], bool], seconds: float = 120) -> None:
    """Until `done`."""
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.05)


def follow(settings: Settings) -> None:
    """Run the sink until it has caught up."""
    with running(settings):
        wait(lambda: caught_up(settings))


def snapshot(settings: Settings, schema: str = f"{NAME}_v1") -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables; of the cursors only where they are."""
    with psycopg.connect(settings.postgres) as connection:
        connection.execute(f"SET search_path = {schema}")
        found = {n: connection.execute(f'SELECT * FROM "{n}"').fetchall() for n in sorted(TABLES)}
        found["cursor"] = connection.execute("SELECT topic, partition, next FROM cursor").fetchall()
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def of_topic(topic: str) -> list[Outcome]:
    """One of every outcome that has a view of this topic."""
    return [sample(record) for record in VIEWS if record in wanted()[topic]]


def changed(outcome: Outcome, **fields: object) -> Outcome:
    """The outcome with other fields."""
    return msgspec.structs.replace(outcome, **fields)
