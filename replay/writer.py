"""Write the year into the log: actions, and a tick of the replay's clock after every hour of them.

One transactional producer does all of it, so a partition holds actions and ticks in the order of
time and a tick never overtakes what came before it; a transaction ends after some records, or some
time when the replay is slow. A second start of the same replay goes on where the log says it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from replay.pace import Lead, Place, Rate
from replay.shop import OPENS_AT
from replay.steps import Tick, occurred_at, steps
from replay.stopped import ReplayRefused, Stopped, stopped
from replay.year import Year
from schemas import topics
from schemas.codec import encode
from schemas.record import Event
from streams.clock import Ticks

PARTITION_UA = -1  # librdkafka: the partitioner chooses, by the key
RECORDS_A_TRANSACTION = 1_000
SECONDS_A_TRANSACTION = 0.25
TIMEOUT_SECONDS = 30.0


@dataclass(slots=True)
class Progress:
    """How far a replay has come: what this run wrote, and the hour of the year it stands at."""

    actions: int = 0
    skipped: int = 0
    ticks: int = 0
    at: int = 0
    lead_hours: float = 0.0
    waited_seconds: float = 0.0


def clock_name(year: Year) -> str:
    """What the ticks of this replay are called; another name is another replay."""
    return f"replay of {year.orders} orders, seed {year.seed}"


class Writer:
    """Tells a year; `tell` is a generator that says how far it has come."""

    def __init__(
        self,
        bootstrap: str,
        year: Year,
        *,
        prefix: str = "",
        rate: Rate | None = None,
        lead: Lead | None = None,
    ) -> None:
        """Raises `TopicMissing`, `KafkaException`."""
        self._bootstrap = bootstrap
        self._year = year
        self._prefix = prefix
        self._rate = rate or Rate(None)
        self._lead = lead
        self._positions: dict[Place, int] = {}
        self._progress = Progress()
        self._open = False
        self._records = 0
        self._ends = 0.0
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "transactional.id": f"{prefix}replay",
                "transaction.timeout.ms": 60_000,
                "partitioner": "murmur2_random",
                "linger.ms": 20,
            }
        )
        self._ticks = Ticks(self._producer, prefix, clock_name(year))
        self._producer.init_transactions(TIMEOUT_SECONDS)

    def tell(self) -> Iterator[Progress]:
        """Write what is not in the log yet; yields after every transaction.

        Raises `ReplayRefused` (another replay's log; a second one took over), `KafkaException`.
        """
        before = stopped(self._bootstrap, self._prefix, clock_name(self._year))
        self._progress.at = before.ticked_at
        try:
            self._begin()
            for step in self._untold(before):
                self._write(step)
                if self._records >= RECORDS_A_TRANSACTION or time.monotonic() > self._ends:
                    yield self._commit()
                    self._begin()
            yield self._commit()
        except KafkaException as error:
            if error.args[0].code() == KafkaError._FENCED:
                raise ReplayRefused(
                    "Another replay has started on this platform and took over. This one has "
                    "stopped; nothing is doubled. Let the other one finish."
                ) from error
            raise
        finally:
            if self._open:  # readers wait for a transaction that is neither ended nor aborted
                with suppress(KafkaException):
                    self._producer.abort_transaction(TIMEOUT_SECONDS)

    def _untold(self, before: Stopped) -> Iterator[Event | Tick]:
        """The steps that are not in the log yet; counts the actions that are."""
        for step in steps(self._year.actions(), OPENS_AT, self._year.ends_at):
            if isinstance(step, Tick):
                if step.at > before.ticked_at:
                    yield step
            elif occurred_at(step) < before.ticked_at or step.event_id in before.told:
                self._progress.skipped += 1
            else:
                yield step

    def _begin(self) -> None:
        self._producer.begin_transaction()
        self._open = True
        self._records = 0
        self._ends = time.monotonic() + SECONDS_A_TRANSACTION

    def _write(self, step: Event | Tick) -> None:
        if isinstance(step, Tick):
            self._records += self._ticks.write(step.at, self._arrived)
            self._progress.ticks += 1
            self._progress.at = step.at
        else:
            self._rate.wait()
            self._action(step)
            self._progress.actions += 1
        self._producer.poll(0)

    def _action(self, action: Event) -> None:
        topic, data = self._prefix + topics.actions(action.STAGE), encode(action)
        if not action.BROADCAST:
            self._produce(topic, action.key.encode(), data)
            return
        for partition in range(self._ticks.partitions[topic]):
            self._produce(topic, action.key.encode(), data, partition)

    def _produce(self, topic: str, key: bytes, data: bytes, partition: int = PARTITION_UA) -> None:
        while True:
            try:
                self._producer.produce(topic, data, key, partition)
            except BufferError:
                self._producer.poll(0.1)  # the queue is full: wait until some have arrived
                continue
            self._records += 1
            return

    def _commit(self) -> Progress:
        """End the transaction, then wait until the workers are near enough for the next one."""
        self._producer.flush(TIMEOUT_SECONDS)
        self._producer.commit_transaction(TIMEOUT_SECONDS)
        self._open = False
        if self._lead is not None and self._progress.at:
            self._lead.told(self._progress.at, self._positions)
            self._progress.waited_seconds += self._lead.wait()
            self._progress.lead_hours = self._lead.hours()
        return self._progress

    def _arrived(self, error: KafkaError | None, tick: Message) -> None:
        """Where a tick came to lie; a failed one fails the commit."""
        place, offset = (tick.topic(), tick.partition()), tick.offset()
        if error is None and place[0] is not None and place[1] is not None and offset is not None:
            self._positions[place[0], place[1]] = offset + 1
