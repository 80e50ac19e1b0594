"""A made-up shop's whole life, written into Postgres: the tables are what was said last.

What is expected is counted here from the outcomes in plain Python; the log is cut into batches at
random, and the partitions are taken in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from schemas import codec, topics
from schemas import outcomes as o
from schemas.record import Outcome
from sinks.postgres import queries as q
from sinks.postgres.schema import prepare, versioned
from sinks.postgres.statements import Values
from sinks.postgres.views import VIEWS, wanted
from sinks.postgres.writer import Writer, connect
from sinks.settings import Settings
from sinks.source import Batch, Heard, Place, TopicFacts
from streams.simulate import Simulation
from streams.topology import topology
from tests.simulation.schedule import played
from tests.simulation.world import DAY, Shape, world

PARTITIONS = 3
NAME = "shop"
SHAPE = Shape(members=6, steps=150, days=40)
MEMBERS, PRODUCTS = topics.outcomes("members"), topics.outcomes("products")
FAR = datetime(9999, 1, 1, tzinfo=UTC)
Log = dict[Place, list[Heard]]


def logs_of(simulation: Simulation) -> Log:
    """What the source would hand over, offset by offset."""
    found: Log = {Place(t, n): [] for t in wanted() for n in range(PARTITIONS)}
    for place, heard in found.items():
        for record in simulation.logs[place]:
            outcome = codec.decode(record.value)
            assert isinstance(outcome, Outcome)
            heard.append(Heard(record.offset, record.timestamp, outcome))
    return found


def batches(log: Log, random: Random) -> Iterator[list[Batch]]:
    """The log in writes of a few partitions each, each batch of any size."""
    left = {place: heard for place, heard in log.items() if heard}
    at = dict.fromkeys(left, 0)
    while left:
        chosen = random.sample(sorted(left), random.randrange(1, len(left) + 1))
        yield [_cut(place, left[place], at, random) for place in chosen]
        left = {place: heard for place, heard in left.items() if at[place] < len(heard)}


def _cut(place: Place, heard: list[Heard], at: dict[Place, int], random: Random) -> Batch:
    start, at[place] = at[place], min(len(heard), at[place] + random.randrange(1, 200))
    part = [one for one in heard[start : at[place]] if type(one.outcome) in VIEWS]
    return Batch(place, start, at[place], part, 0, False)


def written(url: str, log: Log, random: Random) -> None:
    prepare(url, NAME)
    with connect(url, versioned(NAME, 1)) as connection:
        writer = Writer(connection)
        writer.cursors({topic: TopicFacts("id", PARTITIONS) for topic in wanted()})
        for write in batches(log, random):
            writer.write(write)


def said(log: Log, topic: str, *kinds: type[Outcome]) -> Iterator[Any]:
    """All of these kinds, partition by partition in order."""
    for place, heard in sorted(log.items()):
        if place.topic == topic:
            yield from (one.outcome for one in heard if isinstance(one.outcome, kinds))


def last_balances(log: Log) -> dict[str, Values]:
    found = {}
    for entry in said(log, MEMBERS, *o.LEDGER):
        found[entry.member_id] = tuple(getattr(entry.balances, name) for name in q.ACCOUNTS)
    return found


def last_scores(log: Log) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {
        (score.board, change.member_id): (score.points, score.reached_at, score.version)
        for change in said(log, MEMBERS, o.ScoreChanged)
        for score in change.scores
    }


def frozen(log: Log) -> dict[str, list[tuple[str, int]]]:
    """Board → members and points in order, as each partition had them at its own word."""
    copies: dict[str, list[tuple[int, int, str]]] = {}
    words: dict[str, int] = {}
    for place in sorted(place for place in log if place.topic == MEMBERS):
        scores: dict[tuple[str, str], tuple[int, int]] = {}
        for event in said({place: log[place]}, place.topic, o.ScoreChanged, o.BoardPartitionClosed):
            if isinstance(event, o.ScoreChanged):
                for score in event.scores:
                    scores[score.board, event.member_id] = score.points, score.reached_at
            else:
                words[event.board] = words.get(event.board, 0) + 1
                copies.setdefault(event.board, []).extend(
                    (-points, reached_at, member)
                    for (board, member), (points, reached_at) in scores.items()
                    if board == event.board and points > 0
                )
    return {
        board: [(member, -points) for points, _, member in _in_order(copies[board])]
        for board, count in words.items()
        if count == PARTITIONS
    }


def _in_order(copies: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    last_member_first = sorted(copies, key=lambda copy: copy[2], reverse=True)
    return sorted(last_member_first, key=lambda copy: copy[:2])


def ended(log: Log) -> dict[str, str]:
    """Redemption → how it ended."""
    found = {}
    for end in said(log, MEMBERS, o.RewardRedeemed, o.RedemptionRefused):
        if isinstance(end, o.RewardRedeemed):
            found[end.redemption_id] = "REDEEMED"
        elif not end.cancellation and end.reason not in (
            o.Reason.ALREADY_POSTED,
            o.Reason.CONFLICTS,
        ):
            found[end.redemption_id] = "REFUSED"
    return found


def returned(log: Log) -> dict[tuple[str, int], int]:
    """Order and line → pieces that came back."""
    found: dict[tuple[str, int], int] = {}
    for event in said(log, MEMBERS, o.ReturnAccepted):
        for line in event.lines:
            place = event.order_id, line.line_number
            found[place] = found.get(place, 0) + line.quantity
    return found


def check_ledger(views: q.Views, log: Log) -> None:
    """Balances are the last entry's, and the sums of all postings; each entry is there once."""
    expected = last_balances(log)
    assert expected
    query = f"SELECT member_id, {', '.join(q.ACCOUNTS)} FROM balances"
    assert {row[0]: row[1:] for row in views.execute(query.encode())} == expected
    for member, balance in expected.items():
        assert tuple(q.balance_at(views, member, FAR).values()) == balance
    assert q.ledger_sum(views) == 0
    entries = list(said(log, MEMBERS, *o.LEDGER))
    assert q.counts(views)["entries"] == len(entries)
    lots = {(entry.member_id, lot.lot_id): lot for entry in entries for lot in entry.lots}
    found = {(m, lot.lot_id): lot for m in expected for lot in q.lots(views, m, spent=True)}
    assert found.keys() == lots.keys()
    for place, lot in lots.items():
        assert (found[place].pending, found[place].active) == (lot.pending, lot.active)


def check_boards(views: q.Views, log: Log) -> None:
    """Scores are the last ones; closed boards are as each partition had them at its own word."""
    query = """
    SELECT board, member_id, points, (extract(epoch FROM reached_at) * 1000)::bigint, version
    FROM board_scores"""
    assert {row[:2]: row[2:] for row in views.execute(query)} == last_scores(log)
    boards = frozen(log)
    assert any(boards.values())
    assert {closed.board for closed in q.closed_boards(views)} == set(boards)
    for board, places in boards.items():
        ranks = q.closed_board(views, board)
        assert [(rank.member_id, rank.points) for rank in ranks] == places, board


def check_stock(views: q.Views, log: Log) -> None:
    """Stock is the last that was said."""
    expected = {e.product_id: (e.on_hand, e.reserved) for e in said(log, PRODUCTS, o.StockChanged)}
    query = "SELECT product_id, on_hand, reserved FROM stock"
    assert {row[0]: row[1:] for row in views.execute(query)} == expected


def check_redemptions(views: q.Views, log: Log) -> None:
    """Each has the end that was said."""
    query = "SELECT redemption_id, state FROM redemptions WHERE state <> 'HELD'"
    found = dict(views.execute(query).fetchall())
    assert found == ended(log)
    assert set(found.values()) == {"REDEEMED", "REFUSED"}


def check_returns(views: q.Views, log: Log) -> None:
    """Pieces returned add up over the returns of an order."""
    query = "SELECT order_id, line_number, returned FROM order_items WHERE returned > 0"
    assert {row[:2]: row[2] for row in views.execute(query)} == returned(log)


@pytest.mark.parametrize("seed", range(6))
def test_the_tables_are_what_was_said_last(postgres: str, seed: int) -> None:
    """Whatever the batches and the order of the partitions."""
    made = world(seed, SHAPE)
    until = made.delivered[-1][0] + 50 * DAY
    log = logs_of(played(topology(PARTITIONS), made.delivered, Random(seed), until=until))
    written(postgres, log, Random(seed))
    settings = Settings(kafka="none:1", postgres=postgres, postgres_schema=NAME)
    with q.open_views(settings) as views:
        check_ledger(views, log)
        check_boards(views, log)
        check_stock(views, log)
        check_redemptions(views, log)
        check_returns(views, log)
