"""The views on a real Valkey: boards and their closing, cursors, what is kept and what goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec import structs

from local.valkey import Valkey
from schemas.candidates import AvailabilityChanged, CandidatesChanged, NeighboursChanged
from schemas.friends import FriendshipStarted
from schemas.risk import AlertOpened, FraudScored
from schemas.samples import sample
from schemas.segments import SegmentEntered
from schemas.tiers import TierChanged
from schemas.topics import ALERTS, MODELS
from sinks.ending import Refused
from sinks.redis_sink import keys
from sinks.redis_sink.batches import OPERATIONS_MOST
from sinks.redis_sink.views import BALANCES, BOARDS, VIEWS
from sinks.redis_sink.writer import Lost
from sinks.source import Place, TopicFacts
from tests.sinks.redis_case import (
    DAY,
    DAY_BOARD,
    FACTS,
    MOMENT,
    Views,
    batch,
    closed,
    heated,
    hidden,
    scored,
    shown,
    spent,
    stocked,
)


@pytest.fixture
def views(redis: str, unique: str) -> Views:
    return Views(redis, f"{unique}ms:")


def members(views: Views, board: str = DAY_BOARD, *, final: bool = False) -> list[tuple[str, int]]:
    return [(s.member_id, s.points) for s in views.queries.board_top(board, 100, final=final)]


def test_scores_are_the_points_and_equals_stand_in_order_of_arrival(views: Views) -> None:
    """Who got there first ranks first; the score in Redis is the points exactly."""
    views.hear(scored("late", 30, MOMENT + 9), scored("first", 30, MOMENT), scored("best", 31))
    views.hear(scored("second", 30, MOMENT + 1), partition=1)
    assert members(views) == [("best", 31), ("first", 30), ("second", 30), ("late", 30)]
    second = views.queries.board_rank(DAY_BOARD, "second")
    assert second == (3, "second", 30, MOMENT + 1)
    assert views.queries.boards() == [DAY_BOARD]


def test_a_member_overtakes_and_a_return_lowers(views: Views) -> None:
    """The old element goes when the new one comes: a member stands once on a board."""
    views.hear(scored("a", 10), scored("b", 20, MOMENT + 1))
    views.hear(scored("a", 25, MOMENT + 2))
    assert members(views) == [("a", 25), ("b", 20)]
    views.hear(scored("a", 5, MOMENT + 3))
    assert members(views) == [("b", 20), ("a", 5)]
    views.hear(scored("a", 0, MOMENT + 4))
    assert members(views) == [("b", 20)]
    assert views.queries.board_rank(DAY_BOARD, "a") is None
    views.hear(scored("a", 20, MOMENT + 5))
    assert members(views) == [("b", 20), ("a", 20)]


def test_neighbours_are_cut_off_at_both_ends(views: Views) -> None:
    """Up to n above and below, with their ranks."""
    views.hear(*(scored(f"m{n}", 100 - n) for n in range(10)))
    around = views.queries.board_neighbours(DAY_BOARD, "m5", 2)
    assert [(s.rank, s.member_id) for s in around] == [
        (4, "m3"), (5, "m4"), (6, "m5"), (7, "m6"), (8, "m7"),
    ]  # fmt: skip
    assert [s.rank for s in views.queries.board_neighbours(DAY_BOARD, "m0", 2)] == [1, 2, 3]
    assert [s.rank for s in views.queries.board_neighbours(DAY_BOARD, "m9", 2)] == [8, 9, 10]
    assert views.queries.board_neighbours(DAY_BOARD, "nobody", 2) == []
    assert views.queries.board_top(DAY_BOARD, 0) == []


def test_a_member_id_may_hold_anything(views: Views) -> None:
    """Colons, spaces and other scripts come back as they were."""
    strange = ["a:b:c", " ", "ж", "998676567999999:x"]
    views.hear(*(scored(member, 1, MOMENT + n) for n, member in enumerate(strange)))
    assert [member for member, _ in members(views)] == strange
    assert views.queries.board_rank(DAY_BOARD, "a:b:c") == (1, "a:b:c", 1, MOMENT)


def test_balances_stock_and_hot_lists(views: Views) -> None:
    """Rows hold the newest values and where they are from; weights become scores at a moment."""
    views.hear(spent("m", 9), spent("m", 4, MOMENT + 1))
    views.hear(stocked("p", 8, 2), stage="products")
    assert views.queries.balance("m") == {
        "pending": 7, "active": 4, "held": 3, "withheld": 2, "debt": -5, "occurred_at": MOMENT + 1,
    }  # fmt: skip
    assert views.queries.stock("p") == {
        "on_hand": 8, "reserved": 2, "available": 6, "occurred_at": MOMENT,
    }  # fmt: skip
    assert views.queries.balance("nobody") is None
    hours = MOMENT / 3_600_000
    views.hear(heated("p", hours), heated("q", hours + 2), stage="products")
    assert views.queries.hot("products", "hour", 5, MOMENT) == [("q", 4.0), ("p", 1.0)]
    later = views.queries.hot("products", "hour", 1, MOMENT + 3_600_000)
    assert [(hot.item, round(hot.weight, 9)) for hot in later] == [("q", 2.0)]
    assert views.queries.hot("searches", "hour", 5, MOMENT) == []


def test_hot_lists_keep_the_hottest_whatever_came_first(views: Views) -> None:
    """What is cut off comes back when it is touched again."""
    some = keys.HOT_KEPT + 200
    weights = {f"p{n:04d}": float(n) for n in range(some)}
    order = list(weights)
    Random(1).shuffle(order)
    views.hear(*(heated(product, weights[product]) for product in order), stage="products")
    views.hear(heated("p0000", float(some)), stage="products")
    kept = [hot.item for hot in views.queries.hot("products", "hour", 10_000, 0)]
    expected = ["p0000", *sorted(weights, reverse=True)[: keys.HOT_KEPT - 1]]
    assert kept == expected


def test_the_same_batch_again_changes_nothing(views: Views) -> None:
    """By another sink that believes an older cursor: refused, and nothing is written."""
    stale = Views(views.url, views.root)
    given = views.hear(scored("a", 10), spent("a", 3))
    before = views.dump()
    with pytest.raises(Lost, match="cursor of boards in partition 0 is at 3, not at 0"):
        stale.writer.write([given])
    assert views.dump() == before
    stale.reopen()
    stale.writer.write([given])  # taken already: nothing is left of it
    assert views.dump() == before


def test_a_view_that_fell_behind_takes_only_what_it_has_not(views: Views) -> None:
    """A crash between the calls of two views: each goes on from its own cursor."""
    given = batch([scored("a", 10), spent("a", 3)])
    views.writer.write([given])
    views.client.delete(keys.key(views.root, "v1", "cursor", "balances"))
    views.client.delete(keys.key(views.root, "v1", "balances", "a"))
    fresh = Views(views.url, views.root)
    place = Place(BOARDS.topic, 0)
    assert fresh.writer.positions[BOARDS][place] == 3
    assert fresh.writer.positions[BALANCES][place] == 0
    assert fresh.writer.open(FACTS)[place] == 0
    fresh.writer.write([given])
    assert fresh.queries.balance("a") is not None
    assert fresh.writer.positions[BOARDS][place] == fresh.writer.positions[BALANCES][place] == 3


def test_a_flush_is_noticed_by_the_next_batch_and_by_a_look(views: Views) -> None:
    """The cursor is gone with the data: nothing is written into the hole."""
    views.hear(scored("a", 10))
    views.client.flushdb()
    with pytest.raises(Lost, match="v1 is no longer the one that is read"):
        views.writer.verify()
    with pytest.raises(Lost):
        views.hear(scored("b", 11))
    assert views.client.dbsize() == 0
    assert set(views.writer.open(FACTS).values()) == {0}


def test_after_a_switch_nothing_is_written_into_the_old_filling(views: Views) -> None:
    """The pointer is checked by the call that writes: the old filling can be deleted meanwhile."""
    views.hear(scored("a", 10))
    before = views.dump()
    views.client.set(keys.pointer(views.root), "v2")
    for write in (lambda: views.hear(scored("b", 11)), views.writer.verify):
        with pytest.raises(Lost, match="v1 is no longer the one that is read"):
            write()
    assert views.dump() == {}
    views.client.set(keys.pointer(views.root), "v1")
    assert views.dump() == before


def test_another_topic_under_the_same_name_is_refused(views: Views) -> None:
    """Cursors mean nothing there."""
    views.hear(scored("a", 10))
    anew = FACTS | {BOARDS.topic: TopicFacts("another-id", 3)}
    with pytest.raises(Refused, match="not the one that the view was made from"):
        views.writer.open(anew)


def test_a_board_freezes_once_when_its_last_partition_closes_it(views: Views) -> None:
    """Later versions correct the board, never what was frozen."""
    views.hear(scored("a", 10), scored("b", 20), closed(0))
    views.hear(closed(1), partition=1)
    assert members(views, final=True) == []
    views.hear(scored("c", 15), closed(2), scored("c", 1, MOMENT + 5, version=2), partition=2)
    frozen = [("b", 20), ("c", 15), ("a", 10)]
    assert members(views, final=True) == frozen
    assert members(views) == [("b", 20), ("a", 10), ("c", 1)]
    views.hear(scored("b", 0, MOMENT + 9, version=2), scored("d", 99, MOMENT + 9, version=2))
    assert members(views, final=True) == frozen
    assert members(views) == [("d", 99), ("a", 10), ("c", 1)]
    assert views.queries.board_rank(DAY_BOARD, "b", final=True) == (1, "b", 20, MOMENT)
    assert views.queries.board_rank(DAY_BOARD, "c", final=True) == (2, "c", 15, MOMENT)
    assert views.queries.board_rank(DAY_BOARD, "d", final=True) is None
    assert views.queries.board_rank(DAY_BOARD, "d") == (1, "d", 99, MOMENT + 9)
    state = views.queries.board_state(DAY_BOARD)
    assert (state["frozen"], state["closed"], state["version"]) == ("1", "3", "2")


def test_a_partition_that_closes_twice_counts_once(views: Views) -> None:
    """As after a cursor that was lost while the data was not."""
    views.hear(scored("a", 10), closed(0), closed(0), closed(1))
    views.hear(closed(0), partition=1)
    assert members(views, final=True) == []
    assert views.queries.board_state(DAY_BOARD)["closed"] == "2"
    views.hear(closed(2), partition=2)
    assert members(views, final=True) == [("a", 10)]
    views.hear(scored("a", 11), closed(0), closed(1), closed(2))
    assert members(views, final=True) == [("a", 10)]


def test_a_correction_before_the_last_closing_is_not_frozen(views: Views) -> None:
    """Partitions close one after another; what is frozen is each one's word at its own closing."""
    views.hear(scored("a", 10), scored("b", 20), closed(0))
    views.hear(scored("a", 50, MOMENT + 5, version=2), scored("e", 7, MOMENT + 6, version=2))
    views.hear(scored("a", 60, MOMENT + 7, version=3), scored("b", 0, MOMENT + 7, version=2))
    views.hear(closed(1), partition=1)
    views.hear(closed(2), partition=2)
    assert members(views, final=True) == [("b", 20), ("a", 10)]
    assert members(views) == [("a", 60), ("e", 7)]
    assert views.queries.board_state(DAY_BOARD)["version"] == "3"


def test_old_boards_go_by_event_time_and_stay_away(views: Views) -> None:
    """A closing drops what closed long before it; a late correction does not bring it back."""
    days = keys.KEPT_DAYS["day"]
    boards = [f"day:{number:04d}" for number in range(days + 3)]  # names sort as their days do
    for number, board in enumerate(boards):
        views.hear(scored("a", 10, board=board))
        for partition in range(3):
            views.hear(closed(partition, board, MOMENT + number * DAY), partition=partition)
    assert views.queries.boards() == boards[:2:-1]
    views.hear(scored("a", 11, board=boards[1], version=2), scored("z", 1, board=boards[0]))
    views.hear(closed(0, boards[0]))
    left = [name for name in views.dump() if name.endswith((boards[0], boards[1]))]
    assert left == []
    assert views.queries.board_top(boards[3], final=True) == [(1, "a", 10, MOMENT)]


def test_who_is_hidden_is_on_no_board_and_comes_back_as_before(views: Views) -> None:
    """Open and closed boards, corrections included; scores that come meanwhile are there when shown."""
    views.hear(scored("a", 10), scored("b", 9), scored("c", 8))
    for partition in range(3):
        views.hear(closed(partition), partition=partition)
    views.hear(scored("b", 20, MOMENT + 1, version=2))
    before = views.dump()
    views.hear(hidden("b"), hidden("nobody"))
    assert places(views) == ([(1, "a", 10), (2, "c", 8)], [(1, "a", 10), (2, "c", 8)])
    assert views.queries.board_rank(DAY_BOARD, "b") is None
    assert views.queries.board_rank(DAY_BOARD, "b", final=True) is None
    assert views.queries.board_neighbours(DAY_BOARD, "c", 1)[0].member_id == "a"
    views.hear(shown("nobody"), shown("b"))
    assert boards(views.dump()) == boards(before)
    views.hear(hidden("b"), scored("b", 7, MOMENT + 2, version=3))
    views.hear(shown("b"))
    now = [(1, "a", 10), (2, "c", 8), (3, "b", 7)]
    assert places(views) == (now, [(1, "a", 10), (2, "b", 9), (3, "c", 8)])


def test_a_board_is_closed_with_who_is_hidden_beside(views: Views) -> None:
    """Shown after the closing the member is on the closed board, with the score of then."""
    views.hear(scored("a", 10), scored("b", 9), hidden("b"), hidden("a"))
    views.hear(closed(0), scored("b", 1, MOMENT + 1, version=2))
    for partition in (1, 2):
        views.hear(closed(partition), partition=partition)
    assert places(views) == ([], [])
    views.hear(shown("a"), shown("b"))
    assert places(views) == ([(1, "a", 10), (2, "b", 1)], [(1, "a", 10), (2, "b", 9)])


def boards(keys: dict[str, object]) -> dict[str, object]:
    """All keys but how far the views have come."""
    return {name: held for name, held in keys.items() if not name.startswith("cursor:")}


def places(views: Views) -> tuple[list[tuple[int, str, int]], list[tuple[int, str, int]]]:
    """The board as it is and as it was closed."""
    ask = views.queries.board_top
    return tuple([one[:3] for one in ask(DAY_BOARD, final=final)] for final in (False, True))  # type: ignore[return-value]


def test_every_key_is_of_a_documented_family(views: Views) -> None:
    """Its type and its fields are what docs/keyspace.md says."""
    views.hear(scored("a", 10), closed(0), scored("a", 11, version=2), spent("a", 1))
    for partition in (1, 2):
        views.hear(closed(partition), partition=partition)
    later = "day:2012-06-01"
    for partition in range(3):
        views.hear(scored(f"a{partition}", 10, board=later), partition=partition)
        views.hear(closed(partition, later, MOMENT + 100 * DAY), partition=partition)
    views.hear(scored("b", 9, board=later, version=2))
    views.hear(hidden("a0"))
    views.hear(stocked("p", 1), heated("p", 1.0), stage="products")
    views.hear(*map(sample, (FraudScored, TierChanged, FriendshipStarted, SegmentEntered)))
    views.hear(sample(CandidatesChanged))
    views.hear(sample(NeighboursChanged), stage="products")
    views.hear(sample(AlertOpened), topic=ALERTS)
    views.hear(structs.replace(sample(AvailabilityChanged), available=False), topic=MODELS)
    seen = set()
    for name, held in views.dump().items():
        family = max(
            (one for one in keys.FAMILIES if name.startswith(one.start)),
            key=lambda one: len(one.start),
        )
        seen.add(family.name)
        assert isinstance(held, dict) == (family.kind == "hash"), name
        if family.fields and isinstance(held, dict):
            shapes = {keys.shape(str(field)) for field in held}
            assert shapes <= set(family.fields), name
    assert seen == {family.name for family in keys.FAMILIES}


@pytest.fixture
def alone(tmp_path: Path, unique: str) -> Iterator[Views]:
    """On a server of its own, where nobody else's calls are counted."""
    server = Valkey(tmp_path / "valkey")
    server.start()
    try:
        yield Views(server.url, f"{unique}ms:")
    finally:
        server.stop()


def test_a_call_is_bounded_and_a_batch_is_not(alone: Views) -> None:
    """Ten thousand scores in one batch: many calls, each short, and all in one round trip."""
    views = alone
    some = OPERATIONS_MOST * 25
    views.hear(scored("m0", 1, board="all"))  # the scripts are loaded
    before = calls(views)
    views.hear(*(scored(f"m{n}", n + 1, board="all") for n in range(some)))
    others = [view for view in VIEWS if view.topic == BOARDS.topic and view is not BOARDS]
    assert calls(views) - before == 25 + len(others)  # one each, as they heard nothing
    assert views.client.zcard(keys.key(views.root, "v1", "board", "all")) == some
    # both batches, and a marker behind each
    assert views.writer.positions[BOARDS][Place(BOARDS.topic, 0)] == 1 + 1 + some + 1


def calls(views: Views) -> int:
    """How many scripts Valkey has run."""
    stats: Any = views.client.info("commandstats")
    return int(stats["cmdstat_evalsha"]["calls"])
