"""One stage in one worker: a loop of pass, transaction, store; exactly once.

take all that waits, of all owned partitions → react → one transaction (outputs, changelog, source
positions, the group's offsets) → one write a store → again. Partitions come in by an acquire in the
background and go out between two transactions. Any error that leaves here ends the process.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter

from faust.types import TP

from streams.acquire import Acquired, Acquirer
from streams.behaviour import Effects
from streams.failpoints import Failpoints
from streams.metrics import StageMetrics
from streams.offset_commit import UNFENCED, Membership
from streams.settings import Settings
from streams.stage import Progress, StageSpec
from streams.store import SOURCES_KEY, Source, encode
from streams.topics import TopicFacts
from streams.transaction import Row, TransactionalProducer
from streams.transport import Batch, PositionJumped

SMALL_PASS = 500  # a pass of fewer records waits for the linger time after the last


@dataclass(slots=True)
class Owned:
    """A partition in work, with what waits for it by source topic."""

    acquired: Acquired
    positions: dict[str, int]
    queues: dict[str, deque[Batch]]
    touched: bool = False

    @property
    def waits(self) -> bool:
        """True when there is something to do."""
        return any(self.queues.values()) or self.acquired.work.waiting


class StageLoop:
    """The loop of one stage; `file`, `acquire` and `release` are called by the app."""

    def __init__(
        self,
        spec: StageSpec,
        settings: Settings,
        facts: dict[str, TopicFacts],
        acquirer: Acquirer,
        producer: TransactionalProducer,
        failpoints: Failpoints,
    ) -> None:
        self.spec = spec
        self.progress = Progress()
        self.behind: set[TP] = set()
        self._settings = settings
        self._facts = facts
        self._acquirer = acquirer
        self._producer = producer
        self._failpoints = failpoints
        self._metrics = StageMetrics(spec.name)
        self._owned: dict[int, Owned] = {}
        self._membership: Membership | None = None
        self._turn = 0
        self._busy = asyncio.Lock()  # held from the first reaction to the store's write
        self._wake = asyncio.Event()
        self._stopping = False

    # ---- what waits ------------------------------------------------------------------------------

    def wanted(self) -> Iterable[TP]:
        """The partitions to fetch from: none of the outside ones when enough waits."""
        full = (
            self.progress.queued_records >= self._settings.queue_records
            or self.progress.queued_bytes >= self._settings.queue_bytes
        )
        inside = self.spec.sources[:-1]
        for partition, owned in self._owned.items():
            for topic in inside:
                if not (full and owned.queues[topic]):
                    yield TP(topic, partition)
            if not full:
                yield TP(self.spec.sources[-1], partition)

    def file(self, batch: Batch) -> None:
        """Let a batch wait, unless its partition is not in work under the same membership."""
        owned = self._owned.get(batch.partition)
        if owned is None or batch.membership != owned.acquired.membership or self._stopping:
            return
        owned.queues[batch.topic].append(batch)
        self.progress.queued_records += len(batch.records)
        self.progress.queued_bytes += batch.size
        self._wake.set()

    def taken(self, behind: set[TP]) -> None:
        """The transport drained; what was held back may go on now."""
        self.behind = behind
        self.progress.drained_at = time.monotonic()
        if self.progress.queued_records:
            self._wake.set()

    # ---- coming and going ------------------------------------------------------------------------

    async def acquire(self, partitions: frozenset[int], membership: Membership) -> None:
        """Restore these partitions and take them into work."""
        assert not self._owned, "acquired twice without a release"
        assert not self._producer.open, "restored while a transaction of our own is open"
        self.progress.acquiring = True
        acquired = await self._acquirer.acquire(partitions, membership, self._metrics)
        for one in acquired:
            positions = {topic: source.offset for topic, source in one.sources.items()}
            queues = {topic: deque[Batch]() for topic in self.spec.sources}
            self._owned[one.partition] = Owned(one, positions, queues)
        self.progress.owned = len(self._owned)
        self.progress.acquiring = False
        self.progress.passed_at = time.monotonic()
        self._wake.set()

    async def release(self) -> None:
        """Finish the transaction in hand, drop what waits, close the stores."""
        async with self._busy:
            self._failpoints.reach("in-revoke", self.spec.name)
            for owned in self._owned.values():
                owned.acquired.store.close()
            self._owned.clear()
            self.progress = Progress()

    async def stop(self) -> None:
        """Take nothing new, finish the transaction in hand, close."""
        self._stopping = True
        self._wake.set()
        await self.release()
        await self._producer.stop()

    # ---- the loop --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until `stop`."""
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            started = perf_counter()
            async with self._busy:
                records = await self._pass()
            waits = any(owned.waits for owned in self._owned.values())
            if waits and records:
                self._wake.set()
            elif not waits:
                self.progress.passed_at = time.monotonic()
            if records < SMALL_PASS:
                await self._linger(started)
            else:
                await asyncio.sleep(0)

    async def _linger(self, started: float) -> None:
        left = self._settings.linger_seconds - (perf_counter() - started)
        if left > 0:
            await asyncio.sleep(left)

    async def _pass(self) -> int:
        """React and commit; returns how many records (and wake-up rounds) were taken."""
        started = perf_counter()
        records = self._react(started + self._settings.pass_seconds)
        touched = [owned for owned in self._owned.values() if owned.touched]
        if not touched:
            return 0
        reacted = perf_counter()
        self._failpoints.reach("after-decode", self.spec.name)
        outputs = await self._commit(touched)
        self.progress.passed_at = time.monotonic()
        self._metrics.passed(
            records, outputs, reacted - started, perf_counter() - reacted, self.progress
        )
        return records

    def _react(self, deadline: float) -> int:
        """Partitions in turn, so that a deadline does not always meet the same one first."""
        partitions = list(self._owned.values())
        turn = self._turn = (self._turn + 1) % len(partitions) if partitions else 0
        done = 0
        for owned in partitions[turn:] + partitions[:turn]:
            done += self._react_in(owned, deadline)
            if perf_counter() > deadline:
                break
        return done

    def _react_in(self, owned: Owned, deadline: float) -> int:
        """What waits in one partition, from inside first; then keys that are due."""
        done = 0
        partition = owned.acquired.partition
        for topic in self.spec.sources:
            queue = owned.queues[topic]
            while queue:
                done += self._take(owned, queue, deadline)
                if perf_counter() > deadline:
                    return done
            if TP(topic, partition) in self.behind and topic is not self.spec.sources[-1]:
                return done  # what is from inside goes first, and more of it is on its way
        if owned.acquired.work.waiting:
            owned.acquired.work.run([], deadline)
            owned.touched = True
            done += 1
        return done

    def _take(self, owned: Owned, queue: deque[Batch], deadline: float) -> int:
        """As much of the first batch as there is time for."""
        batch = queue[0]
        position = owned.positions[batch.topic]
        if batch.start != position:
            raise PositionJumped(
                f"{batch.topic}/{batch.partition}: a batch begins at {batch.start}, "
                f"and the next to read is {position}."
            )
        records = batch.records
        taken = owned.acquired.work.run(records, deadline)
        assert 0 < taken <= len(records), "a behaviour takes at least one record"
        owned.touched = True
        self.progress.queued_records -= taken
        if taken == len(records):
            queue.popleft()
            owned.positions[batch.topic] = batch.end
            self.progress.queued_bytes -= batch.size
        else:
            part = batch.size * taken // len(records)
            batch.size -= part
            self.progress.queued_bytes -= part
            batch.records = records[taken:]
            batch.start = owned.positions[batch.topic] = batch.records[0].offset
        return taken

    # ---- the transaction -------------------------------------------------------------------------

    async def _commit(self, touched: list[Owned]) -> int:
        """One transaction of all that was touched, then the stores; returns the outputs' number."""
        effects = [(owned, owned.acquired.work.effects()) for owned in touched]
        records: dict[tuple[str, int], list[Row]] = {}
        offsets: dict[tuple[str, int], int] = {}
        outputs = 0
        for owned, effect in effects:
            outputs += _gather(effect, records)
            for topic, position in owned.positions.items():
                offsets[topic, owned.acquired.partition] = position
        changes = {}
        now = time.time_ns() // 1_000_000
        for owned, effect in effects:
            changed = self._changed(owned, effect)
            changes[owned.acquired.partition] = changed
            at = (self.spec.changelog, owned.acquired.partition)
            records[at] = [(key, value, now) for key, value in changed.items()]
        ends = await self._producer.commit(records, offsets, self._fence(touched), self._reach)
        self._reach("between-commit-and-store")
        self._store(effects, changes, ends)
        return outputs

    def _reach(self, name: str) -> None:
        self._failpoints.reach(name, self.spec.name)

    def _fence(self, touched: list[Owned]) -> Membership:
        """The one membership under which all of this was fetched."""
        membership = touched[0].acquired.membership
        assert all(owned.acquired.membership == membership for owned in touched)
        assert membership.generation > 0
        assert membership.member
        return membership if self._settings.test_fencing == "on" else UNFENCED

    def _changed(self, owned: Owned, effect: Effects) -> dict[bytes, bytes | None]:
        """The behaviour's changes and the record that every transaction has in its changelog."""
        sources = {
            topic: Source(position, self._facts[topic].topic_id, self.spec.partitions)
            for topic, position in owned.positions.items()
        }
        effect.changes[SOURCES_KEY] = encode(sources)
        return effect.changes

    def _store(
        self,
        effects: list[tuple[Owned, Effects]],
        changes: dict[int, dict[bytes, bytes | None]],
        ends: dict[tuple[str, int], int],
    ) -> None:
        changelog_id = self._facts[self.spec.changelog].topic_id
        for owned, effect in effects:
            partition = owned.acquired.partition
            end = max(ends[self.spec.changelog, partition], owned.acquired.changelog_offset)
            owned.acquired.changelog_offset = end
            owned.acquired.store.write(changes[partition].items(), end, changelog_id)
            owned.acquired.work.committed()
            if effect.counted is not None:
                self._metrics.counted(effect.counted)
            owned.touched = False


def _gather(effect: Effects, records: dict[tuple[str, int], list[Row]]) -> int:
    """Add a partition's outputs to all; returns how many."""
    count = 0
    for at, rows in effect.outputs.items():
        count += len(rows)
        known = records.get(at)
        if known is None:
            records[at] = rows
        else:
            known.extend(rows)
    return count
