"""Faust's Kafka driver, handing over one batch a partition instead of one message at a time.

Faust keeps what it is good at, the group, its rebalances and the life of the app; its per-event path
(four tasks a message, acks, an interval tree of gaps, commits of its own) is not used. Each batch
says from which position to which it goes, and under which membership it was fetched.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.offset_commit import Membership
from streams.trouble import Broken

TAKE_SECONDS = 1.0
NOTHING_WANTED_SECONDS = 0.02
FETCH_WAIT_MS = 100  # a fetch that finds nothing waits so long at the broker
HELD_SECONDS = 0.25  # a fetch that nobody asks for leaves after so long
FETCH_BYTES = 16 * 1024 * 1024
RECORDS_AT_ONCE = 20_000


class PositionJumped(Broken):
    """Something moved a partition's position that had no business to."""


class Received(NamedTuple):
    """A record as behaviours see it; a third of the cost of aiokafka's own."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


@dataclass(slots=True)
class Batch:
    """What one drain found in one partition: all of [start, end), less control records."""

    topic: str
    partition: int
    start: int | None  # none where no position was set: then nobody owns the partition
    end: int
    records: list[Received]
    membership: Membership
    size: int  # bytes of keys and values


class Intake(Protocol):
    """What the transport asks of the engine."""

    def wanted(self) -> set[TP]:
        """The partitions to fetch from now; empty for none."""
        ...

    def asks(self) -> bool:
        """Whether the next fetch waits until the engine opens the gate."""
        ...

    def expects(self, batches: int) -> None:
        """So many are on their way to `Engine.file`."""
        ...

    def taken(self, behind: set[TP]) -> None:
        """A drain is over; `behind` are partitions with committed records still to come."""
        ...


class Gate:
    """Lets the next fetch leave when it is asked for.

    By itself aiokafka fetches again as soon as all is drained, and that is in the midst of a pass: at once it
    finds hardly anything, and waiting for more it answers at any moment of the passes that follow.
    """

    def __init__(self) -> None:
        self._fetcher: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed_until = 0.0

    def guard(self, fetcher: Any) -> None:
        """Hold back what this fetcher of aiokafka sends; in its own thread."""
        if fetcher is self._fetcher:
            return
        self._fetcher, self._loop = fetcher, asyncio.get_running_loop()
        actions = fetcher._get_actions_per_node

        def held_back(assignment: Any) -> Any:
            fetches, resets, timeout, *others = actions(assignment)
            left = self._closed_until - time.monotonic()
            if left > 0 and fetches:
                fetches, timeout = [], min(timeout, left)
            return fetches, resets, timeout, *others

        fetcher._get_actions_per_node = held_back

    def close(self) -> None:
        """The next fetch waits for `open`, but not for ever."""
        self._closed_until = time.monotonic() + HELD_SECONDS

    def open(self) -> None:
        """Let it leave now; from any thread."""
        self._closed_until = 0.0
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        self._fetcher._notify(self._fetcher._wait_consume_future)


class BatchConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread in which aiokafka's consumer lives."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._handed: dict[TP, int] = {}  # up to where batches were handed over
        self._seen: dict[TP, int] = {}  # the position after the last drain
        self.gate = Gate()

    def _create_worker_consumer(self, transport: Any) -> Any:
        made = super()._create_worker_consumer(transport)
        made._isolation_level = "read_committed"
        made._partition_assignment_strategy = [RangePartitionAssignor]
        made._fetch_max_wait_ms = FETCH_WAIT_MS
        made._fetch_max_bytes = FETCH_BYTES
        return made

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's own watch over messages that it does not see here: nothing."""

    @property
    def membership(self) -> Membership:
        """As whom the consumer is in the group."""
        coordinator = self._ensure_consumer()._coordinator
        return Membership(coordinator.generation, coordinator.member_id)

    async def start_at(self, positions: Mapping[TP, int], membership: Membership) -> bool:
        """Seek; False when the group has moved on."""
        done: bool = await self.call_thread(self._start_at, positions, membership)
        return done

    async def _start_at(self, positions: Mapping[TP, int], membership: Membership) -> bool:
        consumer = self._ensure_consumer()
        if self.membership != membership or not consumer.assignment() >= positions.keys():
            return False
        for tp, position in positions.items():
            consumer.seek(tp, position)
            self._handed[tp] = self._seen[tp] = position
        return True

    async def take(self, wanted: set[TP], asks: bool) -> tuple[list[Batch], set[TP]]:
        """What is fetched of these partitions, waiting up to a second for something to be there.

        Second, the partitions that have committed records beyond what was drained. With `asks` the
        gate closes when something is found.
        """
        found: tuple[list[Batch], set[TP]] = await self.call_thread(self._take, wanted, asks)
        return found

    async def _take(self, wanted: set[TP], asks: bool) -> tuple[list[Batch], set[TP]]:
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher
        self.gate.guard(fetcher)
        ends = time.monotonic() + TAKE_SECONDS
        with fetcher._subscriptions.fetch_context():
            while True:
                if consumer._closed or fetcher._closed:
                    raise ConsumerStoppedError
                batches, behind = await self._drain(fetcher, wanted)
                left = ends - time.monotonic()
                if batches and asks:  # before anything else runs in this thread
                    self.gate.close()
                if batches or left <= 0:
                    return batches, behind
                waiter = fetcher._create_fetch_waiter()
                await asyncio.wait([waiter], timeout=left)
                if waiter.done():
                    waiter.result()
                else:
                    waiter.cancel()

    async def _drain(self, fetcher: Any, wanted: set[TP]) -> tuple[list[Batch], set[TP]]:
        if fetcher._subscriptions.reassignment_in_progress:
            return [], set()
        assignment = fetcher._subscriptions.subscription.assignment
        # `wanted` may be of before a rebalance: what is assigned anew is fetched from after its seek.
        sought = [tp for tp in wanted if tp in assignment.tps and tp in self._seen]
        states = {tp: assignment.state_value(tp) for tp in sought}
        if not states:
            return [], set()
        for tp, state in states.items():
            self._check_position(tp, state)
        _lighten(fetcher, states)
        drained = await fetcher.fetched_records(states.keys(), 0, RECORDS_AT_ONCE)
        membership = self.membership
        batches = [self._stamp(tp, found, states[tp], membership) for tp, found in drained.items()]
        for tp, state in states.items():
            self._seen[tp] = state._position
        behind = {tp for tp, state in states.items() if (state.lso or 0) > state._position}
        return batches, behind

    def _check_position(self, tp: TP, state: Any) -> None:
        if state._position != self._seen[tp]:
            raise PositionJumped(
                f"{tp.topic}/{tp.partition}: the position was {self._seen[tp]} and is "
                f"{state._position}; the log may begin above it now."
            )

    def _stamp(self, tp: TP, records: list[Received], state: Any, membership: Membership) -> Batch:
        start, self._handed[tp] = self._handed.get(tp), state._position
        size = sum([len(record[4] or b"") + len(record[5] or b"") for record in records])
        return Batch(tp.topic, tp.partition, start, state._position, records, membership, size)

    def forget_positions(self) -> None:
        """After a revocation nothing is known of any position."""
        self._handed.clear()
        self._seen.clear()


def _lighten(fetcher: Any, wanted: Iterable[TP]) -> None:
    """Let fetched data become `Received` when it is unpacked, instead of aiokafka's records."""
    for tp in wanted:
        parts = getattr(fetcher._records.get(tp), "_partition_records", None)
        if parts is not None:
            parts._consumer_record = _receive


_new_received = partial(tuple.__new__, Received)  # without the named tuple's own Python frame


def _receive(tp: TP, record: Any) -> Received:
    return _new_received((*tp, record.offset, record.timestamp, record.key, record.value))


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer with one item a batch, and without its own idea of progress."""

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def commit(self, *given: Any, **named: Any) -> bool:
        """Offsets travel in the transactions."""
        return True

    async def perform_seek(self) -> None:
        """Positions are the stores', not the group's."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """A batch's jump is no gap; the tree of them would only grow."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """See the thread's."""

    def _to_message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        at = batch.records[-1].timestamp
        return ConsumerMessage(
            tp.topic, tp.partition, batch.end - 1, at / 1000, 0, (), None, batch,
            None, 0, 0, tp, generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetch loop: batches to the agents, and word to the engine after each drain."""
        intake: Intake = self.app.intake
        while not (self.should_stop or fetcher.should_stop):
            wanted = intake.wanted()
            if not wanted:
                await asyncio.sleep(NOTHING_WANTED_SECONDS)
                continue
            try:
                batches, behind = await self._thread.take(wanted, intake.asks())
            except ConsumerStoppedError:
                return
            intake.expects(len(batches))
            for batch in batches:
                await self.callback(self._to_message(TP(batch.topic, batch.partition), batch))
            intake.taken(behind)


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """What an app's `transport` is set to."""

    Consumer = BatchConsumer
