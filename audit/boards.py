"""Recompute every board from the ledger's outcomes: points by the window of the earning purchase.

A grant counts to the windows of its purchase in the zone of the rule version that granted it, and a
return lowers the very same. A score was reached at the latest of the moments that made it. What a verdict
stops does not count, but its grants and returns still make those moments.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from audit.ledger import Rule
from audit.log import Entry
from audit.schedule import RuleKey


class Score(NamedTuple):
    """Points on a board, and when that score was reached."""

    points: int
    reached_at: int


class Move(NamedTuple):
    """Points that came or went, as a purchase or a return made it; a verdict makes no moment: 0."""

    member: str
    counts_at: int
    rule: RuleKey
    points: int
    at: int


NONE = Score(0, 0)


class Boards:
    """Board name → member → score, counted and as it was said."""

    def __init__(self) -> None:
        self.closed: dict[str, set[int]] = defaultdict(set)
        self.frozen: dict[str, dict[str, Score]] = defaultdict(dict)
        self.differences: list[str] = []
        self._said: dict[tuple[str, int], dict[str, Score]] = defaultdict(dict)
        self._partitions: dict[str, int] = {}
        self._windows: dict[str, dict[str, int]] = defaultdict(dict)  # kind → board → its end
        self._moves: list[Move] = []

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition."""
        match entry.name:
            case "PointsPending" | "PointsEarned":
                self._move(entry, 1)
            case "PointsReversed":
                self._move(entry, -1 if entry.fields["counted"] else 0)
            case "PointsWithheld" | "PointsReleased" | "PointsForfeited":
                self._judge(entry.fields)
            case "ScoreChanged":
                for score in entry.fields["scores"]:
                    said = Score(score["points"], score["reached_at"])
                    place = score["board"], entry.partition
                    self._said[place][entry.fields["member_id"]] = said
            case "BoardPartitionClosed":
                self._close(entry)

    def counted(self, rules: dict[RuleKey, Rule]) -> dict[str, dict[str, Score]]:
        """The boards as the ledger's entries make them; who has no points is not on one."""
        boards: dict[str, dict[str, Score]] = defaultdict(dict)
        for move in self._moves:
            zone = rules.get(move.rule, {}).get("zone", "UTC")
            for board in boards_of(move.counts_at, zone):
                before = boards[board].get(move.member, NONE)
                boards[board][move.member] = Score(
                    before.points + move.points, max(before.reached_at, move.at)
                )
        return {board: _with_points(scores) for board, scores in boards.items()}

    def finals(self) -> dict[str, dict[str, Score]]:
        """The boards that every partition has closed, as they were then."""
        whole = [b for b, closed in self.closed.items() if len(closed) == self._partitions[b]]
        return {board: self.frozen[board] for board in whole}

    def finish(self, rules: dict[RuleKey, Rule]) -> list[str]:
        """Where the scores that were said differ from the sums; call it at the end of the log."""
        counted = self.counted(rules)
        every: dict[str, dict[str, Score]] = defaultdict(dict)
        for (board, _), scores in self._said.items():
            every[board] |= _with_points(scores)
        for board in sorted(counted.keys() | every.keys()):
            summed, said = counted.get(board, {}), every[board]
            for member in sorted(summed.keys() | said.keys()):
                if summed.get(member) != said.get(member):
                    self.differences.append(
                        f"board {board}: the score said of {member} is {said.get(member)}, the "
                        f"ledger makes it {summed.get(member)}"
                    )
        self.differences.extend(self._gaps())
        return self.differences

    def _gaps(self) -> Iterator[str]:
        """A partition closes the windows of a kind in their order and leaves none out."""
        for windows in self._windows.values():
            last: dict[int, int] = defaultdict(int)
            for board, ends_at in windows.items():
                for partition in self.closed[board]:
                    last[partition] = max(last[partition], ends_at)
            for board, ends_at in windows.items():
                passed = {partition for partition, at in last.items() if at > ends_at}
                for partition in sorted(passed - self.closed[board]):
                    yield f"board {board}: partition {partition} closed a later one and not this"

    def _move(self, entry: Entry, sign: int) -> None:
        fields = entry.fields
        if fields["counts_at"] is None or not fields["points"]:
            return
        rule = fields["rule_id"], fields["rule_version"]
        self._moves.append(
            Move(
                fields["member_id"],
                fields["counts_at"],
                rule,
                sign * fields["points"],
                fields["occurred_at"],
            )
        )

    def _judge(self, fields: dict[str, Any]) -> None:
        rule, change = (fields["rule_id"], fields["rule_version"]), fields["score_change"]
        if change:
            self._moves.append(Move(fields["member_id"], fields["counts_at"], rule, change, 0))

    def _close(self, entry: Entry) -> None:
        board, partition = entry.fields["board"], entry.fields["partition"]
        self._partitions[board] = entry.fields["partitions"]
        self._windows[entry.fields["window"]][board] = entry.fields["ends_at"]
        if partition in self.closed[board]:
            self.differences.append(f"board {board}: partition {partition} closed it twice")
        self.closed[board].add(partition)
        self.frozen[board] |= _with_points(self._said[board, partition])


def _with_points(scores: dict[str, Score]) -> dict[str, Score]:
    return {member: score for member, score in scores.items() if score.points}


def boards_of(moment: int, zone: str = "UTC") -> tuple[str, ...]:
    """The names of the boards that a purchase at this moment (ms) counts to.

    >>> boards_of(1_323_432_000_000)
    ('day:2011-12-09', 'week:2011-W49', 'month:2011-12', 'season:2011-Q4', 'all')
    """
    return _boards_of(datetime.datetime.fromtimestamp(moment / 1000, ZoneInfo(zone)).date())


@lru_cache(maxsize=4_096)
def _boards_of(day: datetime.date) -> tuple[str, ...]:
    year, week, _ = day.isocalendar()
    return (
        f"day:{day.isoformat()}",
        f"week:{year}-W{week:02d}",
        f"month:{day.year}-{day.month:02d}",
        f"season:{day.year}-Q{(day.month + 2) // 3}",
        "all",
    )
