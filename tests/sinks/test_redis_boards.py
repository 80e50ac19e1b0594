"""Boards in Valkey against the same in plain Python: any scores, any order across partitions, sinks
that die at any moment, and a rebuild in another order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest

from schemas.outcomes import BoardPartitionClosed, ScoreChanged
from schemas.record import Outcome
from schemas.topics import outcomes
from sinks.redis_sink import keys
from sinks.redis_sink.writer import Writer
from sinks.source import Batch, Heard, Place
from tests.sinks.redis_case import (
    DAY,
    FACTS,
    MOMENT,
    PARTITIONS,
    Views,
    closed,
    hidden,
    scored,
    shown,
)

STEP_DAYS = 20
BOARDS = [f"day:{n:04d}" for n in range(5)]
TOPIC = outcomes("members")


@dataclass
class Said:
    """What each partition said, and what must come of it."""

    random: Random
    log: list[list[Outcome]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    hidden: set[str] = field(default_factory=set)

    def tell(self, count: int) -> Said:
        """Random scores; each partition closes the boards one after another, at its own pace."""
        for partition in range(PARTITIONS):
            closings = iter(enumerate(BOARDS))
            shut: set[str] = set()
            versions: dict[tuple[str, str], int] = defaultdict(lambda: 1)
            at = MOMENT
            for _ in range(count):
                at += self.random.choice([0, 0, 1, 1000])
                self.log[partition].append(self._score(partition, at, shut, versions))
                if self.random.random() < 0.1:
                    self.log[partition].append(self._veil(partition))
                if self.random.random() < 6 / count:
                    self._close(partition, closings, shut)
            for _ in BOARDS:
                self._close(partition, closings, shut)
        return self

    def _score(
        self, partition: int, at: int, shut: set[str], versions: dict[tuple[str, str], int]
    ) -> ScoreChanged:
        member = f"m{self.random.randrange(6)}-{partition}"
        board = self.random.choice([*BOARDS, "all"])
        versions[member, board] += board in shut
        points = self.random.choice([0, 1, 2, 2, 3, 2**53 - 1])
        return scored(member, points, at, board, versions[member, board])

    def _veil(self, partition: int) -> Outcome:
        member = f"m{self.random.randrange(6)}-{partition}"
        if member in self.hidden:
            self.hidden.remove(member)
            return shown(member)
        self.hidden.add(member)
        return hidden(member)

    def _close(self, partition: int, closings: Iterator[tuple[int, str]], shut: set[str]) -> None:
        for number, board in closings:
            self.log[partition].append(closed(partition, board, ends_at(number)))
            shut.add(board)
            return

    def board(self, name: str, *, final: bool) -> list[tuple[str, int, int]]:
        """Members who are not hidden now, in order: most points, then who got there first."""
        last: dict[str, tuple[int, int]] = {}
        for said in self.log:
            for outcome in said:
                if isinstance(outcome, ScoreChanged) and outcome.scores[0].board == name:
                    score = outcome.scores[0]
                    if score.version == 1 or not final:
                        last[outcome.member_id] = score.points, score.reached_at
        order = [
            (m, points, at) for m, (points, at) in last.items() if points and m not in self.hidden
        ]
        order.sort(reverse=True)
        return sorted(order, key=lambda one: (-one[1], one[2]))


def ends_at(number: int) -> int:
    return MOMENT + number * STEP_DAYS * DAY


def filled(writer: Writer, said: Said, random: Random) -> None:
    """Read the log in batches of any size, partition by partition in any order."""
    positions = writer.open(FACTS)
    while left := [n for n in range(PARTITIONS) if positions[Place(TOPIC, n)] < len(said.log[n])]:
        place = Place(TOPIC, random.choice(left))
        batch = taken(said, place, positions[place], random.randrange(1, 20))
        writer.write([batch])
        positions[place] = batch.end
        if random.random() < 0.1:  # the sink dies, or its last write was never answered
            positions = writer.open(FACTS)


def taken(said: Said, place: Place, start: int, most: int) -> Batch:
    some = said.log[place.partition][start : start + most]
    heard = [Heard(start + n, MOMENT, outcome) for n, outcome in enumerate(some)]
    return Batch(place, start, start + len(some), heard, MOMENT, False)


@pytest.mark.parametrize("seed", range(6))
def test_boards_are_what_plain_python_makes_of_the_log(redis: str, unique: str, seed: int) -> None:
    """Every board, as it is and as it was closed; boards beyond their time are gone."""
    random = Random(seed)
    said = Said(random).tell(150)
    views = Views(redis, f"{unique}ms:")
    filled(views.writer, said, random)
    newest = ends_at(len(BOARDS) - 1)
    kept = [n for n, _ in enumerate(BOARDS) if ends_at(n) > newest - keys.KEPT_DAYS["day"] * DAY]
    for number, board in enumerate(BOARDS):
        for final in (False, True):
            found = views.queries.board_top(board, 100, final=final)
            expected = said.board(board, final=final) if number in kept else []
            assert [one[1:] for one in found] == expected, (seed, board, final)
    everybody = [one[1:] for one in views.queries.board_top("all", 100)]
    assert everybody == said.board("all", final=False), seed
    assert set(views.queries.boards()) == {"all", *(BOARDS[n] for n in kept)}
    assert len(everybody) > 1 < len(everybody) + len(said.hidden) - 4
    assert views.client.smembers(f"{views.root}v1:members-hidden") == said.hidden != set()
    for member in said.hidden:
        assert views.queries.board_rank("all", member) is None
    assert 0 < len(kept) < len(BOARDS)


@pytest.mark.parametrize("seed", range(4))
def test_another_order_across_partitions_gives_the_same_keys(
    redis: str, unique: str, seed: int
) -> None:
    """A rebuild reads partitions in whatever order they come: every key holds the same."""
    random = Random(seed)
    said = Said(random).tell(120)
    views = Views(redis, f"{unique}ms:")
    filled(views.writer, said, random)
    before = views.dump()
    filled(Views(redis, views.root).reopen("v2").writer, said, Random(seed + 1000))
    views.client.set(keys.pointer(views.root), "v2")
    assert views.dump() == before, seed
    assert any(name.startswith("board-corrected") for name in before), seed


def test_a_closing_is_said_once_by_each_partition() -> None:
    """What the tables above are made of is what they claim."""
    said = Said(Random(1)).tell(50)
    for partition, log in enumerate(said.log):
        closings = [o.board for o in log if isinstance(o, BoardPartitionClosed)]
        assert closings == BOARDS, partition
