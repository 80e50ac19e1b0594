"""A worker's loop: pass, transaction, stores; exactly once.

take all that waits, of all partitions of all stages → react → one transaction (outputs, changelogs,
source positions, the group's offsets) → one write a store → again. Partitions come in by an acquire in
the background and go out between two transactions. Any error that leaves here ends the process.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter

from faust.types import TP

from streams import garbage
from streams.failpoints import Failpoints
from streams.offset_commit import UNFENCED, Membership
from streams.settings import Settings
from streams.share import Share
from streams.transaction import TransactionalProducer
from streams.transport import Batch
from streams.writing import Offsets, Records, Writing

SMALL_PASS = 500  # a pass of fewer records waits for the linger time after the last
FILING_SECONDS = 0.01  # a batch that Faust dropped, in a rebalance, is waited for no longer
FETCH_SECONDS = 0.004  # what a fetch takes: so long before the next pass it leaves


class Engine:
    """The loop over all stages; `file`, `acquire` and `release` are called by the app.

    One transaction holds what all stages did, as its cost is its round trips and not its records, and
    as stages that take turns on one event loop would wait for each other in the midst of theirs.
    """

    def __init__(
        self,
        shares: Sequence[Share],
        settings: Settings,
        producer: TransactionalProducer,
        failpoints: Failpoints,
        fetch: Callable[[], None],
    ) -> None:
        """`fetch`: lets the next fetch leave."""
        self.shares = {share.spec.name: share for share in shares}
        self._of_topic = {topic: share for share in shares for topic in share.spec.sources}
        self._settings = settings
        self._producer = producer
        self._failpoints = failpoints
        self._fetch = fetch
        self._on_their_way = 0  # batches that Faust has and its agents did not file yet
        self._small = True  # the last pass
        self._busy = asyncio.Lock()  # held from the first reaction to the stores' writes
        self._wake = asyncio.Event()
        self._stopping = False

    # ---- what waits ------------------------------------------------------------------------------

    def wanted(self) -> set[TP]:
        """The partitions to fetch from now."""
        return {tp for share in self.shares.values() for tp in share.wanted()}

    def asks(self) -> bool:
        """While passes are small each asks for what the next one takes; large ones have enough waiting."""
        return self._small

    def expects(self, batches: int) -> None:
        """So many batches of one drain are on their way: a pass waits a moment until all are filed."""
        self._on_their_way += batches

    def file(self, batch: Batch) -> None:
        """Let a batch wait for its partition."""
        # One of before a rebalance is filed late, and not expected.
        self._on_their_way = max(0, self._on_their_way - 1)
        if not self._stopping and self._of_topic[batch.topic].file(batch):
            self._wake.set()

    def taken(self, behind: set[TP]) -> None:
        """The transport drained; what was held back may go on now."""
        for share in self.shares.values():
            if share.taken(behind):
                self._wake.set()

    # ---- coming and going ------------------------------------------------------------------------

    def expect(self, stages: Iterable[str]) -> None:
        """These stages are acquired next: nothing reacts before all of them are.

        So nothing is restored while a transaction of our own is open.
        """
        assert not self._producer.open, "restored while a transaction of our own is open"
        for stage in stages:
            self.shares[stage].progress.acquiring = True

    async def acquire(self, stage: str, partitions: frozenset[int], membership: Membership) -> None:
        """Restore these partitions of a stage that is expected, and take them into work."""
        await self.shares[stage].acquire(partitions, membership)
        self._wake.set()

    async def release(self) -> None:
        """Finish the transaction in hand, drop what waits, close the stores."""
        async with self._busy:
            self._failpoints.reach("in-revoke", self.shares)
            self._on_their_way = 0
            for share in self.shares.values():
                share.release()

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
            await self._all_filed()
            self._wake.clear()
            started = perf_counter()
            async with self._busy:
                records = await self._pass()
            waits = [self._waits(share) for share in self.shares.values()]
            if records and any(waits):
                self._wake.set()
            self._small = records < SMALL_PASS
            if self._small:
                garbage.tidy()
                await self._linger(started)
            else:
                await asyncio.sleep(0)
            if not self._stopping:
                self._fetch()

    async def _all_filed(self) -> None:
        """Wait until what was drained together is filed, so that one pass takes all of it."""
        ends = perf_counter() + FILING_SECONDS
        while self._on_their_way > 0 and perf_counter() < ends:
            await asyncio.sleep(0)

    def _waits(self, share: Share) -> bool:
        """Whether there is more to do; a stage that has nothing to do is well."""
        waits = share.waits
        if not waits:
            share.progress.passed_at = time.monotonic()
        return waits

    async def _linger(self, started: float) -> None:
        """Wait for company, until the fetch of the next pass is to leave."""
        left = started + self._settings.linger_seconds - FETCH_SECONDS - perf_counter()
        await asyncio.sleep(max(left, 0))

    async def _pass(self) -> int:
        """React and commit; returns how many records (and wake-up rounds) were taken."""
        if self._acquiring():
            return 0
        self._react(perf_counter())
        records = sum(share.records for share in self.shares.values())
        writings = [*self._writings()]
        if writings:
            self._failpoints.reach("after-decode", self._stages(writings))
            await self._commit(writings)
        return records

    def _acquiring(self) -> bool:
        """Whether some stage is being restored; the others wait for it and are well."""
        found = any(share.progress.acquiring for share in self.shares.values())
        if found:
            for share in self.shares.values():
                if not share.progress.acquiring:
                    share.progress.passed_at = time.monotonic()
        return found

    def _react(self, started: float) -> None:
        """Each stage has an equal part of the time, and what those before it left of theirs.

        Those for which less waits come first, so that nobody starves and no time is lost.
        """
        ends = started + self._settings.pass_seconds
        shares = sorted(self.shares.values(), key=lambda share: share.progress.queued_records)
        for left, share in zip(range(len(shares), 0, -1), shares, strict=True):
            now = perf_counter()
            share.react(now + (ends - now) / left)

    # ---- the transaction -------------------------------------------------------------------------

    def _writings(self) -> Iterator[Writing]:
        for share in self.shares.values():
            for owned in share.touched():
                yield Writing(share, owned)

    async def _commit(self, writings: Sequence[Writing]) -> None:
        """One transaction of all that was touched, then the stores."""
        started = perf_counter()
        records: Records = {}
        offsets: Offsets = {}
        outputs: Counter[str] = Counter()
        for writing in writings:
            outputs[writing.share.spec.name] += writing.outputs
            writing.lay(records, offsets, time.time_ns() // 1_000_000)
        stages = self._stages(writings)

        def reach(name: str) -> None:
            self._failpoints.reach(name, stages)

        ends = await self._producer.commit(records, offsets, self._fence(writings), reach)
        reach("between-commit-and-store")
        for writing in writings:
            writing.store(ends)
        for stage in stages:
            self.shares[stage].committed(outputs[stage], perf_counter() - started)

    def _stages(self, writings: Sequence[Writing]) -> frozenset[str]:
        return frozenset(writing.share.spec.name for writing in writings)

    def _fence(self, writings: Sequence[Writing]) -> Membership:
        """The one membership under which all of this was fetched."""
        membership = writings[0].membership
        assert all(writing.membership == membership for writing in writings)
        assert membership.generation > 0
        assert membership.member
        return membership if self._settings.test_fencing == "on" else UNFENCED
