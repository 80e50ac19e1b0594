"""What anybody would try first, on the same stream and as of the same moment: nothing is told ahead.

Popularity offers what was touched most so far. Item-kNN (cosine) offers what members who touched the
member's products touched too: the sum over the member's products y of c(x, y) / √(n(x) n(y)), where c counts
members with both and n members with one. Own frequency offers what the member bought most often.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

PRODUCTS_MOST = 8_000  # a table of all pairs of floats: 256 MB
Wanted = Callable[[str], bool]


class References:
    """The three of them, told of every touch after they were asked."""

    def __init__(self, products: list[str]) -> None:
        self._place = {product: place for place, product in enumerate(products)}
        self._products = products
        self._touches: Counter[str] = Counter()
        self._history: dict[str, dict[str, int]] = defaultdict(dict)  # product → times
        self._pairs: NDArray[np.float32] | None = None
        self._members = np.zeros(len(products), np.float32)
        if len(products) <= PRODUCTS_MOST:
            self._pairs = np.zeros((len(products), len(products)), np.float32)

    def told(self, member_id: str, product_id: str) -> None:
        """A touch."""
        history = self._history[member_id]
        self._touches[product_id] += 1
        history[product_id] = history.get(product_id, 0) + 1
        if history[product_id] > 1:
            return
        place = self._place[product_id]
        self._members[place] += 1
        if self._pairs is not None:
            others = [self._place[one] for one in history if one != product_id]
            self._pairs[place, others] += 1
            self._pairs[others, place] += 1

    def popularity(self, most: int, wanted: Wanted) -> list[str]:
        """What was touched most; of equals the one that came first."""
        found = []
        for product, _ in self._touches.most_common():
            if wanted(product):
                found.append(product)
                if len(found) == most:
                    break
        return found

    def own(self, member_id: str, most: int) -> list[str]:
        """What the member touched most often; of equals the one that came last."""
        history = self._history[member_id]
        newest = {product: place for place, product in enumerate(history)}
        return sorted(history, key=lambda one: (-history[one], -newest[one]))[:most]

    def cosine(self, member_id: str, most: int, wanted: Wanted) -> list[str] | None:
        """Item-kNN; none when there are too many products to keep all pairs."""
        if self._pairs is None:
            return None
        places = [self._place[one] for one in self._history[member_id]]
        norm = np.sqrt(np.maximum(self._members, 1.0))
        scores = (self._pairs[places] / norm[places, None]).sum(axis=0) / norm
        ordered = np.argsort(-scores, kind="stable")
        found: list[str] = []
        for place in ordered.tolist():
            if len(found) == most or scores[place] <= 0:
                break
            if wanted(self._products[place]):
                found.append(self._products[place])
        return found
