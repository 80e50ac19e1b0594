"""How the stages of a worker share a pass: nobody starves, no time is lost, and all wait for a restore."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rocksdict import Cache

from streams.acquire import Acquired, Acquirer
from streams.behaviour import Effects, Record, StoreView
from streams.engine import Engine
from streams.failpoints import Failpoints
from streams.offset_commit import Membership
from streams.settings import Settings, read_settings
from streams.share import Owned, Share
from streams.stage import StageSpec
from streams.store import Source, Store
from streams.transaction import TransactionalProducer
from streams.transport import Batch, Received

NOW = Membership(7, "me")
BEFORE = Membership(6, "me")
PASS_SECONDS = 0.5


@dataclass(slots=True)
class SlowWork:
    """Each record takes its time; which ones were taken is kept."""

    seconds: float
    taken: list[int] = field(default_factory=list)

    @property
    def waiting(self) -> bool:
        return False

    def run(self, records: Sequence[Record], deadline: float) -> int:
        for number, record in enumerate(records, 1):
            time.sleep(self.seconds)
            self.taken.append(record.offset)
            if time.perf_counter() > deadline:
                return number
        return len(records)

    def effects(self) -> Effects:
        return Effects()

    def committed(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class SlowBehaviour:
    """A stage of `SlowWork`."""

    seconds: float = 0.0

    def open(self, partition: int, store: StoreView) -> SlowWork:
        return SlowWork(self.seconds)

    def topics_written(self) -> Iterable[str]:
        return ()


def batch(topic: str, first: int, count: int, membership: Membership = NOW) -> Batch:
    """A batch of so many records of one byte each."""
    records = [Received(topic, 0, first + n, 0, b"", b"v") for n in range(count)]
    return Batch(topic, 0, first, first + count, records, membership, count)


def share(name: str, seconds: float, settings: Settings, cache: Cache) -> Share:
    """One partition of a stage in work, as an acquire leaves it."""
    sources = (f"to.{name}", f"actions.{name}")
    spec = StageSpec(name, sources, f"changelog.{name}", 1, SlowBehaviour(seconds))
    folder = settings.data / name

    async def seek(*_: object) -> bool:
        return True

    acquirer = Acquirer(spec, settings, {}, folder, cache, seek, Failpoints())
    made = Share(spec, settings, {}, acquirer)
    acquired = Acquired(
        0,
        NOW,
        Store(folder / "0", cache),
        SlowWork(seconds),
        {topic: Source(0, "id", 1) for topic in sources},
        0,
    )
    made._owned[0] = Owned(acquired, dict.fromkeys(sources, 0), {t: deque() for t in sources})
    return made


def engine(folder: Path, fetch: Callable[[], Any] = int, **seconds: float) -> Engine:
    """A worker's engine that owns one partition of each stage; `seconds` by stage, for a record."""
    settings = read_settings(kafka="localhost:1", data=folder, pass_seconds=PASS_SECONDS)
    cache = Cache(1 << 20)
    shares = [share(name, each, settings, cache) for name, each in seconds.items()]
    return Engine(shares, settings, TransactionalProducer(settings, "me"), Failpoints(), fetch)


async def reacted(folder: Path, batches: Iterable[Batch], **seconds: float) -> Engine:
    """An engine that was given these batches, after it reacted once."""
    made = engine(folder, **seconds)
    for one in batches:
        made.file(one)
    made._react(time.perf_counter())
    await made._producer.stop()
    return made


def took(made: Engine, stage: str) -> list[int]:
    """The records that a stage reacted to."""
    work = made.shares[stage]._owned[0].acquired.work
    assert isinstance(work, SlowWork)
    return work.taken


def test_a_long_queue_does_not_hold_up_a_short_one(tmp_path: Path) -> None:
    """Whatever is declared first, and the long one has all the time that the others leave."""
    batches = [batch("actions.long", 0, 1_000), batch("actions.short", 0, 5)]
    made = asyncio.run(reacted(tmp_path, batches, long=0.002, short=0.002, idle=0.002))
    assert took(made, "short") == [0, 1, 2, 3, 4]
    seconds = made.shares["long"].reacted_seconds
    assert seconds > 0.7 * PASS_SECONDS
    assert took(made, "long") == list(range(len(took(made, "long"))))
    assert 0 < made.shares["long"].progress.queued_records == 1_000 - len(took(made, "long"))


def test_two_long_queues_share_a_pass(tmp_path: Path) -> None:
    """The first leaves the other its half: far more than the one record that is always taken."""
    batches = [batch("actions.one", 0, 1_000), batch("actions.other", 0, 1_000)]
    made = asyncio.run(reacted(tmp_path, batches, one=0.001, other=0.001))
    assert min(len(took(made, "one")), len(took(made, "other"))) >= 20


def test_nobody_reacts_while_a_stage_is_being_restored(tmp_path: Path) -> None:
    """What is fetched meanwhile waits; else a transaction of ours could be open in a restore."""

    async def passes() -> tuple[int, list[int], float]:
        made = engine(tmp_path, one=0.0, other=0.0)
        made.file(batch("actions.one", 0, 3))
        made.expect(["other"])
        before = made.shares["one"].progress.passed_at = 0.0
        records = await made._pass()
        await made._producer.stop()
        return records, took(made, "one"), made.shares["one"].progress.passed_at - before

    records, taken, passed_at = asyncio.run(passes())
    assert (records, taken) == (0, [])
    assert passed_at > 0  # it is well: it only waits


def test_what_is_fetched_under_another_membership_is_dropped(tmp_path: Path) -> None:
    """Its partition may have another owner, and is read again from the store's position."""
    batches = [batch("actions.one", 0, 3, BEFORE)]
    made = asyncio.run(reacted(tmp_path, batches, one=0.0))
    assert took(made, "one") == []
    assert made.shares["one"].progress.queued_records == 0


def test_a_pass_takes_all_that_was_drained_together(tmp_path: Path) -> None:
    """Faust's agents file batch after batch; the first would start a pass without the others."""

    async def filing() -> tuple[list[bool], bool]:
        made = engine(tmp_path, one=0.0, other=0.0)
        made.expects(2)
        waiting = asyncio.create_task(made._all_filed())
        seen = []
        for topic in ("actions.one", "actions.other"):
            await asyncio.sleep(0)
            seen.append(waiting.done())
            made.file(batch(topic, 0, 3))
        await waiting
        made.expects(1)
        await asyncio.wait_for(made._all_filed(), 5)  # Faust dropped it
        await made._producer.stop()
        return seen, all(share.waits for share in made.shares.values())

    assert asyncio.run(filing()) == ([False, False], True)


def test_the_next_fetch_is_asked_for_once_a_pass(tmp_path: Path) -> None:
    """After the pass, so that what it said to other keys comes along; also when nothing could be done."""
    asked: list[float] = []

    async def passing() -> None:
        made = engine(tmp_path, lambda: asked.append(time.perf_counter()), one=0.0, other=0.0)
        made.expect(["other"])
        running = asyncio.create_task(made.run())
        for number in range(2):
            filed_at = time.perf_counter()
            made.expects(1)
            made.file(batch("actions.one", number, 1))
            while len(asked) == number:
                await asyncio.sleep(0.001)
            assert asked[number] - filed_at > made._settings.linger_seconds / 2
        assert made.asks()
        await made.stop()
        await running

    asyncio.run(asyncio.wait_for(passing(), 30))
    assert len(asked) == 2
