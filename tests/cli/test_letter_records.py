"""What is sent again is the record itself, whole; what agents said to each other is not sent at all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from agents import Agent, Stage
from cli.letter_records import is_cut, refuse_inside, with_whole_record
from cli.trouble import Trouble
from schemas.codec import encode
from schemas.dead_letters import DeadLettered
from schemas.outcomes import ProductViewed
from schemas.record import Outcome
from sinks.postgres.answers import DeadLetter
from streams.identity import partition_of
from streams.outbox import DEAD_VALUE_BYTES
from streams.plan import Topology
from streams.settings import Settings
from streams.simulate import Simulation
from tests.streams.small_agents import MEMBERS, START, Views, look

LONG = encode(look("1", "m", "p" * 300_000))  # beyond the limit of a product's id
PARTITIONS = {"members": 1, "products": 1}


def stumble(_state: Views, _event: Any, _tables: Any) -> Iterable[Outcome]:
    """Takes nothing."""
    raise ValueError("no views today")


STUMBLE = Agent("view", Views, frozenset({ProductViewed}), stumble)
TOPOLOGY = Topology((MEMBERS, Stage("products", "product_id", (STUMBLE,))), PARTITIONS)


def as_asked(letter: DeadLettered) -> DeadLetter:
    """The letter as the view answers it."""
    fields = msgspec.structs.asdict(letter)
    moment = datetime.fromtimestamp(letter.occurred_at / 1000, UTC)
    known = {name: fields[name] for name in DeadLetter.__struct_fields__ if name in fields}
    return DeadLetter(**(known | {"problem": letter.problem.value, "occurred_at": moment}))


def test_what_agents_said_to_each_other_is_not_sent_again() -> None:
    """An inside topic drops no repeats: it is named, with what caused it and what to do instead."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(look("the-look", "m", "guest"))
    simulation.drain()
    (letter,) = simulation.dead_letters()
    assert letter.topic == "to.products"
    with pytest.raises(Trouble) as refused:
        refuse_inside(as_asked(letter), Settings(kafka="127.0.0.1:1"))
    assert f"ProductViewed {letter.caused_by}, caused by the-look" in refused.value.detail
    assert "applied twice" in refused.value.detail
    assert "PointsAdjusted" in refused.value.remedy


@pytest.mark.parametrize(("prefix", "taken"), [("", True), ("other.", False)])
def test_an_action_is_sent_again_in_its_own_installation(prefix: str, taken: bool) -> None:
    """Topics of another prefix are not ours."""
    letter = as_asked(dead("actions.members", [b"\x07nonsense"])[0])
    settings = Settings(kafka="127.0.0.1:1", topic_prefix=prefix)
    if taken:
        refuse_inside(letter, settings)
    else:
        with pytest.raises(Trouble):
            refuse_inside(letter, settings)


def dead(topic: str, values: list[bytes]) -> list[DeadLettered]:
    """The dead letters of these records."""
    prefix = topic.removesuffix("actions.members")
    simulation = Simulation(Topology((MEMBERS,), PARTITIONS, prefix))
    for value in values:
        simulation.append(topic, partition_of("m", 1), START, b"m", value)
    simulation.drain()
    return simulation.dead_letters()


def in_the_log(kafka: str, topic: str, values: list[bytes]) -> None:
    """Write records into a topic of one partition."""
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    producer = Producer({"bootstrap.servers": kafka})
    for value in values:
        producer.produce(topic, value, b"m", 0)
    assert producer.flush(30) == 0


@pytest.mark.parametrize("value", [LONG, b"\xff" * 300_000])
def test_a_long_record_is_read_whole_where_it_lies(kafka: str, unique: str, value: bytes) -> None:
    """The letter has its first 256 KiB; what is sent again has all of it."""
    topic = f"{unique}actions.members"
    values = [b"before", value, b"after"]
    in_the_log(kafka, topic, values)
    letter = as_asked(dead(topic, values)[1])
    assert is_cut(letter)
    assert letter.record_value == value[:DEAD_VALUE_BYTES]
    whole = with_whole_record(letter, Settings(kafka=kafka))
    assert (whole.record_key, whole.record_value) == (b"m", value)


@pytest.mark.parametrize("lying", [[], [b"before"], [b"before", b"\xfe" * 300_000]])
def test_a_long_record_that_is_gone_is_said(kafka: str, unique: str, lying: list[bytes]) -> None:
    """Nothing lies there, or another record: half a record is not sent."""
    topic = f"{unique}actions.members"
    letter = as_asked(dead(topic, [b"before", LONG])[1])
    in_the_log(kafka, topic, lying)
    with pytest.raises(Trouble, match="is gone"):
        with_whole_record(letter, Settings(kafka=kafka))


def test_a_short_record_needs_no_kafka() -> None:
    """The letter holds it whole."""
    letter = as_asked(dead("actions.members", [b"\xff" * (DEAD_VALUE_BYTES - 1)])[0])
    assert with_whole_record(letter, Settings(kafka="127.0.0.1:1")) == letter
