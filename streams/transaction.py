"""One transaction of a stage: records to any topics, and the group's offsets, or nothing of it.

Built on aiokafka's producer: records are laid into batches here (a tenth of the cost of `send`),
all are acknowledged before the offsets go, and the offsets go under the batch's membership.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from streams.offset_commit import Membership, send_offsets_fenced
from streams.settings import Settings

Row = tuple[bytes | None, bytes | None, int]  # key, value, milliseconds
Rows = Sequence[Row]
BATCH_BYTES = 900_000  # a broker's message.max.bytes is 1 MiB where nobody changed it
REQUEST_TIMEOUT_MS = 20_000


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
        records: Mapping[tuple[str, int], Rows],
        offsets: Mapping[tuple[str, int], int],
        membership: Membership,
        reach: Callable[[str], None],
    ) -> dict[tuple[str, int], int]:
        """All of it in one transaction; returns the offset after the last record of each partition.

        Raises `Fenced` when this worker is not the owner any more, `TimeoutError` when the
        transaction took longer than its time-out. After any error the process must end.
        """
        assert offsets, "a transaction without offsets"
        self._membership[:] = [membership]
        async with asyncio.timeout(self._timeout):
            self.open = True
            await self._producer.begin_transaction()
            ends = await self._send(records, reach)
            await self._producer.send_offsets_to_transaction(
                {TopicPartition(*at): OffsetAndMetadata(to, "") for at, to in offsets.items()},
                self._group,
            )
            reach("before-commit")
            await self._producer.commit_transaction()
            self.open = False
        return ends

    async def _send(
        self, records: Mapping[tuple[str, int], Rows], reach: Callable[[str], None]
    ) -> dict[tuple[str, int], int]:
        """Send and wait for every acknowledgement."""
        manager = self._producer._txn_manager
        targets = [TopicPartition(*at) for at in records]
        for target in targets:  # all at once: one request adds them to the transaction
            manager.maybe_add_partition_to_txn(target)
        sent = [
            asyncio.ensure_future(self._send_to(target, rows))
            for target, rows in zip(targets, records.values(), strict=True)
        ]
        try:
            if sent:
                await sent[0]
            reach("mid-outputs")
            ends = await asyncio.gather(*sent)
        except BaseException:
            for one in sent:
                one.cancel()
            raise
        return dict(zip(records, ends, strict=True))

    async def _send_to(self, target: TopicPartition, rows: Rows) -> int:
        """All rows of a partition, in as many batches as they need; the offset after the last."""
        acknowledged = []
        start, end = 0, 0
        while start < len(rows):
            batch, taken = fill(self._producer.create_batch(), rows, start)
            future = await self._producer.send_batch(
                batch, target.topic, partition=target.partition
            )
            acknowledged.append((future, taken))
            start += taken
        for future, taken in acknowledged:
            first = (await future).offset
            if first >= 0:  # -1: acknowledged as a repeat of ours, its place is not told
                end = first + taken
        return end


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
