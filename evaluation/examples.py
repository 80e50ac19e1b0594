"""The labelled payments of an installation, read from the log: the newest of them, from its end backwards."""

from __future__ import annotations

from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from evaluation.risk_dry_run import by_payment
from schemas import codec, topics
from schemas.risk import ExampleLabelled
from streams.identity import partition_of

PAYMENT = "payment"
SECONDS = 30.0
AT_ONCE = 1_000
FIRST_LOOK = 2  # positions a payment: labels, corrections, and the ends of transactions


def newest_examples(
    kafka: str, partitions: int, count: int, *, prefix: str = "", model: str = PAYMENT
) -> list[ExampleLabelled]:
    """The last `count` payments that have a label, in the order of payment. Raises `KafkaException`.

    They lie where the training stage reads them. The look backwards is doubled until there are enough.
    """
    place = (prefix + topics.repartition("training"), partition_of(model, partitions))
    consumer = _consumer(kafka)
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


def _consumer(kafka: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "memberstream-dry-run",  # asked for by the client; nothing joins it
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )


def _read(
    consumer: Consumer, place: tuple[str, int], begin: int, end: int, model: str
) -> Iterator[ExampleLabelled]:
    if begin >= end:
        return
    consumer.assign([TopicPartition(*place, begin)])
    while True:
        messages = consumer.consume(1, SECONDS)  # asked for more, it would wait for all of them
        if not messages:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        for message in (*messages, *consumer.consume(AT_ONCE, 0)):
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                return
            if error is not None:
                raise KafkaException(error)
            record = codec.decode(message.value())
            if isinstance(record, ExampleLabelled) and record.model == model:
                yield record
            if (message.offset() or 0) >= end - 1:
                return
