"""The contract: an agent is a value. What it hears, what it holds, what it says; nothing else.

Agents are pure: no I/O, clock, random or logging. The shell (`streams/work.py`) decodes state, calls
`react` with one event at a time, fills in `event_id` and `caused_by` of what it says, and stores the
state; a simulation and an evaluation call the very same values without Kafka.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from schemas.record import Event, Outcome

S = TypeVar("S", bound=Struct)
V = TypeVar("V")

Tables = Mapping[str, Any]  # table name → its state; a table's module has the typed way in


class BrokenLedger(AssertionError):
    """The accounts of a key do not add up to zero: the one thing an agent may stop the process for."""


def become(state: S, other: S) -> None:
    """Make a state what another one is: the shell keeps the very object that an agent was handed."""
    for name in state.__struct_fields__:
        setattr(state, name, getattr(other, name))


class Woken(Struct, frozen=True, kw_only=True):
    """The key's own time has come: `occurred_at` is the moment that `wake_at` named."""

    event_id: str
    key: str
    occurred_at: int


class StoredMap(Protocol):
    """What the shell has stored of a map: entries by their keys."""

    def load(self, entry: str) -> Any | None:
        """One entry's value."""
        ...

    def scan(self) -> Iterable[tuple[str, Any]]:
        """All entries."""
        ...


class StateMap(MutableMapping[str, V], Generic[V]):
    """A map in an agent's state, stored one entry a record: only touched entries are read and logged.

    Values are frozen Structs: to change one, set it again. Iteration reads all entries of the key
    (ordered by entry key) and is for rare cases; bound what it holds.
    """

    __slots__ = ("_entries", "_stored", "touched")

    def __init__(self) -> None:
        self._entries: dict[str, V | None] = {}
        self._stored: StoredMap | None = None
        self.touched: set[str] = set()

    def bind(self, stored: StoredMap) -> None:
        """Called by the shell: where entries that are not in memory come from."""
        self._stored = stored

    def _read(self, key: str) -> V | None:
        try:
            return self._entries[key]
        except KeyError:
            value = self._stored.load(key) if self._stored is not None else None
            self._entries[key] = value
            return value

    def __getitem__(self, key: str) -> V:
        value = self._read(key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._read(key) is not None

    def __setitem__(self, key: str, value: V) -> None:
        self._entries[key] = value
        self.touched.add(key)

    def __delitem__(self, key: str) -> None:
        if self._read(key) is None:
            raise KeyError(key)
        self._entries[key] = None
        self.touched.add(key)

    def drain(self) -> list[tuple[str, V | None]]:
        """Called by the shell: what was set (or deleted: None) since the last call."""
        changed = [(key, self._entries[key]) for key in sorted(self.touched)]
        self.touched.clear()
        return changed

    def __iter__(self) -> Iterator[str]:
        if self._stored is not None:
            for key, value in self._stored.scan():
                self._entries.setdefault(key, value)
            self._stored = None
        return iter(sorted(k for k, v in self._entries.items() if v is not None))

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class Agent(Generic[S]):
    """The pure behaviour for one concern.

    `react` owns `state` for the call and yields outcomes (without `event_id` and `caused_by`).
    `wake_at` says when silence itself means something; after a wake-up it must be later, or None.
    A state equal to a fresh `initial()` is not stored.
    """

    name: str
    initial: type[S]
    listens_to: frozenset[type[Event | Outcome]]
    react: Callable[[S, Any, Tables], Iterable[Outcome]]
    wake_at: Callable[[S], int | None] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table's copy lives."""

    partition: int
    partitions: int


@dataclass(frozen=True, slots=True)
class Table(Generic[S]):
    """Small data that every partition holds whole (rules, gifts, models) or a fact of its time.

    Every partition hears the same broadcast events, actions or outcomes, and concludes alike; what is
    to be said once is said where `place.partition == 0`. A table that listens to what agents of its
    stage say hears it from those of its own partition, as it is said: it counts for that partition.
    """

    name: str
    initial: type[S]
    listens_to: frozenset[type[Event | Outcome]]
    react: Callable[[S, Any, Place], Iterable[Outcome]]


@dataclass(frozen=True, slots=True)
class Stage:
    """The agents that share a key, in the order in which they hear; and the tables they read."""

    name: str
    key: str
    agents: tuple[Agent[Any], ...]
    tables: tuple[Table[Any], ...] = ()
