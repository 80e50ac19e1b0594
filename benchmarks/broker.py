"""The broker's own view of its topics: create them, delete them, and how far they reach."""

from __future__ import annotations

import time

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    NewTopic,
    OffsetSpec,
)

PARTITIONS = 12


def ends(admin: AdminClient, topic: str) -> dict[int, int]:
    """Partition → the end that a read-committed reader may see; raises KafkaException."""
    newest = OffsetSpec.latest()
    asked = {TopicPartition(topic, partition): newest for partition in range(PARTITIONS)}
    answers = admin.list_offsets(
        asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=10
    )
    return {asked.partition: answer.result().offset for asked, answer in answers.items()}


def create_topic(bootstrap: str, name: str, **settings: str) -> None:
    """Create a topic of `PARTITIONS` partitions, and wait until all of them answer.

    Raises KafkaException when that fails, or when they do not answer in 10 s.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap})
    topic = NewTopic(name, num_partitions=PARTITIONS, replication_factor=1, config=settings)
    admin.create_topics([topic])[name].result(30)
    give_up_at = time.monotonic() + 10
    while True:
        try:
            ends(admin, name)
            return
        except KafkaException:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.05)


def delete_topics(bootstrap: str, part: str) -> None:
    """Delete every topic whose name contains `part`: a bench leaves nothing behind."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    names = [name for name in admin.list_topics(timeout=30).topics if part in name]
    if names:
        for deleted in admin.delete_topics(names).values():
            deleted.result(30)
