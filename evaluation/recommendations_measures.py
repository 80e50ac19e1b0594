"""What is measured of lists: did they hold what came, how high, and how much of everything do they show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from math import log2

import numpy as np
from msgspec import Struct
from scipy import sparse

LISTS_BETWEEN = 10  # every tenth list is looked at for its diversity


class Figures(Struct, frozen=True, kw_only=True):
    """Means over lists; `recall` is the share of what came that a list held."""

    lists: int
    hit_rate: float
    mrr: float
    ndcg: float
    recall: float
    coverage: float  # products shown at least once, of all in the data
    diversity: float  # 1 - cosine of who touched two products of a list, mean over its pairs
    novelty_bits: float  # mean of -log2 of a shown product's share of all touches


class Crowd:
    """Who touched what over the whole of the data: `touches` counts by product."""

    def __init__(self, touches: Iterable[tuple[str, str]]) -> None:
        """`touches`: pairs of member and product."""
        pairs = list(touches)
        self.touches = Counter(product for _, product in pairs)
        members = {member: n for n, member in enumerate(dict.fromkeys(m for m, _ in pairs))}
        self._places = {product: n for n, product in enumerate(self.touches)}
        once = list(dict.fromkeys(pairs))
        rows = [members[member] for member, _ in once]
        columns = [self._places[product] for _, product in once]
        shape = (len(members), len(self._places))
        who = sparse.csc_matrix((np.ones(len(once)), (rows, columns)), shape=shape)
        self._who = who.multiply(1.0 / np.sqrt(who.sum(axis=0))).tocsc()

    def distance(self, products: Sequence[str]) -> float | None:
        """Mean over pairs of a list of 1 - cosine of their members; none for less than two products."""
        count = len(products)
        if count < 2:
            return None
        part = self._who[:, [self._places[one] for one in products]]
        alike = float((part.T @ part).sum()) - count
        return 1.0 - alike / (count * (count - 1))


class Measure:
    """Adds up lists of at most `k` products against what came."""

    def __init__(self, k: int) -> None:
        self._k = k
        self._sums: Counter[str] = Counter()
        self._shown: Counter[str] = Counter()
        self._kept: list[Sequence[str]] = []

    def add(self, offered: Sequence[str], came: Collection[str]) -> bool:
        """A list, and the products that came; returns whether it held one of them."""
        wanted = set(came)
        ranks = [rank for rank, one in enumerate(offered[: self._k], 1) if one in wanted]
        ideal = sum(1 / log2(1 + rank) for rank in range(1, min(len(wanted), self._k) + 1))
        if self._sums["lists"] % LISTS_BETWEEN == 0:
            self._kept.append(offered[: self._k])
        self._sums["lists"] += 1
        self._shown.update(offered[: self._k])
        if ranks:
            self._sums["hits"] += 1
            self._sums["mrr"] += 1 / ranks[0]  # type: ignore[assignment]  # a sum of floats
            self._sums["ndcg"] += sum(1 / log2(1 + rank) for rank in ranks) / ideal  # type: ignore[assignment]
            self._sums["recall"] += len(ranks) / len(wanted)  # type: ignore[assignment]
        return bool(ranks)

    def figures(self, crowd: Crowd) -> Figures | None:
        """The means; none when there was no list."""
        lists, touches = self._sums["lists"], crowd.touches
        if not lists:
            return None
        distances = [d for d in map(crowd.distance, self._kept) if d is not None]
        whole, shown = sum(touches.values()), sum(self._shown.values())
        bits = sum(n * -log2(max(touches[one], 1) / whole) for one, n in self._shown.items())
        return Figures(
            lists=lists,
            hit_rate=self._sums["hits"] / lists,
            mrr=self._sums["mrr"] / lists,
            ndcg=self._sums["ndcg"] / lists,
            recall=self._sums["recall"] / lists,
            coverage=len(self._shown) / len(touches),
            diversity=sum(distances) / len(distances) if distances else 0.0,
            novelty_bits=bits / shown if shown else 0.0,
        )
