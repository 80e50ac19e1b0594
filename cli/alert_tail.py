"""Alerts as they are said: the topic read on and on, a line each."""

from __future__ import annotations

import json

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from cli.lag import Log
from cli.terminal import say, when
from schemas import codec, topics
from schemas.risk import (
    AlertClosed,
    AlertOpened,
    AlertOutcome,
    AlertSuppressed,
    AlertUpdated,
)
from streams.settings import Settings

LOOK_SECONDS = 0.2
AT_ONCE = 500


def follow(settings: Settings, *, from_start: bool, limit: int, as_json: bool) -> None:
    """Print until `limit` lines are printed; 0: until interrupted. Raises `KafkaException`."""
    ends = Log(settings).ends(Log(settings).places([topics.ALERTS]))
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "group.id": "memberstream-tail",  # asked for by the client; nothing joins it
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
        }
    )
    try:
        consumer.assign(
            [
                TopicPartition(
                    settings.topic_prefix + place.topic,
                    place.partition,
                    OFFSET_BEGINNING if from_start else end,
                )
                for place, end in ends.items()
            ]
        )
        _print(consumer, limit, as_json)
    finally:
        consumer.close()


def _print(consumer: Consumer, limit: int, as_json: bool) -> None:
    printed = 0
    while True:
        for message in consumer.consume(AT_ONCE, LOOK_SECONDS):
            error = message.error()
            if error is not None:
                if error.fatal() or not error.retriable():
                    raise KafkaException(error)
                continue
            record = codec.decode(message.value())
            assert isinstance(record, AlertOutcome)  # nothing else lies there
            _line(record, as_json)
            printed += 1
            if printed == limit:
                return


def _line(record: AlertOutcome, as_json: bool) -> None:
    if as_json:
        fields = {"type": type(record).__name__, **msgspec.to_builtins(record)}
        print(json.dumps(fields, ensure_ascii=False), flush=True)
        return
    say(
        f"{when(record.occurred_at)}  {_word(record):<10} {record.alert_id}  {record.kind}  "
        f"member {record.member_id}: {record.summary}"
    )


def _word(record: AlertOutcome) -> str:
    match record:
        case AlertOpened():
            return "OPENED"
        case AlertUpdated():
            return "UPDATED"
        case AlertSuppressed():
            return "SUPPRESSED"
        case AlertClosed():
            return record.end.value
        case _:
            raise AssertionError(record)
