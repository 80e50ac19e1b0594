"""Whom products reach: members to whom a product was new, of late and ever.

What is wanted now by people to whom it is new is likely to be wanted next by another; what nearly everybody
has seen is not. Neither is in the hot lists, which count every touch and know the strongest hundred alone. So
a product counts the members who touched it for the first time, all of them, and again with a half-life of a
week (`Reach`, told with `ProductTrended`). The key `trends` keeps the strongest and publishes them every
`PUBLISH_AFTER`. `REACHED` is the table of the members stage; a ranking multiplies by powers of both numbers,
learned with the mixture (`ranking.py`). Products are named by four bytes of a hash: of another product with
the same name nothing but its place would be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import exp2, log
from statistics import median

import numpy as np
from msgspec import Struct

from agents import Place, StateMap, Table, Tables, become
from agents.calendar import HOUR
from agents.candidates.known import mark
from agents.heat import HALF_LIVES, added
from schemas.candidates import ReachPublished
from schemas.record import Outcome

MODEL = "reach"
NAME = "reached"
HALF_LIFE = HALF_LIVES["week"]
STEP = 1.0  # log2: twice as many of late
REACHED_MOST = 1_000
SLACK = 250
PUBLISH_AFTER = 6 * HOUR
ROWS_MOST = 100_000
FEW = 0.1  # members of late, of a product that reached nobody


# ---- at the product ------------------------------------------------------------------------------------


class Reach(Struct, array_like=True):
    """Members ever; those of late, decayed forward (log2; below 0: none), now and when it was told last."""

    members: int = 0
    log2_recent: float = -1.0
    told: float = -1.0


def meet(reach: Reach, at: int) -> bool:
    """The product was new to one more member; true when that is to be told."""
    reach.members += 1
    reach.log2_recent = added(reach.log2_recent, at / HALF_LIFE)
    return reach.told < 0 or reach.log2_recent - reach.told >= STEP


# ---- where it is gathered -----------------------------------------------------------------------------


class Reaching(Struct, frozen=True, array_like=True):
    """A product as it last told."""

    log2_recent: float
    members: int


class Gathering(Struct):
    """How many products are kept, and how many there were when it was told last, and when."""

    kept: int = 0
    published: int = 0
    published_at: int | None = None


def keep(state: Gathering, reached: StateMap[Reaching], product_id: str, told: Reaching) -> None:
    """Keep what a product told, if it is strong enough."""
    if told.log2_recent < 0:
        return
    state.kept += product_id not in reached
    reached[product_id] = told
    if state.kept > REACHED_MOST + SLACK:
        for weak, _ in _strongest(reached.items())[REACHED_MOST:]:
            del reached[weak]
        state.kept = REACHED_MOST


def publish(state: Gathering, reached: StateMap[Reaching], at: int) -> Iterator[ReachPublished]:
    """When it is time; in a new shop whenever twice as many products are known."""
    before = state.published_at
    if not state.kept:
        return
    if before is None or at - before >= PUBLISH_AFTER or state.kept >= 2 * state.published:
        now = state.published_at = max(at, before or 0)
        state.published = state.kept
        told = _strongest(reached.items())[:REACHED_MOST]
        yield ReachPublished(
            model=MODEL,
            occurred_at=now,
            marks=[mark(product) for product, _ in told],
            recent=[exp2(its.log2_recent - now / HALF_LIFE) for _, its in told],
            members=[its.members for _, its in told],
        )


def _strongest(reached: Iterable[tuple[str, Reaching]]) -> list[tuple[str, Reaching]]:
    return sorted(reached, key=lambda item: (-item[1].log2_recent, item[0]))


# ---- where members are --------------------------------------------------------------------------------


class Reached(Struct):
    """What was published last: the products by row, and 2 x (rows + 1) logarithms, uint32 and float32.

    Of members of late and ever; the last row is that of all other products.
    """

    marks: bytes = b""
    logarithms: bytes = b""
    published_at: int = -1

    def of(self, product_ids: Iterable[str]) -> np.ndarray:
        """Both logarithms of each product, 2 x products; nothing is said of any before there is a table."""
        at = list(map(_rows(self.marks).__getitem__, product_ids))
        if not self.marks:
            return np.zeros((2, len(at)))
        logarithms = np.frombuffer(self.logarithms, np.float32).reshape(2, -1)
        return logarithms.take(at, axis=1)


class _Rows(dict[str, int]):
    """Rows by product, found when first asked for: to hash each product would double what a ranking pays."""

    def __init__(self, marks: list[int]) -> None:
        super().__init__()
        self._by_mark = dict(zip(marks, range(len(marks)), strict=True))

    def __missing__(self, product_id: str) -> int:
        if len(self) == ROWS_MOST:
            self.clear()
        row = self[product_id] = self._by_mark.get(mark(product_id), len(self._by_mark))
        return row


@lru_cache(maxsize=8)  # partitions of a process; their tables are the same, some a moment later
def _rows(marks: bytes) -> _Rows:
    return _Rows(np.frombuffer(marks, np.uint32).tolist())


def newest(tables: Tables) -> Reached:
    """Whom products reach now."""
    reached: Reached = tables[NAME]
    return reached


def hold(state: Reached, event: ReachPublished, _place: Place) -> Iterator[Outcome]:
    """Keep the newest."""
    if event.occurred_at >= state.published_at:
        become(state, _of(event))
    yield from ()


def _of(event: ReachPublished) -> Reached:
    """Others are reached half as much of late as the weakest, or not at all where there is room for more."""
    full = len(event.marks) >= REACHED_MOST
    recent = [*event.recent, min(event.recent, default=0.0) / 2 if full else 0.0]
    members = [*event.members, median(event.members or [0])]
    logarithms = np.array([[log(n + FEW) for n in recent], [log(n + 1) for n in members]])
    marks = np.array(event.marks, np.uint32).tobytes()
    return Reached(marks, logarithms.astype(np.float32).tobytes(), event.occurred_at)


REACHED = Table(NAME, Reached, frozenset({ReachPublished}), hold)
