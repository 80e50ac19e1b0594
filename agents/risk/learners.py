"""What the training stage keeps of a model: its variants side by side, what waits, what was published."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from msgspec import Struct, field

from agents import StateMap
from agents.risk import drift
from agents.risk.model import UNKNOWN, Column, Correction, Model
from agents.risk.quality import Day


class Variant(Struct, array_like=True):
    """One of a model's variants: what has learned, and what was published of it.

    `fresh` counts the examples since the last version; `metrics` are those of the day measured last.
    """

    model: Model
    version: int = 0
    published_at: int = 0
    fresh: int = 0
    metrics: dict[str, float] = field(default_factory=dict)

    @classmethod
    def beginning(cls, rate: float) -> Variant:
        """A variant that has learned nothing."""
        return cls(Model(rate=rate))


class Columns(MutableMapping[str, Column]):
    """One variant's columns in a map that holds those of all."""

    def __init__(self, columns: StateMap[Column], variant: str) -> None:
        self._columns = columns
        self._prefix = f"{variant}/"

    def __getitem__(self, name: str) -> Column:
        return self._columns[self._prefix + name]

    def __setitem__(self, name: str, column: Column) -> None:
        self._columns[self._prefix + name] = column

    def __delitem__(self, name: str) -> None:
        del self._columns[self._prefix + name]

    def __iter__(self) -> Iterator[str]:
        for name in self._columns:
            if name.startswith(self._prefix):
                yield name.removeprefix(self._prefix)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Example(Struct, frozen=True, array_like=True):
    """A labelled example that waits to be learned from."""

    features: dict[str, float]
    fraud: bool
    weight: float
    paid_at: int
    corrects: bool | None
    known_at: int = 0
    payment_id: str = ""
    said: float | None = None  # the probability when it was paid; none: there was no model yet

    def correction(self) -> Correction | None:
        """What it corrects; none: it is the payment's first label."""
        if self.corrects is None:
            return None
        return Correction(self.corrects, UNKNOWN if self.said is None else self.said)


class Remembered(Struct, frozen=True, array_like=True):
    """An honest example that may be learned again: the bins of its features."""

    payment_id: str
    bins: dict[str, int]


class Rehearsal(Struct, array_like=True):
    """How many honest examples came, how many are owed (below 0: credit), whose turn it is."""

    honest: int = 0
    owed: float = 0.0
    turn: int = 0


class Kept(Struct, frozen=True, array_like=True):
    """A version that can be gone back to."""

    version: int
    examples: int
    frauds: int
    learned_until: int
    base: float
    weights: dict[str, dict[int, float]]


class Training(Struct):
    """A model's variants and what is known of their quality; `open_days`: when last heard of.

    `hour_ends_at`: the end of the hour of the first example since the last end of an hour.
    """

    champion: str = ""
    pinned: int | None = None  # the champion's version that decides; none: the newest
    now: int = 0
    variants: dict[str, Variant] = field(default_factory=dict)
    columns: StateMap[Column] = field(default_factory=StateMap)
    waiting: StateMap[Example] = field(default_factory=StateMap)
    waiting_count: int = 0
    hour_ends_at: int | None = None
    kept: StateMap[Kept] = field(default_factory=StateMap)
    days: StateMap[Day] = field(default_factory=StateMap)
    day_numbers: list[int] = field(default_factory=list)
    open_days: dict[int, int] = field(default_factory=dict)
    rehearsal: Rehearsal = field(default_factory=Rehearsal)
    remembered: StateMap[Remembered] = field(default_factory=StateMap)
    losses: drift.Losses = field(default_factory=drift.Losses)


def columns_of(columns: StateMap[Column], variant: str) -> Columns:
    """The columns of one variant."""
    return Columns(columns, variant)


def kept_entry(variant: str, version: int) -> str:
    """The name under which a version is kept."""
    return f"{variant}/{version}"
