"""The sink from a real Kafka into a real Valkey: following, flushed, away, rebuilt."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.valkey import Valkey
from schemas.topics import outcomes
from sinks.ending import ExitCode, Refused
from sinks.redis_sink import keys
from sinks.redis_sink.connection import AWAY
from sinks.redis_sink.rebuild import rebuild
from sinks.redis_sink.sink import run
from sinks.settings import Settings
from sinks.source import read_ends, read_facts
from tests.sinks.log import Log
from tests.sinks.process import Sinks
from tests.sinks.redis_case import (
    DAY_BOARD,
    MOMENT,
    TOPICS,
    Seen,
    closed,
    heated,
    scored,
    spent,
    stocked,
)

MEMBERS, PRODUCTS = outcomes("members"), outcomes("products")


@pytest.fixture
def log(kafka: str, unique: str) -> Log:
    return Log(kafka, unique).create(*TOPICS)


@pytest.fixture
def settings(kafka: str, redis: str, unique: str) -> Settings:
    return Settings(kafka=kafka, redis=redis, topic_prefix=unique)


@contextmanager
def running(settings: Settings) -> Iterator[threading.Thread]:
    """The sink in a thread, stopped afterwards; an error of its own fails the test."""
    stop, errors = threading.Event(), []

    def follow() -> None:
        try:
            run(settings, stop)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
        assert errors == []


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def seen(settings: Settings) -> Seen:
    return Seen(settings.redis, keys.root(settings))


def points(views: Seen, board: str = DAY_BOARD, k: int = 100) -> dict[str, int]:
    return {one.member_id: one.points for one in views.queries.board_top(board, k)}


def test_the_sink_follows_and_goes_on_where_it_stopped(log: Log, settings: Settings) -> None:
    """What came while it was stopped is there afterwards; as-of names positions and moments."""
    views = seen(settings)
    with running(settings):
        log.write(MEMBERS, [scored("a", 10), spent("a", 3)], at=MOMENT + 7)
        log.write(PRODUCTS, [stocked("p", 4), heated("p", 1.0)], 1)
        until(lambda: views.queries.balance("a") is not None)
        until(lambda: views.queries.stock("p") is not None)
    log.write(MEMBERS, [scored("b", 11)], 1)
    log.write(MEMBERS, [scored("c", 12)], aborted=True)
    assert points(views) == {"a": 10}
    with running(settings):
        until(lambda: points(views) == {"a": 10, "b": 11})
        until(lambda: positions(views)["boards"] == [5, 2])  # 2 + commit + 1 + abort; 1 + commit
    boards = next(one for one in views.queries.as_of() if one.view == "boards")
    assert (boards.occurred_at, boards.recorded_at) == (MOMENT, MOMENT + 7)
    assert positions(views) == {
        "boards": [5, 2], "balances": [5, 2], "stock": [0, 3], "hot_products": [0, 3],
        "hot_searches": [0, 0], "risk": [5, 2], "alerts": [0, 0], "tiers": [5, 2],
        "friends": [5, 2], "segments": [5, 2], "candidates": [5, 2], "neighbours": [0, 3],
        "availability": [0, 0],
    }  # fmt: skip


def at_end(views: Seen, settings: Settings) -> bool:
    """Every view has come to the committed end of every partition."""
    facts = read_facts(settings.kafka, TOPICS, settings.topic_prefix)
    ends = read_ends(settings.kafka, facts, settings.topic_prefix)
    as_of = views.queries.as_of()
    return bool(as_of) and all(one.position == ends[one.place] for one in as_of)


def positions(views: Seen) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in views.queries.as_of():
        found.setdefault(one.view, []).append(one.position)
    return found


def test_a_flush_under_a_running_sink_is_mended_from_the_log(log: Log, settings: Settings) -> None:
    """At the next batch, and also when no batch comes."""
    views = seen(settings)
    log.write(MEMBERS, [*(scored(f"m{n}", n + 1) for n in range(50)), closed(0, partitions=2)])
    log.write(MEMBERS, [closed(1, partitions=2), spent("b", 5)], 1)
    with running(settings):
        until(lambda: at_end(views, settings))
        before = views.dump()
        views.client.flushdb()
        until(lambda: views.client.dbsize() > 0 and views.dump() == before)
        views.client.flushdb()
        log.write(MEMBERS, [scored("new", 99)], 1)
        until(lambda: len(points(views)) == 51)
        assert points(views)["m49"] == 50


def test_a_second_sink_does_no_harm(log: Log, settings: Settings) -> None:
    """Two that follow the same log refuse each other's stale batches; the views are right."""
    views = seen(settings)
    with running(settings), running(settings):
        for n in range(20):
            log.write(MEMBERS, [scored(f"m{n}", n + 1), spent(f"m{n}", n)], n % 2)
        until(lambda: len(points(views)) == 20)
        until(lambda: views.queries.balance("m19") is not None)
    assert points(views) == {f"m{n}": n + 1 for n in range(20)}


def test_a_rebuild_fills_beside_and_switches_in_one_step(log: Log, settings: Settings) -> None:
    """The same keys under the next filling; the old ones are gone; the sink goes over by itself."""
    views = seen(settings)
    for n in range(40):
        log.write(MEMBERS, [scored(f"m{n}", n + 1), spent(f"m{n}", n)], n % 2)
    log.write(MEMBERS, [closed(0, partitions=2)])
    log.write(MEMBERS, [closed(1, partitions=2), scored("m1", 1, MOMENT + 9, version=2)], 1)
    with running(settings):
        until(lambda: at_end(views, settings))
        before = views.dump()
        views.client.zadd(keys.key(views.root, "v1", "board", DAY_BOARD), {"rubbish": 5})
        done = rebuild(settings)
        assert (done.filling, views.client.get(keys.pointer(views.root))) == ("v2", "v2")
        assert views.dump() == before
        until(lambda: not list(views.client.scan_iter(match=f"{views.root}v1:*")))
        log.write(MEMBERS, [scored("late", 500, board="all")])
        until(lambda: points(views, "all") == {"late": 500})
    assert done.deleted == len(before)
    assert not views.client.exists(f"{views.root}rebuilding")
    assert not list(views.client.scan_iter(match=f"{views.root}v1:*"))


def test_one_rebuild_at_a_time(log: Log, settings: Settings) -> None:
    """A second one is refused; one that is stopped leaves the old views and can be run again."""
    views = seen(settings)
    log.write(MEMBERS, [scored("a", 10)])
    views.client.set(f"{views.root}rebuilding", "another")
    with pytest.raises(Refused, match="Another rebuild"):
        rebuild(settings)
    views.client.delete(f"{views.root}rebuilding")
    stop = threading.Event()
    stop.set()
    with pytest.raises(Refused, match="stopped"):
        rebuild(settings, stop)
    assert rebuild(settings).filling == "v1"  # nothing was read before
    assert points(views) == {"a": 10}


def test_valkey_away_is_waited_for(log: Log, settings: Settings, tmp_path: Path) -> None:
    """Stopped, killed, started with an empty folder's worth less: nothing is lost."""
    valkey = Valkey(tmp_path / "valkey")
    valkey.start()
    settings = settings.model_copy(update={"redis": valkey.url})
    views = seen(settings)
    try:
        with running(settings):
            log.write(MEMBERS, [scored("a", 10)])
            until(lambda: points(views) == {"a": 10})
            valkey.kill()
            log.write(MEMBERS, [scored("b", 11)])
            time.sleep(0.5)
            valkey.start()
            until(lambda: answers(lambda: points(views) == {"a": 10, "b": 11}))
    finally:
        valkey.stop()


def test_a_wrong_password_is_refused(log: Log, settings: Settings) -> None:
    """Waiting would not cure it."""
    seen(settings).client.acl_setuser("reader", enabled=True, passwords=["+right"])
    wrong = settings.redis.replace("redis://", "redis://reader:wrong@")
    try:
        with pytest.raises(Refused, match="Check MEMBERSTREAM_REDIS"):
            run(settings.model_copy(update={"redis": wrong}), threading.Event())
    finally:
        seen(settings).client.acl_deluser("reader")


def answers(true: Callable[[], bool]) -> bool:
    try:
        return true()
    except AWAY:
        return False


def test_killed_at_any_moment_it_goes_on_from_its_cursors(
    processes: Sinks, log: Log, settings: Settings
) -> None:
    """As a process: kill -9 twice, then SIGTERM, which writes what was taken and exits with 0."""
    views = seen(settings)
    count = 6_000
    for n in range(0, count, 500):
        some = [scored(f"m{k}", k + 1, MOMENT + k) for k in range(n, n + 500)]
        log.write(MEMBERS, some, n // 500 % 2)
    for written in (0, 500):
        process = processes.start("redis_sink", settings, MEMBERSTREAM_SINK_RECORDS="10")
        until(lambda written=written: members(views) > written)
        process.kill()
        process.communicate(timeout=60)
    assert 0 < members(views) < count, "it was killed too late to show anything"
    process = processes.start("redis_sink", settings, MEMBERSTREAM_SINK_RECORDS="10")
    until(lambda: at_end(views, settings))
    process.send_signal(signal.SIGTERM)
    assert b"sink_stopped" in process.communicate(timeout=60)[1]
    assert process.returncode == ExitCode.STOPPED
    assert points(views, k=count) == {f"m{k}": k + 1 for k in range(count)}


def members(views: Seen) -> int:
    return int(views.client.zcard(keys.key(views.root, "v1", "board", DAY_BOARD)))
