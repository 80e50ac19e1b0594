"""A made-up shop's whole life, written into Valkey: boards are the ledger's sums, rows what was said last.

What is expected is counted here from the ledger's entries, without the scores that were said.
"""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import NamedTuple

import pytest

from audit.boards import boards_of
from schemas import codec
from schemas.outcomes import (
    LEDGER,
    BoardPartitionClosed,
    LedgerOutcome,
    PointsEarned,
    PointsPending,
    PointsReversed,
    ProductHeated,
    StockChanged,
)
from schemas.record import Outcome
from schemas.topics import outcomes
from sinks.redis_sink.views import FEEDS, VIEWS
from sinks.source import Batch, Heard, Place
from streams.simulate import Simulation
from streams.topology import topology
from tests.simulation.schedule import played
from tests.simulation.world import DAY, Shape, world
from tests.sinks.redis_case import FACTS, PARTITIONS, Seen, Views

Log = dict[Place, list[Heard]]
Board = dict[str, tuple[int, int]]  # member → points, reached at


def log_of(simulation: Simulation) -> Log:
    """What the source hands over."""
    topics = {view.topic for view in VIEWS}
    found: Log = {Place(topic, n): [] for topic in sorted(topics) for n in range(PARTITIONS)}
    for place, heard in found.items():
        for record in simulation.logs[place]:
            outcome = codec.decode(record.value)
            assert isinstance(outcome, Outcome)
            heard.append(Heard(record.offset, record.timestamp, outcome))
    return found


def written(views: Views, log: Log, random: Random) -> None:
    """Partitions in any order, in batches of any size; the sink is started anew now and then."""
    at = views.writer.open(FACTS)
    while left := [place for place, heard in log.items() if at[place] < len(heard)]:
        batches = []
        for place in random.sample(left, random.randrange(1, len(left) + 1)):
            some = log[place][at[place] : at[place] + random.randrange(1, 200)]
            start, at[place] = at[place], at[place] + len(some)
            fed = [one for one in some if type(one.outcome) in FEEDS]
            batches.append(Batch(place, start, at[place], fed, some[-1].recorded_at, False))
        views.writer.write(batches)
        if random.random() < 0.1:
            at = views.writer.open(FACTS)


class Counted(NamedTuple):
    """Boards as the ledger's entries make them: now, and at each partition's word of closing."""

    now: dict[str, Board]
    closed: dict[str, Board]


def counted(log: Log) -> Counted:
    """Grants count to the windows of their purchase, reversals lower the same ones."""
    result = Counted(defaultdict(dict), defaultdict(dict))
    words: dict[str, int] = defaultdict(int)
    for partition in range(PARTITIONS):
        own: dict[str, Board] = defaultdict(dict)
        for heard in log[Place(outcomes("members"), partition)]:
            match heard.outcome:
                case PointsPending() | PointsEarned() | PointsReversed() as entry:
                    _count(own, entry)
                case BoardPartitionClosed() as word:
                    words[word.board] += 1
                    result.closed[word.board].update(own[word.board])
        for board, members in own.items():
            result.now[board].update(members)
    assert {board for board, count in words.items() if count < PARTITIONS} == set()
    return result


def _count(own: dict[str, Board], entry: PointsPending | PointsEarned | PointsReversed) -> None:
    if entry.counts_at is None:
        return
    points = -entry.points if isinstance(entry, PointsReversed) else entry.points
    for board in boards_of(entry.counts_at):
        before, reached_at = own[board].get(entry.member_id, (0, 0))
        own[board][entry.member_id] = before + points, max(reached_at, entry.occurred_at)


def standing(board: Board) -> list[tuple[str, int, int]]:
    """Who has points: the most first, of equals who got there first."""
    found = sorted(((m, *score) for m, score in board.items() if score[0]), reverse=True)
    return sorted(found, key=lambda one: (-one[1], one[2]))


def shown(views: Seen, board: str, *, final: bool = False) -> list[tuple[str, int, int]]:
    return [one[1:] for one in views.queries.board_top(board, 1000, final=final)]


@pytest.mark.parametrize("seed", range(2))
def test_boards_are_the_ledgers_sums(redis: str, unique: str, seed: int) -> None:
    """Every board that is kept, as it is and as it closed; balances, stock and heat as said last."""
    made = world(seed, Shape())
    until = made.delivered[-1][0] + 20 * DAY
    log = log_of(played(topology(PARTITIONS), made.delivered, Random(seed), until=until))
    views = Views(redis, f"{unique}ms:")
    written(views, log, Random(seed))
    boards, kept = counted(log), views.queries.boards()
    for board in kept:
        assert shown(views, board) == standing(boards.now[board]), board
        assert shown(views, board, final=True) == standing(boards.closed[board]), board
    assert "all" in kept
    assert len(standing(boards.now["all"])) > 4
    assert sum(bool(standing(boards.closed[board])) for board in kept) > 10
    gone = set(boards.now) - set(kept)
    assert gone, "the days told are more than are kept"
    oldest_day = min(board for board in kept if board.startswith("day:"))
    assert all(board.startswith("day:") and board < oldest_day for board in gone)
    for member, entry in last(log, *LEDGER).items():
        assert isinstance(entry, LedgerOutcome)
        balance = views.queries.balance(member) or {}
        assert balance.pop("occurred_at") == entry.occurred_at
        assert balance == {name: getattr(entry.balances, name) for name in balance}
        assert len(balance) == 5
    for product, stock in last(log, StockChanged).items():
        assert isinstance(stock, StockChanged)
        found = views.queries.stock(product) or {}
        assert (found["on_hand"], found["reserved"]) == (stock.on_hand, stock.reserved)
    assert {hot.item for hot in views.queries.hot("products", "week", 100, until)} == set(
        last(log, ProductHeated)
    )


def last(log: Log, *kinds: type[Outcome]) -> dict[str, Outcome]:
    """Key → the last outcome of these kinds."""
    return {
        heard.outcome.key: heard.outcome
        for place in log
        for heard in log[place]
        if isinstance(heard.outcome, kinds)
    }
