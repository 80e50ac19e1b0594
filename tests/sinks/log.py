"""A log for the tests of sinks: topics, and outcomes written into them as a worker writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_fixed,
)

from schemas import codec
from schemas.record import Outcome

COMMITTED, WRITTEN = "read_committed", "read_uncommitted"


@dataclass(slots=True)
class Log:
    """Topics with a prefix of the test's own; each `write` is one transaction."""

    kafka: str
    prefix: str
    _producer: Producer | None = field(default=None)
    _readers: dict[str, Consumer] = field(default_factory=dict)

    def create(self, *topics: str, partitions: int = 2) -> Log:
        """Create topics."""
        admin = AdminClient({"bootstrap.servers": self.kafka})
        made = admin.create_topics([NewTopic(self.prefix + t, partitions, 1) for t in topics])
        for name, done in made.items():
            done.result(30)
            self._until_there(name)
        return self

    def write(
        self,
        topic: str,
        outcomes: Iterable[Outcome | bytes],
        partition: int = 0,
        *,
        aborted: bool = False,
        at: int = 0,
    ) -> None:
        """Write outcomes in one transaction, and commit or abort it; `at`: their Kafka timestamp."""
        producer = self._producer or self._connected()
        producer.begin_transaction()
        for outcome in outcomes:
            plain = isinstance(outcome, bytes)
            producer.produce(
                self.prefix + topic,
                outcome if plain else codec.encode(outcome),
                b"" if plain else outcome.key.encode(),
                partition,
                timestamp=at,
            )
            producer.poll(0)
        producer.flush(30)  # an abort would drop what was not sent yet
        producer.abort_transaction(30) if aborted else producer.commit_transaction(30)
        self._until_decided(TopicPartition(self.prefix + topic, partition))

    def _until_decided(self, at: TopicPartition) -> None:
        """The coordinator answers before its marker lies in the partition, and readers wait for that."""
        self._until(lambda: self._end(at, COMMITTED) == self._end(at, WRITTEN))

    def _until_there(self, name: str) -> None:
        """The controller answers before the broker knows the topic."""
        self._until(lambda: self._end(TopicPartition(name, 0), COMMITTED) == 0)

    def _until(self, done: Callable[[], bool]) -> None:
        """A broker that just came back, or does not know a new topic yet, is asked again."""
        retry = retry_if_exception_type(KafkaException) | retry_if_result(lambda found: not found)
        Retrying(retry=retry, wait=wait_fixed(0.02), stop=stop_after_delay(30))(done)

    def _end(self, at: TopicPartition, isolation: str) -> int:
        """Asked by a consumer, as an admin client takes a second or three for it now and then."""
        reader = self._readers.get(isolation)
        if reader is None:
            reader = self._readers[isolation] = Consumer(
                {
                    "bootstrap.servers": self.kafka,
                    "group.id": "test-log",  # asked for by the client; nothing joins it
                    "isolation.level": isolation,
                    "log_level": 0,
                }
            )
        end: int = reader.get_watermark_offsets(at, timeout=5)[1]
        return end

    def _connected(self) -> Producer:
        self._producer = Producer(
            {
                "bootstrap.servers": self.kafka,
                "transactional.id": self.prefix + "test",
                "linger.ms": 5,
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        self._producer.init_transactions(30)
        return self._producer
