"""Says in words what a worker's processor time goes into, from the samples of `sampled.py`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

AGENT = "agents/"
IMPORTING = ":<module>"
STARTING = "starting: imports"
# The first that a sample's "file:function" begins with names its part.
PARTS = {
    "agents/__init__": "decoding and encoding state",
    "schemas/codec.py:encode": "writing Avro, limits checked",
    "schemas/codec.py:validate": "writing Avro, limits checked",
    "schemas/compiled": "writing Avro, limits checked",
    "schemas": "reading Avro to Structs",
    "streams/intake": "checking what comes in",
    "streams/identity.py:derived_id": "deriving ids",
    "streams/identity": "hashing, the ring of seen ids",
    "streams/outbox": "filing what agents say",
    "streams/work": "the pass over the agents",
    "streams/passes": "the pass over the agents",
    "streams/partition": "the pass over the agents",
    "streams/plan": "the pass over the agents",
    "streams/store.py:Store.write": "writing the store",
    "streams/store": "reading the store",
    "streams/overlay.py:Overlay.fetch": "reading the store",
    "streams/state": "decoding and encoding state",
    "streams/memory": "decoding and encoding state",
    "streams/overlay": "decoding and encoding state",
    "streams/due": "decoding and encoding state",
    "streams/transaction": "transactions: laying out and sending",
    "streams/offset_commit": "transactions: laying out and sending",
    "streams/engine": "transactions: laying out and sending",
    "streams/transport": "fetching",
    "streams/app.py:run": "the event loop and its sockets",  # its own turns, outside of any call
    "streams": "the rest of the engine",
    "aiokafka/consumer": "fetching",
    "aiokafka/producer": "transactions: laying out and sending",
    "aiokafka": "the Kafka client",
    "faust": "Faust",
    "mode": "Faust",
    "<frozen importlib": STARTING,
    "selector": "the event loop and its sockets",
    "threading": "the event loop and its sockets",
    "base_events": "the event loop and its sockets",
    "events": "the event loop and its sockets",
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
    for place, function, count in ours:
        parts[_part(f"{place}:{function}")] += count
    functions = {f"{function} ({place})": count for place, function, count in own}
    total = parts.total() or 1
    return Costs(
        [Cost(count / total, what) for what, count in parts.most_common()],
        [Cost(count / total, what) for what, count in Counter(functions).most_common(15)],
    )


def _part(named: str) -> str:
    if named.endswith(IMPORTING):
        return STARTING
    found = next((part for start, part in PARTS.items() if named.startswith(start)), None)
    if found is None and named.startswith(AGENT):
        return f"the agent {named.removeprefix(AGENT).partition('.py')[0]}"
    return found or "Python's own libraries"
