"""A worker for the engine's tests: it counts per key, and sends each event once through inside.

For an action (key, id) it says `key: id|count` and sends the id to the inside topic under another
key; for what comes from inside it says `key: inside|id|count`. So each id must be found twice, and
the counts of each key must be 1, 2, 3 … whatever happened to the workers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from streams.app import run
from streams.behaviour import Effects, Record, StoreView
from streams.identity import murmur2
from streams.settings import Settings, read_settings
from streams.stage import StageSpec
from streams.topics import TopicSpec, changelog_config

PREFIX = b"count\0"
KEYS = 20
SLOW_SECONDS = float(os.environ.get("COUNTING_SLOW_SECONDS", "0"))  # for each record


@dataclass(slots=True)
class CountingWork:
    """One partition."""

    partition: int
    partitions: int
    prefix: str
    store: StoreView
    effects_now: Effects = field(default_factory=Effects)

    @property
    def waiting(self) -> bool:
        return False

    def run(self, records: Sequence[Record], deadline: float) -> int:
        for taken, record in enumerate(records, 1):
            self._hear(record)
            if SLOW_SECONDS:
                time.sleep(SLOW_SECONDS)
            if time.perf_counter() > deadline:
                return taken
        return len(records)

    def _hear(self, record: Record) -> None:
        assert record.key is not None
        assert record.value is not None
        inside = record.topic.startswith(self.prefix + "to.")
        key = PREFIX + (b"inside/" if inside else b"") + record.key
        changes = self.effects_now.changes
        before = changes[key] if key in changes else self.store.get(key)
        count = b"%d" % (int(before or 0) + 1)
        changes[key] = count
        said = (b"inside|" if inside else b"") + record.value + b"|" + count
        self._say("outcomes.", self.partition, record.key, said, record.timestamp)
        if not inside:
            other = b"other-%d" % (murmur2(record.value) % KEYS)
            target = murmur2(other) % self.partitions
            self._say("to.", target, other, record.value, record.timestamp)

    def _say(self, topic: str, partition: int, key: bytes, value: bytes, at: int) -> None:
        where = (f"{self.prefix}{topic}counting", partition)
        self.effects_now.outputs.setdefault(where, []).append((key, value, at))

    def effects(self) -> Effects:
        found, self.effects_now = self.effects_now, Effects()
        return found

    def committed(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class CountingBehaviour:
    """The stage."""

    settings: Settings

    def open(self, partition: int, store: StoreView) -> CountingWork:
        return CountingWork(partition, self.settings.partitions, self.settings.topic_prefix, store)

    def topics_written(self) -> Iterable[str]:
        prefix = self.settings.topic_prefix
        return [f"{prefix}outcomes.counting", f"{prefix}to.counting"]


def counting_topics(settings: Settings) -> list[TopicSpec]:
    """The four topics of the stage."""
    names = ("actions", "to", "outcomes", "changelog")
    return [
        TopicSpec(
            f"{settings.topic_prefix}{name}.counting",
            settings.partitions,
            changelog_config(settings) if name == "changelog" else {},
        )
        for name in names
    ]


def counting_spec(settings: Settings) -> StageSpec:
    """The stage as the engine runs it."""
    prefix = settings.topic_prefix
    sources = (f"{prefix}to.counting", f"{prefix}actions.counting")
    changelog = f"{prefix}changelog.counting"
    return StageSpec(
        "counting", sources, changelog, settings.partitions, CountingBehaviour(settings)
    )


if __name__ == "__main__":
    read = read_settings()
    run(read, [counting_spec(read)])
