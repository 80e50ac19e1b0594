"""The labelled payments of an installation, read from the log: the newest of them, from its end backwards."""

from __future__ import annotations

from collections.abc import Iterator

from confluent_kafka import Consumer, TopicPartition

from evaluation.committed import read_on, reader
from evaluation.risk_dry_run import by_payment
from schemas import codec, topics
from schemas.risk import ExampleLabelled
from streams.identity import partition_of

PAYMENT = "payment"
SECONDS = 30.0
FIRST_LOOK = 2  # positions a payment: labels, corrections, and the ends of transactions


def newest_examples(
    kafka: str, partitions: int, count: int, *, prefix: str = "", model: str = PAYMENT
) -> list[ExampleLabelled]:
    """The last `count` payments that have a label, in the order of payment. Raises `KafkaException`.

    They lie where the training stage reads them. The look backwards is doubled until there are enough.
    """
    place = (prefix + topics.repartition("training"), partition_of(model, partitions))
    consumer = reader(kafka, "memberstream-dry-run")
    try:
        start, end = consumer.get_watermark_offsets(TopicPartition(*place), timeout=SECONDS)
        look = count * FIRST_LOOK
        while True:
            begin = max(start, end - look)
            found = by_payment(_read(consumer, place, begin, end, model))[-count:]
            if len(found) == count or begin == start:
                return found
            look *= 2
    finally:
        consumer.close()


def _read(
    consumer: Consumer, place: tuple[str, int], begin: int, end: int, model: str
) -> Iterator[ExampleLabelled]:
    if begin >= end:
        return
    for message in read_on(consumer, [TopicPartition(*place, begin)], SECONDS):
        record = codec.decode(message.value())
        if isinstance(record, ExampleLabelled) and record.model == model:
            yield record
        if (message.offset() or 0) >= end - 1:
            return
