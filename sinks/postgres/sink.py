"""The Postgres sink: follow the log, write the tables, start over from their cursors when Postgres was
away. While it is away the sink waits; nothing is lost, because only Postgres says how far it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import psycopg
import structlog
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential,
)

from schemas import topics
from schemas.candidates import CandidatesMeasured
from schemas.risk import QualityMeasured
from sinks.health import Health, serve
from sinks.metrics import LEDGER_SUM, ViewMetrics, candidates_measured, model_measured
from sinks.postgres.schema import prepare, versioned
from sinks.postgres.views import wanted
from sinks.postgres.writer import Writer, connect
from sinks.settings import Settings
from sinks.source import Batch, Place, Source, starts

VIEW = "postgres"
QUALITY = topics.of(QualityMeasured)
WAIT_SECONDS = 0.25
SUM_SECONDS = 10.0
FIRST_BACK_OFF_SECONDS = 0.1
MOST_BACK_OFF_SECONDS = 5.0


def run(settings: Settings, stop: threading.Event) -> None:
    """Keep the tables in Postgres until `stop` is set; what was taken is written before it returns.

    Raises `Refused` for what cannot be worked with, `Broken` for what cannot be read, `Fenced` when
    another sink writes the same tables.
    """
    url = settings.required("postgres")
    health = Health()
    serve(settings, health)
    source = Source(settings.kafka, wanted(), settings.topic_prefix, settings.sink_records)
    try:
        while not stop.is_set():
            _keep(settings, url, Follower(source, health), stop)
    finally:
        source.close()


def _keep(settings: Settings, url: str, follower: Follower, stop: threading.Event) -> None:
    """Connect, waiting for Postgres if it is away, and follow until it is away again."""
    for attempt in Retrying(
        retry=retry_if_exception_type(psycopg.OperationalError),
        wait=wait_exponential(FIRST_BACK_OFF_SECONDS, MOST_BACK_OFF_SECONDS),
        stop=stop_when_event_set(stop),
        sleep=sleep_using_event(stop),
        before_sleep=follower.waits,
        retry_error_callback=lambda _: None,
    ):
        with attempt:
            number = prepare(url, settings.postgres_schema)
            connection = connect(url, versioned(settings.postgres_schema, number))
    if stop.is_set():
        return
    structlog.get_logger().info("postgres_opened", version=number)
    try:
        with connection:
            follower.follow(Writer(connection), stop)
    except psycopg.OperationalError as error:
        structlog.get_logger().warning("postgres_away", reason=str(error).strip())


class Follower:
    """Takes from the source and has it written."""

    def __init__(self, source: Source, health: Health) -> None:
        self._source = source
        self._health = health
        self._metrics = ViewMetrics(VIEW)
        self._recorded_at: dict[Place, int] = {}
        self._summed_at = 0.0

    def follow(self, writer: Writer, stop: threading.Event) -> None:
        """Read on from the tables' cursors until `stop` is set."""
        facts = self._source.facts
        self._source.start(starts(facts, writer.cursors(facts)))
        while not stop.is_set():
            self.take(writer, WAIT_SECONDS)
            self._sum(writer)
            self._health.worked()

    def waits(self, state: RetryCallState) -> None:
        """Said before each further attempt to connect."""
        self._health.waited()
        error = state.outcome.exception() if state.outcome else None
        structlog.get_logger().warning("postgres_away", reason=str(error).strip())

    def take(self, writer: Writer, seconds: float) -> None:
        """One write, if there is something to write."""
        batches = [batch for batch in self._source.take(seconds) if batch.end > batch.start]
        if batches:
            began = time.perf_counter()
            writer.write(batches)
            self._metrics.wrote(
                sum(len(batch.heard) for batch in batches), time.perf_counter() - began
            )
            _tell_quality(batches)
        self._measure(batches)

    def _sum(self, writer: Writer) -> None:
        """Now and then: it looks at every member's balances."""
        if time.monotonic() - self._summed_at > SUM_SECONDS:
            LEDGER_SUM.set(writer.ledger_sum())
            self._summed_at = time.monotonic()

    def _measure(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            if batch.recorded_at:
                self._recorded_at[batch.place] = batch.recorded_at
        lags = self._source.lag()
        behind = [self._recorded_at.get(place, 0) for place, lag in lags.items() if lag]
        newest = max(self._recorded_at.values(), default=0)
        self._metrics.lags(sum(lags.values()), min(behind, default=newest))


def _tell_quality(batches: Sequence[Batch]) -> None:
    for batch in batches:
        if batch.place.topic == QUALITY:
            for heard in batch.heard:
                if isinstance(heard.outcome, QualityMeasured):
                    model_measured(heard.outcome)
                elif isinstance(heard.outcome, CandidatesMeasured):
                    candidates_measured(heard.outcome)
