"""What the engine asks of a stage: the seam between the log and the work.

The engine (`engine.py`) moves batches, transactions, stores and partitions; it knows no event and no
agent. What a stage *does* with a record stands behind `Behaviour`: the members, products and
searches stages use the pass over agents (`work.py`), the benchmark a bare count per key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from streams.counters import Counters


class Record(Protocol):
    """One consumed record; aiokafka's ConsumerRecord has this shape."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...  # milliseconds, set by the producer
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class StoreView(Protocol):
    """What a stage may read of its partition's store: the committed state, nothing of the engine's own."""

    def get(self, key: bytes) -> bytes | None: ...
    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]: ...
    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]: ...


@dataclass(slots=True)
class Effects:
    """All that a batch did to one partition; the engine writes it in one transaction.

    `outputs`: (topic, partition) → records of (key, value, timestamp in ms), in order.
    `changes`: store key → new value, None deletes; one changelog record each, then the store.
    `counted`: what the work wants to be known of them, as metrics; none for nothing.
    """

    outputs: dict[tuple[str, int], list[tuple[bytes | None, bytes | None, int]]] = field(
        default_factory=dict
    )
    changes: dict[bytes, bytes | None] = field(default_factory=dict)
    counted: Counters | None = None


class PartitionWork(Protocol):
    """The work of one partition of a stage, between acquire and revocation."""

    def run(self, records: Sequence[Record], deadline: float) -> int:
        """React to records in order until `time.perf_counter()` passes `deadline`; at least one.

        Returns how many were taken. Nothing may leave but through `effects()`.
        """
        ...

    @property
    def waiting(self) -> bool:
        """True while wake-ups that are due are left: then `run` is called with no records too."""
        ...

    def effects(self) -> Effects:
        """What all `run` calls since the last commit did; asked once, right before the transaction."""
        ...

    def committed(self) -> None:
        """The transaction is in the log and the store is written."""
        ...


class Behaviour(Protocol):
    """What a stage does; one object a stage and worker."""

    def open(self, partition: int, store: StoreView) -> PartitionWork:
        """Take a restored partition into work; may scan the store (due index, tables)."""
        ...

    def topics_written(self) -> Iterable[str]:
        """Every topic that `effects` can name, so that the engine checks them at the start."""
        ...
