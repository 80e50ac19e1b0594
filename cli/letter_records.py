"""The record behind a dead letter: the whole of it, and whether it may be sent again as it was.

A letter holds the beginning of a long record, and the place where the whole lies; the actions topics
are kept for ever.
"""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from msgspec import structs

from cli.trouble import Trouble
from schemas import codec, topics
from sinks.postgres.answers import DeadLetter
from streams.outbox import DEAD_VALUE_BYTES
from streams.settings import Settings

SECONDS = 10.0
GONE = {
    KafkaError._AUTO_OFFSET_RESET,
    KafkaError._PARTITION_EOF,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError.OFFSET_OUT_OF_RANGE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}


def is_cut(letter: DeadLetter) -> bool:
    """Its key or its value is so long that the letter may hold only the beginning."""
    kept = (letter.record_key or b"", letter.record_value or b"")
    return max(map(len, kept)) >= DEAD_VALUE_BYTES


def with_whole_record(letter: DeadLetter, settings: Settings) -> DeadLetter:
    """The letter with its record whole, read where it lies if need be.

    Raises `Trouble` when it is gone, `KafkaException` when Kafka does not answer.
    """
    if not is_cut(letter):
        return letter
    record = _read(letter, settings)
    if record is None or not _is_of(letter, record):
        raise Trouble(
            f"The record of {letter.source} is gone.",
            f"The letter holds its first {DEAD_VALUE_BYTES // 1024} KiB only, and what lies in the "
            "log at its place now is not it.",
            "Give what it should be: memberstream dead-letters replay --file corrected.json.",
        )
    return structs.replace(letter, record_key=record.key(), record_value=record.value())


def refuse_inside(letter: DeadLetter, settings: Settings) -> None:
    """Only what came as an action is sent again. Raises `Trouble`.

    An outcome between stages has no id that its readers remember: sent again, it is applied again.
    """
    if letter.topic in {settings.topic_prefix + topics.actions(stage) for stage in topics.STAGES}:
        return
    raise Trouble(
        f"{letter.source} is not sent again.",
        f"It is no action: it is {_what(letter)}, on its way between agents, and "
        f"{letter.stage} could not take it. Nothing on {letter.topic} drops repeats: sent twice, it "
        "would be applied twice. What caused it was taken, and would be dropped as a repeat.",
        "Mend the agent; then put right what is missing by an action with an id of its own, such as "
        "PointsAdjusted or StockAdjusted: memberstream emit, or --file here.",
        exit_code=2,
    )


def _what(letter: DeadLetter) -> str:
    try:
        record = codec.decode(letter.record_value)
    except codec.Unreadable:
        return f"the outcome {letter.caused_by}"
    cause = getattr(record, "caused_by", "")
    followed = f", caused by {cause}" if cause else ""
    return f"the {type(record).__name__} {record.event_id}{followed}"


def _is_of(letter: DeadLetter, record: Message) -> bool:
    pairs = ((record.key(), letter.record_key), (record.value(), letter.record_value))
    return all((whole and whole[:DEAD_VALUE_BYTES]) == kept for whole, kept in pairs)


def _read(letter: DeadLetter, settings: Settings) -> Message | None:
    """What lies at the letter's place; none: nothing does."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "group.id": "memberstream-letters",  # asked for by the client; nothing joins it
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        }
    )
    try:
        consumer.assign([TopicPartition(letter.topic, letter.partition, letter.offset)])
        found = _first(consumer)
    finally:
        consumer.close()
    return found if found is not None and found.offset() == letter.offset else None


def _first(consumer: Consumer) -> Message | None:
    until = time.monotonic() + SECONDS
    while (left := until - time.monotonic()) > 0:
        message = consumer.poll(left)
        if message is None:
            break
        error = message.error()
        if error is None:
            return message
        if error.code() in GONE:
            return None
        if error.fatal() or not error.retriable():
            raise KafkaException(error)
    raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "The record could not be read in time"))
