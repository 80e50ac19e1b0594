"""The auditor on a real Kafka: it waits for the workers, and says so when they do not come."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer

from audit.auditor import NotPassed, run
from audit.in_redis import TOPIC_OF, Valkey
from streams.clock import Ticks
from streams.settings import read_settings
from streams.topics import all_topics, create_topics

START = 1_300_060_800_000


@pytest.fixture
def topics(kafka: str, unique: str) -> str:
    """The prefix of the topics of a job that never ran."""
    create_topics(kafka, all_topics(read_settings(kafka=kafka, topic_prefix=unique, partitions=2)))
    return unique


def test_an_empty_log_is_right(kafka: str, topics: str) -> None:
    """Nothing was done, so nothing is missing."""
    audit = run(kafka, prefix=topics, group=topics)
    assert audit.right
    assert audit.actions == audit.outcomes == audit.ledger_sum == 0


def test_workers_that_do_not_come_are_named(kafka: str, topics: str) -> None:
    """Without them nothing can be judged: better no audit than a wrong one."""
    producer = Producer({"bootstrap.servers": kafka})
    Ticks(producer, topics).write(START)
    producer.flush()
    with pytest.raises(NotPassed, match=r"the workers have not come as far.*actions\.members/0"):
        run(kafka, prefix=topics, group=topics, wait_seconds=0.5)


def test_a_view_without_a_cursor_waits_for_its_own_topic_alone(redis: str) -> None:
    """Before the first alert there is no cursor of alerts, which is no lag of anything else."""
    cursors = Valkey(redis).cursors()
    assert cursors == [{(topic, 0): 0} for topic in TOPIC_OF.values()]
