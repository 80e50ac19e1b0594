"""The end of the log, as far as its transactions are committed, for commands that look back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

AT_ONCE = 2_000


def reader(kafka: str, group: str) -> Consumer:
    """A consumer for `read_on`; a group is asked for by the client, and nothing joins it."""
    return Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": group,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )


def read_on(
    consumer: Consumer, places: Sequence[TopicPartition], seconds: float
) -> Iterator[Message]:
    """The records from these offsets on, until each partition has come to its end once.

    Raises `KafkaException`, also when nothing comes for so long.
    """
    consumer.assign(list(places))
    left = {(place.topic, place.partition) for place in places}
    while left:
        messages = consumer.consume(1, seconds)  # asked for more, it would wait for all of them
        if not messages:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        for message in (*messages, *consumer.consume(AT_ONCE, 0)):
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                left.discard((message.topic() or "", message.partition() or 0))
            else:
                raise KafkaException(error)
