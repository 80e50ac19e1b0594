"""One transaction of a stage: records to any topics, and the group's offsets, or nothing of it.

Built on aiokafka's producer: records are laid into batches here (a tenth of the cost of `send`),
all are acknowledged before the offsets go, and the offsets go under the batch's membership.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.client import CoordinationType
from aiokafka.producer.sender import AddOffsetsToTxnHandler
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from streams.offset_commit import Membership, send_offsets_fenced
from streams.settings import Settings

Row = tuple[bytes | None, bytes | None, int]  # key, value, milliseconds
Rows = Sequence[Row]
At = tuple[str, int]  # topic and partition
BATCH_BYTES = 900_000  # a broker's message.max.bytes is 1 MiB where nobody changed it
REQUEST_TIMEOUT_MS = 20_000
TURN = 8  # batches that are laid before the event loop turns over


class TransactionalProducer:
    """A stage's producer in a worker; one transaction at a time."""

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        self.transactional_id = transactional_id
        self._group = settings.app
        self._timeout = settings.transaction_timeout_seconds
        self._membership: list[Membership] = []
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka,
            client_id=transactional_id,
            transactional_id=transactional_id,
            transaction_timeout_ms=int(self._timeout * 1000),
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            retry_backoff_ms=20,
        )
        self.open = False

    async def start(self) -> None:
        """Connect, and abort what a former holder of the transactional id left open."""
        await self._producer.start()
        send_offsets_fenced(self._producer._sender, self._membership)

    async def stop(self) -> None:
        """Close the connections."""
        await self._producer.stop()

    async def commit(
        self,
        records: Mapping[At, Rows],
        offsets: Mapping[At, int],
        membership: Membership,
        reach: Callable[[str], None],
    ) -> dict[At, int]:
        """All of it in one transaction; returns the offset after the last record of each partition.

        Raises `Fenced` when this worker is not the owner any more, `TimeoutError` when the
        transaction took longer than its time-out. After any error the process must end.
        """
        assert offsets, "a transaction without offsets"
        self._membership[:] = [membership]
        async with asyncio.timeout(self._timeout):
            self.open = True
            await self._producer.begin_transaction()
            ends, _ = await asyncio.gather(self._send(records, reach), self._join())
            await self._producer.send_offsets_to_transaction(
                {TopicPartition(*at): OffsetAndMetadata(to, "") for at, to in offsets.items()},
                self._group,
            )
            reach("before-commit")
            await self._producer.commit_transaction()
            self.open = False
        return ends

    async def _join(self) -> None:
        """Tell the coordinator that the group's offsets will follow, while records are on their way.

        aiokafka would do it after they are acknowledged: this is one round trip less.
        """
        sender = self._producer._sender
        done = False
        while not done:
            node = await sender._find_coordinator(
                CoordinationType.TRANSACTION, self.transactional_id
            )
            done = await AddOffsetsToTxnHandler(sender, self._group).do(node)

    async def _send(
        self, records: Mapping[At, Rows], reach: Callable[[str], None]
    ) -> dict[At, int]:
        """Send and wait for every acknowledgement."""
        ends = dict.fromkeys(records, 0)
        for number, (at, future, taken) in enumerate(await self._lay(records)):
            first = (await future).offset
            if not number:
                reach("mid-outputs")
            if first >= 0:  # -1: acknowledged as a repeat of ours, its place is not told
                ends[at] = first + taken
        return ends

    async def _lay(self, records: Mapping[At, Rows]) -> list[tuple[At, asyncio.Future[Any], int]]:
        """Hand everything over, a batch a partition and round; with each, how many records it has.

        In one task: one a partition costs more than the records.
        """
        manager = self._producer._txn_manager
        for at in records:  # all at once: one request adds them to the transaction
            manager.maybe_add_partition_to_txn(TopicPartition(*at))
        laid = []
        starts = {at: 0 for at, rows in records.items() if rows}
        while starts:
            for at, start in [*starts.items()]:
                batch, taken = fill(self._producer.create_batch(), records[at], start)
                future = await self._producer.send_batch(batch, at[0], partition=at[1])
                laid.append((at, future, taken))
                starts[at] += taken
                if len(laid) % TURN == 0:
                    await asyncio.sleep(0)  # so that the request leaves meanwhile
            starts = {at: start for at, start in starts.items() if start < len(records[at])}
        return laid


def fill(batch: Any, rows: Rows, start: int) -> tuple[Any, int]:
    """Lay rows into a batch until it is full; returns it and how many it took.

    Goes by aiokafka's builder itself: its wrapper takes as long again for each record.
    """
    append = batch._builder.append
    taken = 0
    for key, value, at in rows[start:] if start else rows:
        if append(taken, at, key, value, []) is None:
            break
        taken += 1
    assert taken, f"a record of {len(rows[start][1] or b'')} bytes does not fit into a batch"
    batch._relative_offset = taken
    batch.close()
    return batch, taken
