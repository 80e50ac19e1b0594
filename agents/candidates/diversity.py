"""Not all of one kind: quotas. At most so many candidates of a list may come by one cause: one touched
product, or that they were bought before.

What is over its quota waits behind, and fills the list only when nothing else is left. A quota is said in
a sentence and can be checked on the list itself, which a trade-off of similarities cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Found = TypeVar("Found")


def spread(
    found: Iterable[Found], most: int, quota: Callable[[Found], tuple[Hashable, int] | None]
) -> list[Found]:
    """The first so many within their quotas, in their order; then the first of those over them.

    `quota` gives the cause by which one comes and how many may come by it; none: it counts for no quota.
    """
    counts: dict[Hashable, int] = {}
    chosen: list[Found] = []
    waiting: list[Found] = []
    for one in found:
        limit = quota(one)
        if limit is not None:
            cause, allowed = limit
            count = counts.get(cause, 0)
            if count >= allowed:
                waiting.append(one)
                continue
            counts[cause] = count + 1
        chosen.append(one)
        if len(chosen) == most:
            return chosen
    return [*chosen, *waiting][:most]
