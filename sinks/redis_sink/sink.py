"""The Redis sink: follow the log, write the views, start over from the cursors when Redis is not as
it was left. While Redis is away it waits; nothing is lost, because only Redis says how far it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog
from redis.exceptions import AuthenticationError

from schemas.record import Outcome
from sinks.ending import Refused
from sinks.health import Health, serve
from sinks.redis_sink import keys
from sinks.redis_sink.connection import AWAY, connect
from sinks.redis_sink.views import FEEDS
from sinks.redis_sink.writer import Lost, Writer
from sinks.settings import Settings
from sinks.source import Batch, Place, Source

WAIT_SECONDS = 0.25
LOOK_SECONDS = 1.0
FIRST_BACK_OFF_SECONDS = 0.1
MOST_BACK_OFF_SECONDS = 5.0


def run(settings: Settings, stop: threading.Event) -> None:
    """Keep the views in Redis until `stop` is set; what was taken is written before it returns.

    Raises `Refused` for what cannot be worked with, `Broken` for what cannot be read.
    """
    health = Health()
    serve(settings, health)
    source = Source(settings.kafka, wanted(), settings.topic_prefix, settings.sink_records)
    try:
        with connect(settings.required("redis")) as client:
            Sink(source, Writer(client, keys.root(settings)), health).run(stop)
    finally:
        source.close()


def wanted() -> Mapping[str, set[type[Outcome]]]:
    """Topic → the outcomes that feed a view."""
    found: dict[str, set[type[Outcome]]] = {}
    for outcome, view in FEEDS.items():
        found.setdefault(view.topic, set()).add(outcome)
    return found


class Sink:
    """A source and a writer, kept together."""

    def __init__(self, source: Source, writer: Writer, health: Health | None = None) -> None:
        self._source = source
        self._health = health or Health()
        self._writer = writer
        self._recorded_at: dict[Place, int] = {}
        self._back_off = FIRST_BACK_OFF_SECONDS
        self._log = structlog.get_logger()

    def run(self, stop: threading.Event) -> None:
        """Open, follow, and open again when that breaks off, backing off."""
        while not stop.is_set():
            try:
                self._source.start(self._writer.open(self._source.facts))
                self._log.info("redis_opened", filling=self._writer.filling)
                self._follow(stop)
            except Lost as lost:
                self._log.warning("redis_changed", reason=str(lost))
            except AuthenticationError as error:
                raise Refused(
                    f"Redis does not let the sink in: {error}. Check MEMBERSTREAM_REDIS."
                ) from error
            except AWAY as error:
                self._health.waited()
                self._log.warning("redis_away", reason=str(error), seconds=self._back_off)
                stop.wait(self._back_off)
                self._back_off = min(self._back_off * 2, MOST_BACK_OFF_SECONDS)

    def _follow(self, stop: threading.Event) -> None:
        """Take the next batches while the last ones are being written."""
        looked_at = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(self._write, [])
            while not stop.is_set():
                batches = self._source.take(WAIT_SECONDS)
                writing.result()
                self._health.worked()
                writing = pool.submit(self._write, batches)
                if time.monotonic() - looked_at > LOOK_SECONDS:
                    looked_at = time.monotonic()
                    writing.result()
                    self._writer.verify()
                    self._writer.lags(self._source.lag(), self._recorded_at)
            writing.result()

    def _write(self, batches: list[Batch]) -> None:
        self._writer.write(batches)
        self._back_off = FIRST_BACK_OFF_SECONDS
        for batch in batches:
            if batch.recorded_at:
                self._recorded_at[batch.place] = batch.recorded_at
