"""What each topic is set to, and how topics are created and checked; their names are in `schemas`.

Every topic is created explicitly, before anybody reads it. Its number of partitions is fixed then:
a key's partition follows from it, so a topic with another number is refused, never used.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, NewTopic

from schemas import topics
from streams.ending import Refused
from streams.settings import Settings

FOR_EVER = {"retention.ms": "-1"}
SECONDS = 30.0
LOOK_SECONDS = 0.05
COMPACTION_LAG_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it must be."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """A topic as it is; a topic that is deleted and made anew has another id."""

    topic_id: str
    partitions: int


def changelog_config(settings: Settings) -> dict[str, str]:
    """Compacted; a deletion stays readable for longer than any store may be away."""
    return {
        "cleanup.policy": "compact",
        "min.compaction.lag.ms": str(COMPACTION_LAG_MS),
        "delete.retention.ms": str(settings.tombstone_retention_seconds * 1000),
    }


def stage_topics(stage: str, settings: Settings) -> list[TopicSpec]:
    """The four topics of a stage, equally partitioned.

    Nothing is deleted by age: records carry their cause's time, so a stage that was away, or begins
    anew, would find what is for it deleted unread.
    """
    prefix, count = settings.topic_prefix, settings.partitions
    return [
        TopicSpec(prefix + topics.actions(stage), count, FOR_EVER),
        TopicSpec(prefix + topics.outcomes(stage), count, FOR_EVER),
        TopicSpec(prefix + topics.repartition(stage), count, FOR_EVER),
        TopicSpec(prefix + topics.changelog(stage), count, changelog_config(settings)),
    ]


def all_topics(settings: Settings, stages: Iterable[str] = topics.STAGES) -> list[TopicSpec]:
    """Every topic of the process."""
    prefix = settings.topic_prefix
    own = [TopicSpec(prefix + topic, settings.partitions, FOR_EVER) for topic in topics.OWN]
    letters = TopicSpec(prefix + topics.DEAD_LETTERS, 1, FOR_EVER)
    return [spec for stage in stages for spec in stage_topics(stage, settings)] + [*own, letters]


def create_topics(kafka: str, specs: Iterable[TopicSpec], replication: int = 1) -> list[str]:
    """Create what is missing; returns the names of those created.

    Raises `Refused` when one that exists has another number of partitions.
    """
    admin = AdminClient({"bootstrap.servers": kafka, "log_level": 4})
    wanted = list(specs)
    made = admin.create_topics(
        [
            NewTopic(spec.name, spec.partitions, replication, config=dict(spec.config))
            for spec in wanted
        ],
        operation_timeout=SECONDS,
    )
    created = [name for name, done in made.items() if _was_created(done)]
    _await(kafka, created)
    check_topics(kafka, wanted)
    return created


def _await(kafka: str, names: Iterable[str]) -> None:
    """A broker says that a topic is created before it knows it everywhere: wait until it does."""
    missing = set(names)
    ends = time.monotonic() + SECONDS
    while missing and time.monotonic() < ends:
        missing -= read_facts(kafka, missing).keys()
        if missing:
            time.sleep(LOOK_SECONDS)


def _was_created(done: object) -> bool:
    try:
        done.result()  # type: ignore[attr-defined]  # a concurrent Future, says the client
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise
    return True


def check_topics(kafka: str, specs: Iterable[TopicSpec]) -> dict[str, TopicFacts]:
    """Each topic's id and partitions. Raises `Refused` when one is missing or has other partitions."""
    wanted = {spec.name: spec for spec in specs}
    facts = read_facts(kafka, wanted)
    for name, spec in wanted.items():
        found = facts.get(name)
        if found is None:
            raise Refused(
                f"The topic {name} does not exist on {kafka}. Create the topics first: "
                "`memberstream topics create`."
            )
        if found.partitions != spec.partitions:
            raise Refused(
                f"The topic {name} has {found.partitions} partitions, the settings say "
                f"{spec.partitions}. Set MEMBERSTREAM_PARTITIONS={found.partitions}; to change the "
                "number, migrate into new topics."
            )
    return facts


def read_facts(kafka: str, names: Iterable[str]) -> dict[str, TopicFacts]:
    """What is known of these topics; those that do not exist are left out."""
    admin = AdminClient({"bootstrap.servers": kafka, "log_level": 4})
    found = admin.describe_topics(TopicCollection(list(names)), request_timeout=SECONDS)
    facts = {}
    for name, done in found.items():
        try:
            described = done.result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                continue
            raise
        facts[name] = TopicFacts(str(described.topic_id), len(described.partitions))
    return facts
