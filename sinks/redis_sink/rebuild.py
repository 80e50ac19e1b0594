"""Make all views in Redis anew, beside those that are read: fill the next filling from the log, let
readers go over in one step, then delete the old one. The running sink goes over by itself.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from redis import Redis

from sinks.ending import Refused
from sinks.redis_sink import keys
from sinks.redis_sink.connection import connect
from sinks.redis_sink.sink import wanted
from sinks.redis_sink.views import VIEWS
from sinks.redis_sink.writer import Lost, Writer, current, lowest
from sinks.settings import Settings
from sinks.source import Place, Source, read_ends

WAIT_SECONDS = 0.25
PATIENCE_SECONDS = 10.0
LOCK_SECONDS = 60
ATTEMPTS = 5
AGAIN_SECONDS = 1.0
SCANNED_AT_ONCE = 1_000


class Rebuilt(NamedTuple):
    """What a rebuild did; `filling` is the one that is read now."""

    filling: str
    records: int
    deleted: int
    seconds: float


def rebuild(settings: Settings, stop: threading.Event | None = None) -> Rebuilt:
    """Fill the next filling up to now and switch over; returns when the old one is deleted.

    Raises `Refused` when another rebuild is at work or this one was disturbed or stopped: the old
    views are read on then, and it can be run again.
    """
    source = Source(settings.kafka, wanted(), settings.topic_prefix, settings.sink_records)
    try:
        with connect(settings.required("redis")) as client:
            return Rebuild(settings, client, source, stop or threading.Event()).run()
    finally:
        source.close()


class Rebuild:
    """One rebuild, alone of its kind on this installation."""

    def __init__(
        self, settings: Settings, client: Redis, source: Source, stop: threading.Event
    ) -> None:
        self._settings = settings
        self._client = client
        self._source = source
        self._stop = stop
        self._root = keys.root(settings)
        self._lock = f"{self._root}rebuilding"
        self._owner = uuid.uuid4().hex.encode()
        self._records = 0

    def run(self) -> Rebuilt:
        """Fill, switch, delete; again when it is disturbed, as by a sink that fills what was flushed."""
        began = time.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                filling, deleted = self._once()
            except Lost as lost:
                if attempt == ATTEMPTS:
                    raise Refused(f"The rebuild was disturbed: {lost}. Run it again.") from lost
                self._stop.wait(AGAIN_SECONDS)
            else:
                break
        return Rebuilt(filling, self._records, deleted, time.monotonic() - began)

    def _once(self) -> tuple[str, int]:
        if not self._client.set(self._lock, self._owner, nx=True, ex=LOCK_SECONDS):
            raise Refused(
                f"Another rebuild of {self._root} is at work. Wait until it has ended; one that was "
                f"killed is forgotten after {LOCK_SECONDS} seconds."
            )
        try:
            old = current(self._client, self._root)
            filling = _next(old)
            delete(self._client, f"{self._root}{filling}:")  # what a disturbed rebuild left
            self._fill(old, Writer(self._client, self._root, filling))
            return filling, delete(self._client, f"{self._root}{old}:") if old else 0
        finally:
            self._unlock()

    def _fill(self, old: str, writer: Writer) -> None:
        """Write up to the cut, then on until the readers can go over."""
        self._source.start(writer.open(self._source.facts))
        cut = read_ends(self._settings.kafka, self._source.facts, self._settings.topic_prefix)
        reached_at: float | None = None
        while not self._stop.is_set():
            batches = self._source.take(WAIT_SECONDS)
            writer.write(batches)
            self._records += sum(batch.end - batch.start for batch in batches)
            self._hold()
            if not _reached(lowest(writer.positions), cut):
                continue
            reached_at = reached_at or time.monotonic()
            if self._switched(old, writer.filling, time.monotonic() - reached_at):
                return
        raise Refused("The rebuild was stopped before it had come to its end. Run it again.")

    def _switched(self, old: str, new: str, waited: float) -> bool:
        """Readers go over; False: the old filling has come farther meanwhile, and is caught up with."""
        anyway = "1" if waited > PATIENCE_SECONDS else "0"
        views = [view.name for view in VIEWS]
        answer: Any = self._client.eval(
            keys.script("switch"), 1, keys.pointer(self._root), self._root, old, new, anyway, *views
        )
        if answer == b"MOVED":
            raise Lost(f"the filling {old or 'none'} is no longer the one that is read")
        return bool(answer == b"SWITCHED")

    def _hold(self) -> None:
        """Stay the only one."""
        if self._client.get(self._lock) != self._owner:
            raise Lost("another rebuild began, or Redis was emptied")
        self._client.expire(self._lock, LOCK_SECONDS)

    def _unlock(self) -> None:
        if self._client.get(self._lock) == self._owner:
            self._client.delete(self._lock)


def delete(client: Redis, prefix: str) -> int:
    """Delete every key with this prefix, a few at a time; returns how many there were."""
    deleted, batch = 0, []
    for name in client.scan_iter(match=f"{_escaped(prefix)}*", count=SCANNED_AT_ONCE):
        batch.append(name)
        if len(batch) >= SCANNED_AT_ONCE:
            deleted += _unlink(client, batch)
            batch = []
    return deleted + _unlink(client, batch)


def _unlink(client: Redis, names: list[Any]) -> int:
    return int(client.unlink(*names)) if names else 0


def _escaped(prefix: str) -> str:
    """A prefix in which nothing is a pattern."""
    return "".join(f"\\{one}" if one in "*?[]\\^" else one for one in prefix)


def _next(filling: str) -> str:
    return f"v{int(filling.removeprefix('v') or 0) + 1}"


def _reached(positions: Mapping[Place, int], cut: Mapping[Place, int]) -> bool:
    return all(positions[place] >= end for place, end in cut.items())
