"""What the contract test does at the broker: topics of its own, golden records in, answers out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 3
SECONDS = 30.0
LINGER_SECONDS = 2.0
Fields = dict[str, Any]


@contextmanager
def topics(kafka: str, names: Sequence[str]) -> Iterator[None]:
    """Topics of this trial, deleted afterwards."""
    admin = AdminClient({"bootstrap.servers": kafka, "log_level": 0})
    for made in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names]).values():
        made.result(SECONDS)
    try:
        yield
    finally:
        for gone in admin.delete_topics(list(names)).values():
            gone.result(SECONDS)


def write(kafka: str, topic: str, cases: Sequence[Fields]) -> None:
    """Every case's records, a transaction each case; aborted ones in one that is never committed."""
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": f"{topic}.writer"})
    producer.init_transactions(SECONDS)
    for case in cases:
        for aborted in (False, True):
            records = [r for r in case["records"] if r.get("aborted", False) is aborted]
            if not records:
                continue
            producer.begin_transaction()
            for record in records:
                value = None if record["value"] is None else bytes.fromhex(record["value"])
                key = record["key"].encode()
                producer.produce(topic, value, key, murmur2(key) % PARTITIONS)
            producer.flush(SECONDS)
            (producer.abort_transaction if aborted else producer.commit_transaction)(SECONDS)


def read(kafka: str, topic: str) -> list[tuple[int, bytes | None, bytes | None]]:
    """All records of a topic: partition, key, value."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": f"{topic}.reader",
                         "auto.offset.reset": "earliest", "enable.auto.commit": False})  # fmt: skip
    consumer.subscribe([topic])
    found = []
    until = time.monotonic() + SECONDS
    try:
        while time.monotonic() < until:
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                found.append((message.partition() or 0, message.key(), message.value()))
                until = min(until, time.monotonic() + LINGER_SECONDS)
    finally:
        consumer.close()
    return found


def murmur2(data: bytes) -> int:
    """The hash by which Kafka's own clients choose a partition, made positive.

    >>> murmur2(b"21") == -973932308 & 0x7FFFFFFF
    True
    """
    mask, factor = 0xFFFFFFFF, 0x5BD1E995
    value, whole = 0x9747B28C ^ len(data), len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * factor & mask
        value = (value * factor & mask) ^ ((word ^ word >> 24) * factor & mask)
    if len(data) > whole:
        value = (value ^ int.from_bytes(data[whole:], "little")) * factor & mask
    value = (value ^ value >> 13) * factor & mask
    return (value ^ value >> 15) & 0x7FFFFFFF
