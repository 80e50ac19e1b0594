"""The budget of alerts, counted again: what opened had room, what was suppressed had none.

Each partition has an equal share, rounded up, of what a kind may open on a day (UTC, of the evidence); of
the days the newest three are counted apart, and what is older counts to the oldest. When a budget was set
is not compared: where several were in force, what opened must fit the largest, and what was suppressed
must have been too much for the smallest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

DAY = 86_400_000
A_DAY = 1_200
DAYS = 3


class Budgets:
    """Hear all that was set, then what opened and what was suppressed, each partition in its order."""

    def __init__(self) -> None:
        self._set: dict[str, set[int]] = defaultdict(lambda: {A_DAY})
        self._days: dict[int, list[int]] = defaultdict(list)
        self._opened: Counter[tuple[int, str, int]] = Counter()
        self._suppressed: Counter[tuple[int, str, int]] = Counter()

    def set(self, kind: str, alerts_a_day: int) -> None:
        """Another budget is in force from some moment on."""
        self._set[kind].add(alerts_a_day)

    def opened(self, partition: int, fields: dict[str, Any], partitions: int) -> str:
        """What is wrong with this opening, if anything; counted anyway."""
        place = self._place(partition, fields)
        before = self._opened[place]
        self._opened[place] += 1
        most = -(-max(self._set[fields["kind"]]) // partitions)
        return "" if before < most else f"is number {before + 1} of its day, and {most} may open"

    def suppressed(self, partition: int, fields: dict[str, Any], partitions: int) -> str:
        """What is wrong with this suppression, if anything."""
        place = self._place(partition, fields)
        self._suppressed[place] += 1
        counted, said = self._suppressed[place], fields["suppressed_today"]
        if said != counted:
            return f"says that {said} were suppressed on its day, and {counted} were"
        least = -(-min(self._set[fields["kind"]]) // partitions)
        opened = self._opened[place]
        return "" if opened >= least else f"is suppressed where {opened} of {least} had opened"

    def _place(self, partition: int, fields: dict[str, Any]) -> tuple[int, str, int]:
        days, day = self._days[partition], fields["occurred_at"] // DAY
        if len(days) == DAYS:
            day = max(day, days[0])
        if day not in days:
            self._days[partition] = sorted([*days, day])[-DAYS:]
        return partition, fields["kind"], day
