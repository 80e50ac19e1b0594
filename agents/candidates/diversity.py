"""Not all of one kind: a quota. At most `A_REASON` candidates of a list may come by one touched product.

What is over the quota waits behind, and fills the list only when nothing else is left. A quota is said in
a sentence and can be checked on the list itself, which a trade-off of similarities cannot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from schemas.candidates import Candidate

A_REASON = 6


def spread(candidates: Iterable[Candidate], most: int) -> list[Candidate]:
    """The first so many within the quota, in their order; then the first of those over it."""
    counts: Counter[str] = Counter()
    chosen: list[Candidate] = []
    waiting: list[Candidate] = []
    for one in candidates:
        reason = one.reason_product_id
        if reason is not None and counts[reason] >= A_REASON:
            waiting.append(one)
            continue
        if reason is not None:
            counts[reason] += 1
        chosen.append(one)
        if len(chosen) == most:
            break
    return [*chosen, *waiting][:most]
