"""Writes the main job's actions ahead of it, and knows which record is the last of each partition."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from benchmarks.mix import Mix, opening
from schemas import topics
from schemas.codec import encode
from schemas.emitter import Emitter
from schemas.record import Event
from streams.clock import Ticks

FIRST_AT = 1_700_000_000_000
STEP_MS = 50.0  # of event time between two actions: twenty a second, as in a large shop
TICK_MS = 60_000
FLUSH_SECONDS = 120.0
QUIET = 2  # not a word when the platform is stopped behind it


@dataclass
class Loaded:
    """What lies in the log for the job: `last` is the offset of each partition's last record."""

    actions: list[Event] = field(default_factory=list)
    last: dict[tuple[str, int], int] = field(default_factory=dict)
    ends_at: int = FIRST_AT


class Loader:
    """Writes actions, and ticks between them, through one idempotent producer.

    So they are in order in each partition. Ticks are no transactions here as nothing reads meanwhile.
    """

    def __init__(self, kafka: str, prefix: str) -> None:
        self._kafka = kafka
        self._prefix = prefix
        self._producer = Producer(
            {
                "bootstrap.servers": kafka,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 20,
                "log_level": QUIET,
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        self._failed: list[KafkaError] = []
        self.loaded = Loaded()

    def open_shop(self) -> Loaded:
        """Rules, gifts, products, stock, and a first tick behind them. Raises `KafkaException`."""
        with Emitter(self._kafka, prefix=self._prefix) as emitter:
            for action in opening(FIRST_AT):
                emitter.emit(action)
        Ticks(self._producer, self._prefix).write(FIRST_AT, self._arrived)
        return self._flushed()

    def write(self, mix: Mix, count: int) -> Loaded:
        """`count` actions of the mix, with ticks. Raises `KafkaException`."""
        ticks = Ticks(self._producer, self._prefix)
        ticked_at = FIRST_AT
        for action in islice(mix.actions(FIRST_AT, STEP_MS), count):
            at: int = action.occurred_at  # type: ignore[attr-defined]  # every action has it
            if at - ticked_at >= TICK_MS:
                ticks.write(at, self._arrived)
                ticked_at = at
            self._action(action)
        ticks.write(self.loaded.ends_at, self._arrived)
        return self._flushed()

    def _action(self, action: Event) -> None:
        topic = self._prefix + topics.actions(action.STAGE)
        while True:
            try:
                self._producer.produce(
                    topic, encode(action), action.key.encode(), on_delivery=self._arrived
                )
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)
        self.loaded.actions.append(action)
        self.loaded.ends_at = action.occurred_at  # type: ignore[attr-defined]  # every action has it

    def _arrived(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed.append(error)
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        at = (topic, partition)
        self.loaded.last[at] = max(offset, self.loaded.last.get(at, 0))

    def _flushed(self) -> Loaded:
        left = self._producer.flush(FLUSH_SECONDS)
        if self._failed:
            raise KafkaException(self._failed[0])
        assert not left, f"{left} actions were not written in {FLUSH_SECONDS:.0f} s"
        return self.loaded
