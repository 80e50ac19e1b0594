"""The writer: what stands in the tables does not depend on how the log was cut into batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas import outcomes as o
from schemas.record import Outcome
from schemas.samples import EXAMPLE_MOMENT, sample
from sinks.postgres import queries
from sinks.postgres.schema import prepare, versioned
from sinks.postgres.writer import Writer, connect
from sinks.settings import Settings
from sinks.source import Batch, Heard, Place, TopicFacts
from tests.sinks.postgres_harness import (
    MEMBERS,
    NAME,
    changed,
)

FACTS = {MEMBERS: TopicFacts("id", 2)}


def heard(*outcomes: Outcome, start: int = 0, partition: int = 0) -> Batch:
    """A batch of these, from `start` on."""
    found = [Heard(start + n, EXAMPLE_MOMENT, outcome) for n, outcome in enumerate(outcomes)]
    end = start + len(outcomes)
    return Batch(Place(MEMBERS, partition), start, end, found, EXAMPLE_MOMENT, False)


def score(member: str, points: int, *, reached_at: int = 0, version: int = 1) -> o.ScoreChanged:
    """A member's score of the day."""
    found = o.Score(
        board="day:2011-12-09",
        window=o.Window.DAY,
        points=points,
        reached_at=EXAMPLE_MOMENT + reached_at,
        version=version,
    )
    return o.ScoreChanged(member_id=member, occurred_at=EXAMPLE_MOMENT, scores=[found])


def closing(partition: int) -> o.BoardPartitionClosed:
    """One of two partitions' word."""
    return o.BoardPartitionClosed(
        board="day:2011-12-09",
        occurred_at=EXAMPLE_MOMENT,
        window=o.Window.DAY,
        ends_at=EXAMPLE_MOMENT,
        partition=partition,
        partitions=2,
    )


# Partition 0: two members, one of whom falls after the closing. Partition 1: two more.
FIRST = [
    score("a", 50, reached_at=7),
    score("b", 80),
    closing(0),
    score("b", 10, version=2),
    score("late", 99, version=2),
]
SECOND = [score("c", 50, reached_at=3), score("d", 5), score("d", 0), closing(1)]
FROZEN = [(1, "b", 80), (2, "c", 50), (3, "a", 50)]


@pytest.mark.parametrize("cuts", [(5, 4), (1, 1), (3, 2), (2, 4)], ids=str)
@pytest.mark.parametrize("first", [0, 1])
def test_a_board_closes_alike_whatever_the_batches(
    postgres: str, cuts: tuple[int, int], first: int
) -> None:
    """Frozen is what each partition had said at its own word; what comes later is a correction."""
    prepare(postgres, NAME)
    logs = {0: FIRST, 1: SECOND}
    settings = Settings(kafka="none:1", postgres=postgres)
    with connect(postgres, versioned(NAME, 1)) as connection:
        writer = Writer(connection)
        writer.cursors(FACTS)
        for partition in (first, 1 - first):
            for start in range(0, len(logs[partition]), cuts[partition]):
                part = logs[partition][start : start + cuts[partition]]
                writer.write([heard(*part, start=start, partition=partition)])
    with queries.open_views(settings) as views:
        closed = queries.closed_board(views, "day:2011-12-09")
        assert [(r.rank, r.member_id, r.points) for r in closed] == FROZEN
        assert [b.members for b in queries.closed_boards(views)] == [3]
        now = queries.board(views, "day:2011-12-09")
        assert [r.member_id for r in now] == ["late", "c", "a", "b"]


def test_a_board_is_not_closed_while_a_partition_is_silent(postgres: str) -> None:
    """There are no ranks yet."""
    prepare(postgres, NAME)
    with connect(postgres, versioned(NAME, 1)) as connection:
        writer = Writer(connection)
        writer.cursors(FACTS)
        writer.write([heard(*FIRST)])
    with queries.open_views(Settings(kafka="none:1", postgres=postgres)) as views:
        assert queries.closed_board(views, "day:2011-12-09") == []
        assert queries.closed_boards(views) == []


def cut(outcomes: Sequence[Outcome], size: int) -> list[Batch]:
    """The outcomes in batches of so many."""
    return [heard(*outcomes[n : n + size], start=n) for n in range(0, len(outcomes), size)]


PLACED = sample(o.OrderPlaced)
DELIVERED = changed(
    sample(o.OrderStateChanged), state=o.OrderState.DELIVERED, delivered_at=EXAMPLE_MOMENT
)
RETURNED = sample(o.ReturnAccepted)
STORY = [
    PLACED,
    DELIVERED,
    changed(DELIVERED, state=o.OrderState.PARTLY_RETURNED, delivered_at=None),
    changed(sample(o.ReturnDeferred), return_id="return-2"),
    sample(o.ReturnDeferred),
    RETURNED,
    changed(sample(o.ReturnRefused), reason=o.Reason.ALREADY_POSTED),
    changed(sample(o.ReturnRefused), reason=o.Reason.MORE_THAN_BOUGHT),  # of an accepted one: never
    changed(sample(o.ReturnRefused), return_id="return-2", reason=o.Reason.UNKNOWN_ORDER),
    sample(o.PointsHeld),
    changed(sample(o.RedemptionRefused), cancellation=True),
    changed(sample(o.RedemptionRefused), cancellation=False, reason=o.Reason.OUT_OF_STOCK),
]


@pytest.mark.parametrize("size", [1, 2, 5, len(STORY)])
def test_a_story_ends_alike_whatever_the_batches(postgres: str, size: int) -> None:
    """What is put and what is changed in one batch gives what it gives one by one."""
    prepare(postgres, NAME)
    with connect(postgres, versioned(NAME, 1)) as connection:
        writer = Writer(connection)
        writer.cursors(FACTS)
        for batch in cut(STORY, size):
            writer.write([batch])
    with queries.open_views(Settings(kafka="none:1", postgres=postgres)) as views:
        (order,) = queries.orders(views, "member-1")
        assert (order.state, order.items[0].returned) == ("PARTLY_RETURNED", 2)
        assert order.delivered_at == datetime.fromtimestamp(EXAMPLE_MOMENT / 1000, UTC)
        states = {(r.return_id, r.state, r.reason) for r in queries.returns(views, "member-1")}
        assert states == {
            ("return-1", "ACCEPTED", None),
            ("return-2", "REFUSED", "UNKNOWN_ORDER"),
        }
        (redemption,) = queries.redemptions(views, "member-1")
        assert (redemption.state, redemption.reason, redemption.points, redemption.quantity) == (
            "REFUSED",
            "OUT_OF_STOCK",
            1,
            1,
        )


def test_older_never_overwrites_newer(postgres: str) -> None:
    """Also where the cursor is taken back by hand: positions decide, row by row."""
    prepare(postgres, NAME)
    enrolled = sample(o.MemberEnrolled)
    with connect(postgres, versioned(NAME, 1)) as connection:
        writer = Writer(connection)
        writer.cursors(FACTS)
        newer = heard(changed(enrolled, country="newer"), start=5)
        writer.write([replace(newer, start=0)])
        connection.execute("UPDATE cursor SET next = 0")
        connection.commit()
        writer.write([heard(changed(enrolled, country="older"))])
        assert connection.execute("SELECT country FROM members").fetchall() == [("newer",)]
