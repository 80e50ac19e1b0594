"""Says in words what a worker's processor time goes into, from the samples of `sampled.py`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PARTS = {
    "schemas": "reading and writing Avro",
    "agents": "what the agents do",
    "streams/work": "the pass over the agents",
    "streams/passes": "the pass over the agents",
    "streams/state": "reading and writing state",
    "streams/overlay": "reading and writing state",
    "streams/identity": "deriving ids",
    "streams": "the engine",
    "aiokafka": "the Kafka client",
    "faust": "Faust",
    "mode": "Faust",
}


@dataclass(frozen=True)
class Cost:
    """A share of the processor time, from 0 to 1, and what it goes into."""

    share: float
    what: str


@dataclass(frozen=True)
class Costs:
    """The parts of the work and the single functions, most expensive first."""

    parts: list[Cost]
    functions: list[Cost]

    def words(self) -> str:
        """One sentence on the largest cost."""
        if not self.parts:
            return "No sample was taken: the worker did nothing, or not for long enough."
        part, function = self.parts[0], self.functions[0]
        return (
            f"The largest cost is {part.what}: {part.share:.0%} of the worker's processor time; "
            f"the largest single function is {function.what} with {function.share:.0%}."
        )


def read_costs(path: Path) -> Costs:
    """The costs in a file that `sampled.py` wrote; empty ones if there is none."""
    if not path.exists():
        return Costs([], [])
    found = json.loads(path.read_text(encoding="utf-8"))
    return costs(found["own"], found["ours"])


def costs(own: Iterable[tuple[str, str, int]], ours: Iterable[tuple[str, str, int]]) -> Costs:
    """Group samples of (file, function, count).

    A part's time is that of our innermost functions and of whatever they called; a function's is
    its own.
    """
    parts: Counter[str] = Counter()
    for place, _, count in ours:
        parts[_part(place)] += count
    functions = {f"{function} ({place})": count for place, function, count in own}
    total = parts.total() or 1
    return Costs(
        [Cost(count / total, what) for what, count in parts.most_common()],
        [Cost(count / total, what) for what, count in Counter(functions).most_common(15)],
    )


def _part(place: str) -> str:
    for start, part in PARTS.items():
        if place.startswith(start):
            return part
    return "Python's own libraries"
