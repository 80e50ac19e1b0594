"""Batches and outcomes for the tests of the Redis views, without a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from redis import Redis

from schemas.outcomes import (
    Balances,
    BoardPartitionClosed,
    Heat,
    MemberHidden,
    MemberShown,
    PointsSpent,
    ProductHeated,
    Score,
    ScoreChanged,
    StockChanged,
    StockMovement,
    Window,
)
from schemas.record import Outcome
from schemas.risk import AbuseKind
from schemas.topics import ALERTS, MODELS, STAGES, outcomes
from sinks.redis_sink.connection import connect
from sinks.redis_sink.queries import RedisQueries
from sinks.redis_sink.writer import Writer
from sinks.source import Batch, Heard, Place, TopicFacts

PARTITIONS = 3
TOPICS = [*map(outcomes, STAGES), ALERTS, MODELS]
FACTS = {topic: TopicFacts(f"id-of-{topic}", PARTITIONS) for topic in TOPICS}
MOMENT = 1_323_432_000_000
DAY = 86_400_000
DAY_BOARD = "day:2011-12-09"
WINDOWS = {
    "day": Window.DAY,
    "week": Window.WEEK,
    "month": Window.MONTH,
    "season": Window.SEASON,
    "all": Window.ALL_TIME,
}


def scored(
    member: str, points: int, at: int = MOMENT, board: str = DAY_BOARD, version: int = 1
) -> ScoreChanged:
    """The member has so many points on a board since `at`."""
    score = Score(
        board=board,
        window=WINDOWS[board.partition(":")[0]],
        points=points,
        reached_at=at,
        version=version,
    )
    return ScoreChanged(
        event_id=f"e-{member}-{at}", member_id=member, occurred_at=at, scores=[score]
    )


def closed(
    partition: int, board: str = DAY_BOARD, ends_at: int = MOMENT, partitions: int = PARTITIONS
) -> BoardPartitionClosed:
    """A partition closes a board."""
    return BoardPartitionClosed(
        board=board,
        occurred_at=ends_at + 3_600_000,
        window=WINDOWS[board.partition(":")[0]],
        ends_at=ends_at,
        partition=partition,
        partitions=partitions,
    )


def spent(member: str, active: int, at: int = MOMENT) -> PointsSpent:
    """A ledger entry after which the member has so many active points and owes 5."""
    balances = Balances(
        pending=7,
        active=active,
        held=3,
        withheld=2,
        debt=-5,
        issued=-active - 7,
        redeemed=0,
        expired=0,
        adjusted=0,
    )
    return PointsSpent(
        event_id=f"spent-{member}-{active}",
        member_id=member,
        occurred_at=at,
        postings=[],
        balances=balances,
        lots=[],
        redemption_id="redemption-1",
        points=1,
    )


def hidden(member: str) -> MemberHidden:
    """The member is blocked."""
    return MemberHidden(
        event_id=f"hidden-{member}", member_id=member, occurred_at=MOMENT, kind=AbuseKind.PAYMENT
    )


def shown(member: str) -> MemberShown:
    """No block is left."""
    return MemberShown(event_id=f"shown-{member}", member_id=member, occurred_at=MOMENT)


def stocked(product: str, on_hand: int, reserved: int = 0) -> StockChanged:
    """The product's stock after a movement."""
    return StockChanged(
        event_id=f"stocked-{product}-{on_hand}",
        product_id=product,
        occurred_at=MOMENT,
        movement=StockMovement.RECEIVED,
        quantity=1,
        on_hand=on_hand,
        reserved=reserved,
        available=on_hand - reserved,
    )


def heated(product: str, log2_weight: float, hot_list: str = "hour") -> ProductHeated:
    """The product's weight in one hot list."""
    heat = Heat(hot_list=hot_list, log2_weight=log2_weight, members=1)
    return ProductHeated(product_id=product, occurred_at=MOMENT, heats=[heat])


def batch(
    said: Sequence[Outcome],
    partition: int = 0,
    start: int = 0,
    stage: str = "members",
    topic: str = "",
) -> Batch:
    """Outcomes that lie one after another from `start` on, and a control record behind them."""
    heard = [Heard(start + n, MOMENT + n, outcome) for n, outcome in enumerate(said)]
    end = start + len(said) + 1
    place = Place(topic or outcomes(stage), partition)
    return Batch(place, start, end, heard, MOMENT, True)


@dataclass
class Seen:
    """What readers see, and all keys behind it."""

    url: str
    root: str
    client: Redis = field(init=False)
    queries: RedisQueries = field(init=False)

    def __post_init__(self) -> None:
        self.client = connect(self.url, decoded=True)
        self.queries = RedisQueries(self.client, self.root)

    def dump(self) -> dict[str, object]:
        """All keys of the filling that is read, with what they hold."""
        prefix = f"{self.root}{self.client.get(self.root + 'current')}:"
        return {
            str(name).removeprefix(prefix): self._held(str(name))
            for name in sorted(self.client.scan_iter(match=f"{prefix}*", count=1000))
        }

    def _held(self, name: str) -> object:
        match self.client.type(name):
            case "zset":
                return self.client.zrange(name, 0, -1, withscores=True)
            case "set":
                return self.client.smembers(name)
            case "hash":
                return self.client.hgetall(name)
            case other:
                raise AssertionError(f"{name} is a {other}")


@dataclass
class Views(Seen):
    """A writer on a Valkey, told outcomes partition by partition, and the queries beside it."""

    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reopen()

    def reopen(self, filling: str | None = None) -> Self:
        """A writer that knows nothing but what Redis holds."""
        self.writer = Writer(connect(self.url), self.root, filling)
        self.writer.open(FACTS)
        return self

    def hear(
        self, *said: Outcome, partition: int = 0, stage: str = "members", topic: str = ""
    ) -> Batch:
        """The next outcomes of a partition, in one batch."""
        start = max(
            positions[place]
            for view, positions in self.writer.positions.items()
            for place in [Place(topic or outcomes(stage), partition)]
            if view.topic == place.topic
        )
        given = batch(said, partition, start, stage, topic)
        self.writer.write([given])
        return given
