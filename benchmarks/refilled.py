"""Views that lived through it all beside views made anew of the log: every table, every key.

The auditor recomputes what it knows with code of its own; this compares all that is shown, also what
it does not know, with what `views rebuild` makes of the same log.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import redis
from psycopg.sql import SQL, Identifier

from benchmarks.processes import Processes

SCHEMA = "memberstream"
TABLES = "SELECT table_name FROM information_schema.views WHERE table_schema = %s ORDER BY 1"
BOOKKEEPING = {"cursor", "schema_version"}
# Which partition's word was the last to close a board depends on which one was read first.
COLUMNS = {"closed_boards": 'board, "window", ends_at, members'}
STILL_SECONDS = 1.0
PATIENCE_SECONDS = 60.0

Shown = dict[str, Counter[str]]  # table or key → its rows or elements, as text


def differences(job: Processes) -> list[str]:
    """Sentences, one a table or key that a rebuild makes otherwise. The log must be at rest."""
    before = _at_rest(job)
    for view in ("postgres", "redis"):
        job.command("views", "rebuild", view)
    after = shown(job)
    return [
        f"{name} lacks {len(anew - lived)} rows of a rebuilt one and has {len(lived - anew)} others: "
        f"{next(iter((anew - lived) + (lived - anew)))}"
        for name in sorted(before.keys() | after.keys())
        for lived, anew in [(before.get(name, Counter()), after.get(name, Counter()))]
        if lived != anew
    ]


def shown(job: Processes) -> Shown:
    """All that both views show."""
    return dict([*_tables(job.addresses.postgres), *_keys(job.addresses.redis, job.prefix)])


def _at_rest(job: Processes) -> Shown:
    """As soon as the sinks have nothing to do: what is shown stays as it is."""
    until = time.monotonic() + PATIENCE_SECONDS
    before, now = None, shown(job)
    while before != now and time.monotonic() < until:
        time.sleep(STILL_SECONDS)
        job.fleet.tend()
        before, now = now, shown(job)
    return now


def _tables(url: str) -> Iterator[tuple[str, Counter[str]]]:
    with psycopg.connect(url) as connection:
        for (name,) in connection.execute(TABLES, (SCHEMA,)).fetchall():
            if name not in BOOKKEEPING:
                columns = SQL(COLUMNS.get(name, "*"))
                query = SQL("SELECT {} FROM {}").format(columns, Identifier(SCHEMA, name))
                yield f"Postgres {name}", Counter(map(repr, connection.execute(query)))


def _keys(url: str, prefix: str) -> Iterator[tuple[str, Counter[str]]]:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        root = f"{prefix}ms:"
        filling = f"{root}{client.get(f'{root}current')}:"
        for name in client.scan_iter(match=f"{filling}*", count=1_000):
            short = name.removeprefix(filling)
            if not short.startswith("cursor:"):
                yield f"Redis {short}", Counter(map(repr, _held(client, name)))


def _held(client: Any, name: str) -> Any:
    match client.type(name):
        case "zset":
            return client.zrange(name, 0, -1, withscores=True)
        case "hash":
            return client.hgetall(name).items()
        case "set":
            return client.smembers(name)
        case _:
            return [client.get(name)]
