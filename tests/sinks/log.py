"""A log for the tests of sinks: topics, and outcomes written into them as a worker writes them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import IsolationLevel, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from schemas import codec
from schemas.record import Outcome


@dataclass(slots=True)
class Log:
    """Topics with a prefix of the test's own; each `write` is one transaction."""

    kafka: str
    prefix: str
    _producer: Producer | None = field(default=None)
    _admin: AdminClient | None = field(default=None)

    def create(self, *topics: str, partitions: int = 2) -> Log:
        """Create topics."""
        admin = AdminClient({"bootstrap.servers": self.kafka})
        made = admin.create_topics([NewTopic(self.prefix + t, partitions, 1) for t in topics])
        for done in made.values():
            done.result(30)
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
        admin = self._admin = self._admin or AdminClient({"bootstrap.servers": self.kafka})
        ends = time.monotonic() + 30
        while self._end(admin, at, IsolationLevel.READ_COMMITTED) < self._end(
            admin, at, IsolationLevel.READ_UNCOMMITTED
        ):
            assert time.monotonic() < ends, f"{at} has an open transaction"
            time.sleep(0.01)

    def _end(self, admin: AdminClient, at: TopicPartition, isolation: IsolationLevel) -> int:
        found = admin.list_offsets({at: OffsetSpec.latest()}, isolation_level=isolation)
        end: int = found[at].result(30).offset
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
