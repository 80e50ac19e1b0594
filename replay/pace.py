"""How fast a replay may go: a rate, and never further ahead of the workers than some hours of its year.

In a fast replay one round trip between stages is hours of event time; a lead without bounds would
let holds time out before their answer could come back.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

Place = tuple[str, int]
Positions = Mapping[Place, int]

LOOK_SECONDS = 0.1
LEAD_HOURS = 72


class Rate:
    """Sleeps so that no more than so many actions a second are told; None: no limit."""

    def __init__(self, per_second: float | None) -> None:
        self._per_second = per_second
        self._started = time.monotonic()
        self._told = 0

    def wait(self) -> float:
        """Wait for the next action's turn; returns the seconds slept."""
        if self._per_second is None:
            return 0.0
        due = self._started + self._told / self._per_second
        self._told += 1
        left = due - time.monotonic()
        if left <= 0:
            return 0.0
        time.sleep(left)
        return left


class Lead:
    """Holds the replay back while it is more than `hours` of its year ahead of the workers.

    `committed` asks for the workers' positions in the actions topics.
    """

    def __init__(self, committed: Callable[[], Positions], hours: int = LEAD_HOURS) -> None:
        self._committed = committed
        self._allowed = hours * 3_600_000
        self._ahead: deque[tuple[int, dict[Place, int]]] = deque()
        self._passed_at: int | None = None

    def told(self, ticked_at: int, positions: Positions) -> None:
        """A tick is in the log: a worker has passed it when it stands at `positions` or beyond."""
        if self._passed_at is None:
            self._passed_at = ticked_at
        self._ahead.append((ticked_at, dict(positions)))

    def hours(self) -> float:
        """How many hours of the year the workers are behind the last tick, as last seen."""
        if self._passed_at is None or not self._ahead:
            return 0.0
        return (self._ahead[-1][0] - self._passed_at) / 3_600_000

    def wait(self) -> float:
        """Wait until the workers are near enough; returns the seconds waited."""
        started = time.monotonic()
        while self._too_far():
            self._look()
            if self._too_far():
                time.sleep(LOOK_SECONDS)
        return time.monotonic() - started

    def _too_far(self) -> bool:
        return self._passed_at is not None and self.hours() * 3_600_000 > self._allowed

    def _look(self) -> None:
        committed = self._committed()
        while self._ahead and all(
            committed.get(place, 0) >= position for place, position in self._ahead[0][1].items()
        ):
            self._passed_at = self._ahead.popleft()[0]
