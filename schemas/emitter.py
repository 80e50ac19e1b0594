"""The Emitter: how a platform service says what happened.

    with Emitter("localhost:9092") as emitter:
        emitter.emit(PurchaseMade(...))

Idempotent, acknowledged by all replicas, partitioned with murmur2 as every other producer of these
topics. A limit that is broken raises at once; a delivery that failed raises at the next call, with
the actions that did not arrive, so that nothing is lost in silence. To send an action again is safe:
the same `event_id` with the same content is dropped by the reader while it is among the last 32 ids of
its key, and orders, returns and redemptions count once by their own ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas import codec, topics
from schemas.record import Event

FLUSH_SECONDS = 30.0
BROADCAST_ATTEMPTS = 10
UNDERSCORED = {"log_level"}  # so named by librdkafka itself
FENCED = {
    KafkaError._FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
    KafkaError.CONCURRENT_TRANSACTIONS,
}


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
        """With a `registry` (`ConfluentRegistry(url)`) actions go out in the Confluent wire form.

        `options` are librdkafka settings with `_` for `.`, such as `security_protocol`.
        """
        self._settings = _settings(bootstrap, options)
        self._producer = Producer(self._settings)
        self._prefix = prefix
        self._registry = registry
        self._failed: list[tuple[Event, str]] = []

    def emit(self, action: Event) -> None:
        """Send one action; returns when it is in the local queue.

        A rule, a gift or a tick goes to every partition in one transaction.
        Raises `InvalidAction`, `DeliveryFailed` (of earlier actions), and what the registry raises:
        then nothing of this action was sent.
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
        stages = [action.STAGE] if action.STAGE else topics.STAGES
        names = [self._prefix + topics.actions(stage) for stage in stages]
        try:
            broadcast(self._settings, f"{self._prefix}broadcast", names, action.key, data)
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


def broadcast(
    settings: dict[str, Any], transactional_id: str, names: Sequence[str], key: str, data: bytes
) -> None:
    """Write one record into every partition of topics, all or none. Raises `KafkaException`.

    Everybody who broadcasts has the same transactional id, so one comes after the other and every
    partition sees them in one order; who is fenced by another starts again, as nothing was written.
    """
    for attempt in range(1, BROADCAST_ATTEMPTS + 1):
        try:
            _broadcast_once(settings | {"transactional.id": transactional_id}, names, key, data)
        except KafkaException as error:
            fenced = error.args[0].code() in FENCED or error.args[0].fatal()
            if not fenced or attempt == BROADCAST_ATTEMPTS:
                raise
        else:
            return


def _broadcast_once(settings: dict[str, Any], names: Sequence[str], key: str, data: bytes) -> None:
    producer = Producer(settings)
    producer.init_transactions(FLUSH_SECONDS)
    producer.begin_transaction()
    try:
        for topic in names:
            found = producer.list_topics(topic, timeout=FLUSH_SECONDS).topics[topic]
            if found.error is not None:
                raise KafkaException(found.error)
            for partition in sorted(found.partitions):
                producer.produce(topic, data, key.encode(), partition)
        producer.commit_transaction(FLUSH_SECONDS)
    except KafkaException as error:
        if not error.args[0].fatal():
            producer.abort_transaction(FLUSH_SECONDS)
        raise


def _settings(bootstrap: str, options: dict[str, Any]) -> dict[str, Any]:
    chosen = {
        name if name in UNDERSCORED else name.replace("_", "."): value
        for name, value in options.items()
    }
    return (
        {"linger.ms": 5, "delivery.timeout.ms": 30_000}
        | chosen
        | {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "acks": "all",
            "partitioner": "murmur2_random",  # as Kafka's own clients do; librdkafka's default is CRC32
        }
    )
