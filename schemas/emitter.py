"""The Emitter: how a platform service says what happened.

    with Emitter("localhost:9092") as emitter:
        emitter.emit(PurchaseMade(...))

Idempotent, acknowledged by all replicas, partitioned with murmur2 as every other producer of these
topics. A limit that is broken raises at once; a delivery that failed raises at the next call, with
the actions that did not arrive, so that nothing is lost in silence. To send an action again is safe:
the same `event_id` with the same content is dropped by the reader.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas import codec, topics
from schemas.record import Event

FLUSH_SECONDS = 30.0


class InvalidAction(ValueError):
    """The action breaks a limit of its declaration; the text says which field and why."""


class DeliveryFailed(RuntimeError):
    """Actions that did not arrive: `failed` holds (action, reason). Send them again."""

    def __init__(self, failed: Sequence[tuple[Event, str]]) -> None:
        first, reason = failed[0]
        super().__init__(
            f"{len(failed)} actions did not arrive; the first: {type(first).__name__} "
            f"{first.event_id}: {reason}. They are in `failed`: send them again."
        )
        self.failed = list(failed)


class Emitter:
    """Writes actions to their topics. Not for several threads at once."""

    def __init__(
        self,
        bootstrap: str,
        *,
        prefix: str = "",
        registry: codec.Registry | None = None,
        **options: Any,
    ) -> None:
        """`options` are librdkafka settings with `_` for `.`, such as `security_protocol`."""
        self._settings = _settings(bootstrap, options)
        self._producer = Producer(self._settings)
        self._prefix = prefix
        self._registry = registry
        self._failed: list[tuple[Event, str]] = []
        self._broadcaster: Broadcaster | None = None

    def emit(self, action: Event) -> None:
        """Send one action; returns when it is in the local queue.

        A rule, a gift or a tick goes to every partition in one transaction.
        Raises `InvalidAction`, `DeliveryFailed` (of earlier actions).
        """
        data = self._encode(action)
        if action.BROADCAST:
            self._broadcast(action, data)
            return
        self._raise_failures()
        topic = self._prefix + topics.actions(action.STAGE)
        self._produce(action, topic, data)

    def flush(self, timeout_seconds: float = FLUSH_SECONDS) -> None:
        """Wait until every action has arrived. Raises `DeliveryFailed`, `TimeoutError`."""
        left = self._producer.flush(timeout_seconds)
        self._raise_failures()
        if left:
            raise TimeoutError(
                f"{left} actions have not arrived after {timeout_seconds:g} s; they are still being "
                "sent: is Kafka up? Call flush() again."
            )

    def close(self) -> None:
        """Flush and let go of the connections."""
        self.flush()

    def _encode(self, action: Event) -> bytes:
        try:
            codec.validate(action)
            if self._registry is not None:
                return codec.encode_confluent(action, self._registry)
            return codec.encode(action)
        except codec.Unreadable as error:
            raise InvalidAction(error.detail) from error

    def _produce(self, action: Event, topic: str, data: bytes) -> None:
        def arrived(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                self._failed.append((action, error.str()))

        while True:
            try:
                self._producer.produce(topic, data, action.key.encode(), on_delivery=arrived)
            except BufferError:
                self._producer.poll(0.1)  # the queue is full: wait until some have arrived
                continue
            self._producer.poll(0)
            return

    def _broadcast(self, action: Event, data: bytes) -> None:
        self.flush()  # what was said before is in the log before
        if self._broadcaster is None:
            self._broadcaster = Broadcaster(self._settings, f"emitter-{uuid.uuid4()}")
        stages = [action.STAGE] if action.STAGE else topics.STAGES
        try:
            self._broadcaster.send(
                [self._prefix + topics.actions(s) for s in stages], action.key, data
            )
        except KafkaException as error:
            raise DeliveryFailed([(action, str(error))]) from error

    def _raise_failures(self) -> None:
        if self._failed:
            failed, self._failed = self._failed, []
            raise DeliveryFailed(failed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Broadcaster:
    """Writes one record into every partition of topics, all or none (ticks, rules, gifts)."""

    def __init__(self, settings: dict[str, Any], transactional_id: str) -> None:
        self._producer = Producer(settings | {"transactional.id": transactional_id})
        self._producer.init_transactions(FLUSH_SECONDS)
        self._partitions: dict[str, list[int]] = {}

    def send(self, names: Sequence[str], key: str, data: bytes) -> None:
        """One transaction over all partitions of these topics. Raises `KafkaException`."""
        self._producer.begin_transaction()
        try:
            for topic in names:
                for partition in self._partitions_of(topic):
                    self._producer.produce(topic, data, key.encode(), partition)
            self._producer.commit_transaction(FLUSH_SECONDS)
        except KafkaException:
            self._producer.abort_transaction(FLUSH_SECONDS)
            raise

    def _partitions_of(self, topic: str) -> list[int]:
        if topic not in self._partitions:
            found = self._producer.list_topics(topic, timeout=FLUSH_SECONDS).topics[topic]
            if found.error is not None:
                raise KafkaException(found.error)
            self._partitions[topic] = sorted(found.partitions)
        return self._partitions[topic]


def _settings(bootstrap: str, options: dict[str, Any]) -> dict[str, Any]:
    own = {
        "bootstrap.servers": bootstrap,
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",  # as Kafka's own clients do; librdkafka's default is CRC32
        "linger.ms": 5,
        "delivery.timeout.ms": 30_000,
    }
    return {name.replace("_", "."): value for name, value in options.items()} | own
