"""Not all of one kind: a quota. At most `A_REASON` candidates of a list may come by one touched product.

What is over the quota waits behind, and fills the list only when nothing else is left. A quota is said in
a sentence and can be checked on the list itself, which a trade-off of similarities cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVarTuple

A_REASON = 6
Rest = TypeVarTuple("Rest")


def spread(found: Iterable[tuple[str | None, *Rest]], most: int) -> list[tuple[str | None, *Rest]]:
    """The first so many within the quota, in their order; then the first of those over it.

    What is found begins with its reason; without one it counts for no quota.
    """
    counts: dict[str, int] = {}
    chosen: list[tuple[str | None, *Rest]] = []
    waiting: list[tuple[str | None, *Rest]] = []
    for one in found:
        reason = one[0]
        if reason is not None:
            count = counts.get(reason, 0)
            if count >= A_REASON:
                waiting.append(one)
                continue
            counts[reason] = count + 1
        chosen.append(one)
        if len(chosen) == most:
            return chosen
    return [*chosen, *waiting][:most]
