"""Outcomes with a topic of their own, and those that every partition of a stage hears."""

from __future__ import annotations

import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from benchmarks.fleet import Process, eventually
from schemas import codec, topics
from schemas.dead_letters import DeadLetterProblem
from schemas.outcomes import OUTCOMES, GiftPriced, MemberEnrolled
from schemas.record import Outcome
from schemas.risk import AlertClosed, ModelChosen, ModelPublished
from schemas.samples import sample
from streams.ending import ExitCode
from streams.identity import partition_of
from streams.settings import Settings, read_settings
from streams.simulate import Simulation
from streams.topics import all_topics, create_topics
from streams.trouble import InsideBroken
from tests.simulation.schedule import serve
from tests.streams.harness import produce, read_committed
from tests.streams.learning_worker import POISONED, STAGES, learning
from tests.streams.small_agents import START, search

PARTITIONS = 3
MEMBER = "m"
HOME = partition_of(MEMBER, PARTITIONS)


def chosen(number: int, version: int | None = None) -> ModelChosen:
    return ModelChosen(
        event_id=f"chosen-{number}",
        model="payment",
        occurred_at=START + number,
        variant="a",
        version=version,
        chosen_by="operator-1",
    )


def run(*actions: Any) -> Simulation:
    simulation = Simulation(learning(PARTITIONS))
    for action in actions:
        simulation.emit(action)
        simulation.drain()
    return simulation


def versions(simulation: Simulation) -> list[list[int]]:
    """What each members partition has in its table."""
    return [
        worker.work._passes.tables["models"].versions  # as its agents see it
        for worker in simulation.workers
        if worker.behaviour.plan.name == "members"
    ]


def counts(outcomes: Iterator[Outcome]) -> dict[str, list[int]]:
    """What each partition said that it has heard."""
    found = defaultdict(list)
    for outcome in outcomes:
        if isinstance(outcome, GiftPriced):
            found[outcome.product_id].append(outcome.points)
    return dict(found)


# ---- the words -----------------------------------------------------------------------------------


def test_own_topics_have_one_reader() -> None:
    """Each topic that records name is declared, one stage hears it, and all or none of it is broadcast."""
    kinds = defaultdict(set)
    for record in OUTCOMES:
        assert record.TOPIC or not record.BROADCAST, record
        if record.TOPIC:
            kinds[record.TOPIC].add((record.STAGE, record.BROADCAST))
    assert kinds.keys() == {*topics.OWN}
    for topic, found in kinds.items():
        ((stage, broadcast),) = found
        assert topics.BROADCASTS.get(topic) == (stage if broadcast else None)


def test_a_topic_of_its_own_is_no_outcomes_topic() -> None:
    """What others look up."""
    assert topics.of(AlertClosed) == "alerts"
    assert topics.of(GiftPriced) == "outcomes.members"
    assert topics.sources("members") == ("models", "to.members", "actions.members")
    assert topics.sources("training") == ("to.training", "actions.training")


# ---- an alert ------------------------------------------------------------------------------------


def test_an_alert_lies_in_its_topic_and_is_heard_as_any_outcome() -> None:
    """Later agents hear it in the pass, earlier ones by the repartition topic; no copy elsewhere."""
    simulation = run(search("s1", MEMBER, "lamp"))
    said = [(r.topic, r.partition) for r in simulation.committed]
    assert said == [("alerts", HOME), ("to.members", HOME), ("outcomes.members", HOME)]
    kinds = [type(outcome) for outcome in simulation.outcomes()]
    assert kinds == [AlertClosed, MemberEnrolled]


# ---- a model -------------------------------------------------------------------------------------


def test_a_model_is_written_into_every_partition_alike() -> None:
    """The same bytes, in no other topic, and one outcome to whoever asks what was said."""
    simulation = run(chosen(1))
    copies = [r for r in simulation.committed if r.topic == "models"]
    assert [r.partition for r in copies] == [0, 1, 2]
    assert len({(r.key, r.value) for r in copies}) == 1
    assert not any(r.topic == "outcomes.training" for r in simulation.committed)
    assert sum(isinstance(said, ModelPublished) for said in simulation.outcomes()) == 1


def test_every_partition_hears_every_model_in_order() -> None:
    """And agents see the newest from the next event on."""
    simulation = run(
        chosen(1), search("s1", MEMBER, "lamp"), chosen(2), search("s2", MEMBER, "lamp")
    )
    assert versions(simulation) == [[1, 2]] * PARTITIONS
    alerts = [said.count for said in simulation.outcomes() if isinstance(said, AlertClosed)]
    assert alerts == [1, 2]
    assert counts(simulation.outcomes()) == {f"partition-{n}": [1, 2] for n in range(PARTITIONS)}


@pytest.mark.parametrize("seed", range(20))
def test_no_crash_loses_or_doubles_a_model(seed: int) -> None:
    """Served in any order, in batches of any size, with workers that die before or after a commit."""
    random, simulation = Random(seed), Simulation(learning(PARTITIONS))
    for number in range(1, 31):
        simulation.emit(chosen(number, number if number != POISONED else 99))
        serve(simulation, random, rounds=random.randrange(8))
    simulation.drain()
    heard = [n if n != POISONED else 99 for n in range(1, 31)]
    assert versions(simulation) == [heard] * PARTITIONS, f"seed {seed}"
    for worker in simulation.workers:
        worker.reopen()
    assert versions(simulation) == [heard] * PARTITIONS, f"seed {seed}"


def test_a_model_that_a_table_cannot_take_changes_nothing() -> None:
    """A dead letter for each partition; the version before it stays."""
    simulation = run(chosen(1), chosen(2, POISONED), chosen(3, 3))
    assert versions(simulation) == [[1, 3]] * PARTITIONS
    letters = simulation.dead_letters()
    assert {letter.problem for letter in letters} == {DeadLetterProblem.RAISED}
    assert sorted(letter.partition for letter in letters) == [0, 1, 2]


MODEL = codec.encode(sample(ModelPublished))
ALERT = codec.encode(msgspec.structs.replace(sample(AlertClosed), member_id=MEMBER))


@pytest.mark.parametrize(
    ("topic", "key", "value"),
    [
        ("models", b"m", ALERT),
        ("to.members", b"model-1", MODEL),
        ("models", b"another key", MODEL),
        ("models", b"model-1", codec.encode(chosen(1))),
    ],
)
def test_what_has_no_business_in_an_inside_topic_stops_the_process(
    topic: str, key: bytes, value: bytes
) -> None:
    """Its writers are ours: this is a bug, or a reader that is too old."""
    simulation = run()
    simulation.append(topic, HOME, START, key, value)
    with pytest.raises(InsideBroken, match=topic):
        simulation.drain()


def test_a_model_from_outside_is_a_dead_letter() -> None:
    """An actions topic is open to all, and all can write only actions there."""
    simulation = run()
    simulation.append("actions.members", HOME, START, b"model-1", MODEL)
    simulation.drain()
    (letter,) = simulation.dead_letters()
    assert letter.problem == DeadLetterProblem.WRONG_TOPIC
    assert versions(simulation) == [[]] * PARTITIONS


# ---- on Kafka ------------------------------------------------------------------------------------


@pytest.fixture
def settings(kafka: str, unique: str, tmp_path: Path) -> Settings:
    made = read_settings(
        kafka=kafka,
        data=tmp_path / "data",
        app=unique + "app",
        topic_prefix=unique,
        partitions=PARTITIONS,
    )
    create_topics(kafka, all_topics(made, STAGES))
    return made


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Iterator[Process]:
    environment = {
        "MEMBERSTREAM_KAFKA": settings.kafka,
        "MEMBERSTREAM_DATA": str(settings.data),
        "MEMBERSTREAM_APP": settings.app,
        "MEMBERSTREAM_TOPIC_PREFIX": settings.topic_prefix,
        "MEMBERSTREAM_PARTITIONS": str(settings.partitions),
        "MEMBERSTREAM_SESSION_TIMEOUT_SECONDS": "2",
        "MEMBERSTREAM_TRANSACTION_TIMEOUT_SECONDS": "6",
        "MEMBERSTREAM_TESTING": "1",
    }
    command = [sys.executable, "-m", "tests.streams.learning_worker"]
    made = Process(command, environment, tmp_path / "worker.log")
    yield made
    made.close()


def tell(settings: Settings, first: int, count: int) -> None:
    """Choose a model so many times, and let a member search as often."""
    for number in range(first, first + count):
        for action in (chosen(number), search(f"s-{number}", MEMBER, "lamp", START + number)):
            topic = settings.topic_prefix + topics.actions(action.STAGE)
            produce(settings.kafka, topic, [(action.key.encode(), codec.encode(action))])


def said(settings: Settings, topic: str) -> list[Outcome]:
    """What lies in a topic, partition by partition in order."""
    found = read_committed(settings.kafka, settings.topic_prefix + topic, PARTITIONS)
    return [codec.decode(message.value()) for message in found]  # type: ignore[misc]  # outcomes


def all_heard(settings: Settings, count: int) -> bool:
    """Wait until every partition has said that it has heard so many models."""

    def heard() -> bool:
        found = counts(iter(said(settings, "outcomes.members")))
        return len(found) == PARTITIONS and all(max(one) >= count for one in found.values())

    return eventually(heard, 90, 0.3)


@pytest.mark.parametrize("place", ["before-commit", "between-commit-and-store"])
def test_a_killed_worker_neither_loses_nor_doubles_a_model(
    settings: Settings, worker: Process, place: str
) -> None:
    """In every partition, in the transaction of the sayer, and once in each partition's table."""
    worker.start()
    tell(settings, 1, 2)
    assert all_heard(settings, 2), worker.said()
    worker.close()
    count = 2
    for nth in (1, 2, 3):  # the first to publish, the first to hear, and on
        worker.start(MEMBERSTREAM_TEST_FAILPOINT=f"{place}:kill:{nth}")
        tell(settings, count + 1, 3)
        count += 3
        assert worker.ends() == -signal.SIGKILL, worker.said()
    before = worker.acquired()
    worker.start()
    assert all_heard(settings, count), worker.said()
    assert eventually(lambda: worker.acquired() > before)  # others may have done it all before
    worker.send(signal.SIGTERM)
    assert worker.ends() == ExitCode.STOPPED, worker.said()
    whole = [*range(1, count + 1)]
    copies = [one.version for one in said(settings, "models") if isinstance(one, ModelPublished)]
    assert copies == whole * PARTITIONS
    assert set(map(tuple, counts(iter(said(settings, "outcomes.members"))).values())) == {
        tuple(whole)
    }
    alerts = said(settings, "alerts")
    assert len({alert.event_id for alert in alerts}) == len(alerts) == count
    assert said(settings, "outcomes.training") == []
