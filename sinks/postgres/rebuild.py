"""Make the tables anew from the log beside those that are read, then switch the pointer.

The new version is filled up to a cut: the committed ends of the log, taken again until the way to
them is short. The switch takes the old version's cursors away in the same transaction; the running
sink then finds them gone, ends, and its supervisor starts it on the new one, which goes on at the cut.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import psycopg
from psycopg.sql import SQL, Identifier

from sinks.ending import Refused
from sinks.postgres.schema import LOCK, alone, drop, migrate, prepare, switch, versioned
from sinks.postgres.views import wanted
from sinks.postgres.writer import Writer, connect
from sinks.settings import Settings
from sinks.source import Place, Source, read_ends, starts

SHORT_RECORDS = 5_000
REBUILDING = LOCK + 1
Progress = Callable[[int, int], None]


class Rebuilt(NamedTuple):
    """What a rebuild made."""

    version: int
    outcomes: int
    seconds: float


def rebuild(settings: Settings, progress: Progress = lambda done, of: None) -> Rebuilt:
    """Fill the next version and switch to it; `progress` is told positions done and to do.

    Raises `Refused` when a rebuild is running, `Broken` for what cannot be read. The version that
    was read until now stays as it is until the next rebuild.
    """
    url, name = settings.required("postgres"), settings.postgres_schema
    began = time.monotonic()
    with psycopg.connect(url, autocommit=True) as guard:
        row = guard.execute("SELECT pg_try_advisory_lock(%s)", (REBUILDING,)).fetchone()
        if row is None or not row[0]:
            raise Refused("A rebuild of these views is running already: wait until it is done.")
        old = prepare(url, name)
        new = old + 1
        drop(url, name, new)  # what a rebuild that was broken off left
        drop(url, name, old - 1)
        with alone(url) as connection:
            migrate(connection, url, versioned(name, new))
        outcomes = _fill(settings, versioned(name, new), progress)
        with alone(url) as connection, connection.transaction():
            switch(connection, name, new)
            cursor = Identifier(versioned(name, old), "cursor")
            connection.execute(SQL("DELETE FROM {}").format(cursor))
    return Rebuilt(new, outcomes, time.monotonic() - began)


def _fill(settings: Settings, schema: str, progress: Progress) -> int:
    """Write everything up to the cut; returns how many outcomes that were."""
    source = Source(settings.kafka, wanted(), settings.topic_prefix, settings.sink_records)
    outcomes = 0
    try:
        with connect(settings.required("postgres"), schema) as connection:
            writer = Writer(connection)
            source.start(starts(source.facts, writer.cursors(source.facts)))
            left = SHORT_RECORDS + 1
            while left > SHORT_RECORDS:
                ends = read_ends(settings.kafka, source.facts, settings.topic_prefix)
                left = missing(source.positions, ends)
                outcomes += _up_to(source, writer, ends, progress)
    finally:
        source.close()
    return outcomes


def _up_to(source: Source, writer: Writer, ends: Mapping[Place, int], progress: Progress) -> int:
    outcomes, to_do = 0, sum(ends.values())
    while left := missing(source.positions, ends):
        progress(to_do - left, to_do)
        batches = [batch for batch in source.take(1) if batch.end > batch.start]
        if batches:
            writer.write(batches)
            outcomes += sum(len(batch.heard) for batch in batches)
    progress(to_do, to_do)
    return outcomes


def missing(positions: Mapping[Place, int], ends: Mapping[Place, int]) -> int:
    """How many positions are left to the ends."""
    return sum(max(0, end - positions[place]) for place, end in ends.items())
