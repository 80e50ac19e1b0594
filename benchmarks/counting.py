"""The engine's own speed: a stage that counts per key and says the count, over a filled topic.

State, changelog and one output an event, in transactions; bytes in and out, nothing to decode. Started
by the benchmark like every peer: `python -m benchmarks.counting --bootstrap … --topic-in …`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.peer import Peer, running
from benchmarks.verifier import read_outputs
from benchmarks.watcher import Watcher
from benchmarks.workload import Work, load
from streams.app import run
from streams.behaviour import Effects, Record, StoreView
from streams.settings import read_settings
from streams.stage import StageSpec
from streams.topics import TopicSpec, create_topics, read_facts

AT_ONCE = 512
KEYS_KEPT = 100_000
PREFIX = b"count\0"


@dataclass(slots=True)
class CountWork:
    """One partition: counts in memory, as far as they are kept, over the store."""

    partition: int
    topic_out: str
    store: StoreView
    counts: dict[bytes, int] = field(default_factory=dict)
    outputs: list[tuple[bytes | None, bytes | None, int]] = field(default_factory=list)
    changed: dict[bytes, bytes | None] = field(default_factory=dict)

    @property
    def waiting(self) -> bool:
        """Nothing here waits for a time."""
        return False

    def run(self, records: Sequence[Record], deadline: float) -> int:
        """Count each record's key."""
        taken = 0
        while taken < len(records):
            chunk = records[taken : taken + AT_ONCE]
            self._fetch(chunk)
            self._count(chunk)
            taken += len(chunk)
            if perf_counter() > deadline:
                break
        return taken

    def _fetch(self, chunk: Sequence[Record]) -> None:
        """Read at once what is not in memory; forget all when it is too much."""
        counts = self.counts
        if len(counts) > KEYS_KEPT:
            counts.clear()
        cold = list({key for record in chunk if (key := record.key or b"") not in counts})
        if not cold:
            return
        stored = self.store.get_many([PREFIX + key for key in cold])
        for key, value in zip(cold, stored, strict=True):
            changed = self.changed.get(PREFIX + key, value)
            counts[key] = int(changed or 0)

    def _count(self, chunk: Sequence[Record]) -> None:
        counts, changed, say = self.counts, self.changed, self.outputs.append
        for record in chunk:
            key = record.key or b""
            count = counts[key] = counts[key] + 1
            value = b"%d" % count
            changed[PREFIX + key] = value
            say((key, value, record.timestamp))

    def effects(self) -> Effects:
        """One output an event, one change a key."""
        outputs, changed = self.outputs, self.changed
        self.outputs, self.changed = [], {}
        return Effects({(self.topic_out, self.partition): outputs}, changed)

    def committed(self) -> None:
        """Nothing to do: what is in memory is what is in the store."""


@dataclass(frozen=True, slots=True)
class CountBehaviour:
    """Counts per key; outputs go to the same partition of `topic_out`."""

    topic_out: str

    def open(self, partition: int, store: StoreView) -> CountWork:
        """One partition."""
        return CountWork(partition, self.topic_out, store)

    def topics_written(self) -> Iterable[str]:
        """The one topic."""
        return [self.topic_out]


def count_spec(topics_in: Sequence[str], topic_out: str, partitions: int) -> StageSpec:
    """A stage that counts."""
    behaviour = CountBehaviour(topic_out)
    return StageSpec("count", tuple(topics_in), f"{topic_out}.changelog", partitions, behaviour)


def events_per_second(kafka: str, events: int = 1_000_000) -> float:
    """Fill a topic, count it in a process of its own, check every count; the engine's rate."""
    work = Work(f"counting-{time.time_ns()}", events)
    load(kafka, work)
    topic_out = f"{work.topic}.counts"
    partitions = read_facts(kafka, [work.topic])[work.topic].partitions
    create_topics(kafka, [TopicSpec(topic_out, partitions)])
    with TemporaryDirectory(prefix="counting-") as folder:
        ours = Peer("ours", "engine", lambda: ["python", "-m", "benchmarks.counting"])
        watcher = Watcher(kafka, topic_out)
        arguments = ours.arguments(kafka, work.topic, topic_out, Path(folder))
        log = Path(folder) / "log"
        with running([*_command(), *arguments], log):
            while watcher.sample().records < events:
                time.sleep(0.05)
        first = watcher.first
        assert first is not None
        outputs = read_outputs(kafka, topic_out, first.ends)
        last = watcher.reached(outputs.last) or watcher.samples[-1]
    assert outputs.tally.verdict(work.counts()).exact
    return (outputs.tally.outputs - outputs.before) / (last.at - first.at)


def _command() -> list[str]:
    import sys

    return [sys.executable, "-m", "benchmarks.counting"]


def main() -> None:
    """Count until stopped."""
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "topic-in", "topic-out", "data", "group"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    partitions = read_facts(given.bootstrap, [given.topic_in])[given.topic_in].partitions
    spec = count_spec([given.topic_in], given.topic_out, partitions)
    config = {"cleanup.policy": "compact"}
    create_topics(given.bootstrap, [TopicSpec(spec.changelog, partitions, config)])
    settings = read_settings(kafka=given.bootstrap, data=Path(given.data), app=given.group)
    run(settings, [spec])


if __name__ == "__main__":
    main()
