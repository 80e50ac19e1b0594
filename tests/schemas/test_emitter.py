"""The Emitter on a real Kafka: what a platform service says arrives, where every other producer puts it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas import codec, topics
from schemas.actions import GiftListed, PurchaseMade, SearchMade
from schemas.emitter import DeliveryFailed, Emitter, InvalidAction
from streams.identity import partition_of
from streams.settings import read_settings
from streams.topics import create_topics, stage_topics

PARTITIONS = 3
AT = 1_300_000_000_000


@pytest.fixture
def prefix(kafka: str, unique: str) -> str:
    settings = read_settings(kafka=kafka, topic_prefix=unique, partitions=PARTITIONS)
    create_topics(kafka, stage_topics("members", settings))
    return unique


def search(number: int, term: str = "lamp") -> SearchMade:
    return SearchMade(event_id=f"e{number}", member_id=f"m{number}", occurred_at=AT, term=term)


def listed(name: str, number: int) -> GiftListed:
    return GiftListed(
        event_id=f"{name}-{number}",
        product_id="mug",
        occurred_at=AT,
        effective_at=AT,
        points=number + 1,
    )


def read(kafka: str, prefix: str, count: int) -> dict[int, list[str]]:
    """Ids of the actions by partition, in order, once `count` are there in all."""
    consumer = Consumer(
        {"bootstrap.servers": kafka, "group.id": "reader", "enable.auto.commit": False}
    )
    topic = prefix + topics.actions("members")
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    found: dict[int, list[str]] = {number: [] for number in range(PARTITIONS)}
    for message in consumer.consume(count, 10):
        found[message.partition()].append(codec.decode(message.value()).event_id)
    consumer.close()
    return found


def test_each_action_is_in_the_partition_of_its_key(kafka: str, prefix: str) -> None:
    """murmur2 of the raw key, as every producer of these topics."""
    with Emitter(kafka, prefix=prefix) as emitter:
        for number in range(50):
            emitter.emit(search(number))
    for partition, ids in read(kafka, prefix, 50).items():
        assert ids
        assert all(partition_of(one.replace("e", "m"), PARTITIONS) == partition for one in ids)


def test_a_broken_limit_raises_and_sends_nothing(kafka: str, prefix: str) -> None:
    """The text names the field; what comes after it arrives."""
    with Emitter(kafka, prefix=prefix) as emitter:
        with pytest.raises(InvalidAction, match="term"):
            emitter.emit(search(1, term=""))
        with pytest.raises(InvalidAction, match="lines"):
            emitter.emit(
                PurchaseMade(
                    event_id="e2",
                    member_id="m",
                    occurred_at=AT,
                    order_id="o",
                    currency="GBP",
                    lines=[],
                )
            )
        emitter.emit(search(3))
    assert [one for ids in read(kafka, prefix, 1).values() for one in ids] == ["e3"]


def test_a_delivery_that_failed_raises_with_the_action(kafka: str) -> None:
    """A topic that is not there: nothing is lost in silence."""
    emitter = Emitter(kafka, prefix="nobody-made-this.", delivery_timeout_ms=2_000)
    emitter.emit(search(1))
    with pytest.raises(DeliveryFailed, match="e1") as failed:
        emitter.flush()
    assert [action.event_id for action, _ in failed.value.failed] == ["e1"]


def test_broadcasts_are_in_one_order_everywhere(kafka: str, prefix: str) -> None:
    """Two operators at the same time: every partition has all of it, in the same order."""

    def tell(name: str, numbers: Sequence[int]) -> None:
        with Emitter(kafka, prefix=prefix) as emitter:
            for number in numbers:
                emitter.emit(listed(name, number))

    operators = [threading.Thread(target=tell, args=(name, range(5))) for name in ("a", "b")]
    for operator in operators:
        operator.start()
    for operator in operators:
        operator.join()
    found = read(kafka, prefix, 2 * 5 * PARTITIONS)
    assert len(found[0]) == len(set(found[0])) == 10
    assert found[1] == found[2] == found[0]


def test_settings_of_librdkafka(kafka: str, prefix: str) -> None:
    """With _ for their dots; the one that has an underscore itself keeps it, and a wrong one is refused."""
    with Emitter(kafka, prefix=prefix, log_level=2, client_id="shop") as emitter:
        emitter.emit(search(1))
    assert sum(map(len, read(kafka, prefix, 1).values())) == 1
    with pytest.raises(KafkaException, match=r"log\.levels"):
        Emitter(kafka, log_levels=2)
