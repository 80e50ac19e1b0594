"""What holds is read from the log, read_committed: nothing here asks a worker what it did."""

from __future__ import annotations

import time
from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition


def produce(kafka: str, topic: str, records: Iterable[tuple[bytes, bytes]]) -> None:
    """Write records as every producer of ours does; raises when one is not acknowledged."""
    producer = Producer(
        {"bootstrap.servers": kafka, "partitioner": "murmur2", "enable.idempotence": True}
    )
    for key, value in records:
        producer.produce(topic, value, key)
        producer.poll(0)
    assert producer.flush(30) == 0


def read_committed(kafka: str, topic: str, partitions: int) -> list[Message]:
    """All committed records, waiting for transactions that are open to be decided."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "harness",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
        }
    )
    ends = {
        at: consumer.get_watermark_offsets(TopicPartition(topic, at), timeout=60)[1]
        for at in range(partitions)
    }
    consumer.assign([TopicPartition(topic, at, 0) for at in ends])
    found: list[Message] = []
    deadline = time.monotonic() + 90
    while ends and time.monotonic() < deadline:
        for message in consumer.consume(5000, 0.2):
            error = message.error()
            if error is None:
                found.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                at = message.partition()
                if message.offset() >= ends.get(at, 0):
                    ends.pop(at, None)
    consumer.close()
    return found
