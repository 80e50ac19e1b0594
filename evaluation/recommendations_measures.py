"""What is measured of lists: did they hold what came, how high, and how much of everything do they show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from math import log2

from msgspec import Struct


class Figures(Struct, frozen=True, kw_only=True):
    """Means over lists; `recall` is the share of what came that a list held."""

    lists: int
    hit_rate: float
    mrr: float
    ndcg: float
    recall: float
    coverage: float  # products shown at least once, of all in the data
    novelty_bits: float  # mean of -log2 of a shown product's share of all touches


class Measure:
    """Adds up lists of at most `k` products against what came."""

    def __init__(self, k: int) -> None:
        self._k = k
        self._sums: Counter[str] = Counter()
        self._shown: Counter[str] = Counter()

    def add(self, offered: Sequence[str], came: Collection[str]) -> bool:
        """A list, and the products that came; returns whether it held one of them."""
        wanted = set(came)
        ranks = [rank for rank, one in enumerate(offered[: self._k], 1) if one in wanted]
        ideal = sum(1 / log2(1 + rank) for rank in range(1, min(len(wanted), self._k) + 1))
        self._sums["lists"] += 1
        self._shown.update(offered[: self._k])
        if ranks:
            self._sums["hits"] += 1
            self._sums["mrr"] += 1 / ranks[0]  # type: ignore[assignment]  # a sum of floats
            self._sums["ndcg"] += sum(1 / log2(1 + rank) for rank in ranks) / ideal  # type: ignore[assignment]
            self._sums["recall"] += len(ranks) / len(wanted)  # type: ignore[assignment]
        return bool(ranks)

    def figures(self, touches: Counter[str]) -> Figures | None:
        """The means; none when there was no list. `touches` counts all touches by product."""
        lists = self._sums["lists"]
        if not lists:
            return None
        whole, shown = sum(touches.values()), sum(self._shown.values())
        bits = sum(n * -log2(max(touches[one], 1) / whole) for one, n in self._shown.items())
        return Figures(
            lists=lists,
            hit_rate=self._sums["hits"] / lists,
            mrr=self._sums["mrr"] / lists,
            ndcg=self._sums["ndcg"] / lists,
            recall=self._sums["recall"] / lists,
            coverage=len(self._shown) / len(touches),
            novelty_bits=bits / shown if shown else 0.0,
        )
