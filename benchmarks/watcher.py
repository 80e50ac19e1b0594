"""Watches how far a topic is committed, from outside of whoever writes it.

It asks the broker for the end that a read-committed reader may see, some twenty times a second.
So every peer is timed by the same clock, and none by itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from confluent_kafka.admin import AdminClient

from benchmarks.broker import ends

SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Sample:
    """The committed end of each partition at a moment of the monotonic clock, in seconds."""

    at: float
    ends: dict[int, int]

    @property
    def records(self) -> int:
        """Offsets below the ends; transaction markers have offsets too, so never too few."""
        return sum(self.ends.values())

    def covers(self, last: dict[int, int]) -> bool:
        """Whether the record at each of these offsets is committed."""
        return all(self.ends.get(partition, 0) > offset for partition, offset in last.items())


@dataclass
class Watcher:
    """Samples of one topic's committed ends, kept whenever they moved."""

    bootstrap: str
    topic: str
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._admin = AdminClient({"bootstrap.servers": self.bootstrap})

    def sample(self) -> Sample:
        """Ask once; the sample is kept if it differs from the last one."""
        sample = Sample(time.perf_counter(), ends(self._admin, self.topic))
        if not self.samples or self.samples[-1].ends != sample.ends:
            self.samples.append(sample)
        return sample

    @property
    def first(self) -> Sample | None:
        """The first sample with a committed record: here the clock starts."""
        return next((sample for sample in self.samples if sample.records), None)

    def reached(self, last: dict[int, int]) -> Sample | None:
        """The first sample that covers these offsets: here the clock stops."""
        return next((sample for sample in self.samples if sample.covers(last)), None)
