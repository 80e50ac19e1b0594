"""The due index: which keys of a partition want to be woken, and when.

Derived data: it is rebuilt from the headers when a partition is opened and never logged. A heap
with stale entries is kept beside the truth; an entry that disagrees is dropped when it is met.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

NEVER = 1 << 62
SLACK = 1_000


class DueIndex:
    """Keys by the moment at which they are due."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._popped: set[str] = set()

    def __len__(self) -> int:
        return len(self._at)

    def set(self, key: str, at: int) -> None:
        """From now on the key is due at this moment; NEVER takes it out."""
        if at == NEVER:
            self._at.pop(key, None)
        elif self._at.get(key) != at or key in self._popped:
            self._at[key] = at
            heappush(self._heap, (at, key))
            if len(self._heap) > 2 * len(self._at) + SLACK:
                self._rebuild()

    def waiting(self, now: int) -> bool:
        """True while some key is due at or before `now`."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            at, key = heap[0]
            if self._at.get(key) == at and key not in self._popped:
                return True
            heappop(heap)
        return False

    def take(self, now: int) -> str | None:
        """The key that is due first, at or before `now`; it is to be woken, then set anew."""
        if not self.waiting(now):
            return None
        key = heappop(self._heap)[1]
        self._popped.add(key)
        return key

    def settle(self) -> None:
        """What was taken has been woken."""
        self._popped.clear()

    def restore(self) -> None:
        """What was taken since the last `settle` has not been woken: it is due again."""
        for key in self._popped:
            if key in self._at:
                heappush(self._heap, (self._at[key], key))
        self._popped.clear()

    def _rebuild(self) -> None:
        self._heap = [(at, key) for key, at in self._at.items()]
        heapify(self._heap)
