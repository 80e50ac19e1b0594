"""Recompute every board from the ledger's outcomes: points by the window of the earning purchase."""

from __future__ import annotations

import datetime
from collections import defaultdict
from zoneinfo import ZoneInfo

from audit.log import Entry


class Boards:
    """Board name → member → points, and when that score was reached."""

    def __init__(self) -> None:
        self.scores: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.said: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
        self.closed: dict[str, set[int]] = defaultdict(set)
        self.differences: list[str] = []
        self._zones: dict[str, str] = {}

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition."""
        fields = entry.fields
        match entry.name:
            case "PointsPending" | "PointsReversed" | "PointsEarned":
                if fields["counts_at"] is not None:
                    sign = -1 if entry.name == "PointsReversed" else 1
                    self._count(fields["member_id"], fields["counts_at"], sign * fields["points"])
            case "ScoreChanged":
                for score in fields["scores"]:
                    place = score["points"], score["reached_at"]
                    self.said[score["board"]][fields["member_id"]] = place
            case "BoardPartitionClosed":
                self._close(entry)

    def finish(self) -> list[str]:
        """Where the scores that were said differ from the sums; call it at the end of the log."""
        for board in sorted(set(self.scores) | set(self.said)):
            summed = {m: p for m, p in self.scores[board].items() if p}
            said = {m: p for m, (p, _) in self.said[board].items() if p}
            if summed != said:
                wrong = {m for m in summed.keys() | said.keys() if summed.get(m) != said.get(m)}
                self.differences.append(
                    f"board {board}: the scores said of {len(wrong)} members differ from the "
                    f"ledger's sums, such as {min(wrong)}"
                )
        return self.differences

    def _count(self, member: str, moment: int, points: int) -> None:
        for board in boards_of(moment):
            self.scores[board][member] += points

    def _close(self, entry: Entry) -> None:
        board, partition = entry.fields["board"], entry.fields["partition"]
        if partition in self.closed[board]:
            self.differences.append(f"board {board}: partition {partition} closed it twice")
        self.closed[board].add(partition)


def boards_of(moment: int, zone: str = "UTC") -> list[str]:
    """The names of the boards that a purchase at this moment (ms) counts to."""
    day = datetime.datetime.fromtimestamp(moment / 1000, ZoneInfo(zone)).date()
    year, week, _ = day.isocalendar()
    return [
        f"day:{day.isoformat()}",
        f"week:{year}-W{week:02d}",
        f"month:{day.year}-{day.month:02d}",
        f"season:{day.year}-Q{(day.month + 2) // 3}",
        "all",
    ]
