"""Offsets in a transaction with the group's generation and member (KIP-447), for aiokafka.

aiokafka speaks TxnOffsetCommit version 0, which says nothing of the group, so that a stale owner's
commit would pass. Version 3 carries member and generation, and the broker refuses what is stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka.client import CoordinationType
from aiokafka.producer.sender import Sender, TxnOffsetCommitHandler
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

from streams.ending import Fenced

NO_EPOCH = -1
FENCED_CODES = {
    22: "ILLEGAL_GENERATION",
    25: "UNKNOWN_MEMBER_ID",
    82: "FENCED_INSTANCE_ID",
}


class Membership(NamedTuple):
    """Which generation of the group a batch was fetched in, and as whom."""

    generation: int
    member: str


UNFENCED = Membership(-1, "")  # the broker then checks nothing


class TxnOffsetCommitResponse_v3(Response):  # type: ignore[misc]  # aiokafka counts as untyped
    """The answer: an error code for each partition."""

    API_KEY = 28
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "errors",
            CompactArray(
                ("topic", CompactString("utf-8")),
                (
                    "partition_errors",
                    CompactArray(
                        ("partition", Int32), ("error_code", Int16), ("tags", TaggedFields)
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class TxnOffsetCommitRequest_v3(RequestStruct):  # type: ignore[misc]
    """The first version that names generation and member."""

    FLEXIBLE_VERSION = True
    API_KEY = 28
    API_VERSION = 3
    RESPONSE_TYPE = TxnOffsetCommitResponse_v3
    SCHEMA = Schema(
        ("transactional_id", CompactString("utf-8")),
        ("group_id", CompactString("utf-8")),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("generation_id", Int32),
        ("member_id", CompactString("utf-8")),
        ("group_instance_id", CompactString("utf-8")),
        (
            "topics",
            CompactArray(
                ("topic", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("metadata", CompactString("utf-8")),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class FencedTxnOffsetCommitRequest(Request[TxnOffsetCommitRequest_v3]):  # type: ignore[misc]
    """The request with its fields filled in."""

    API_KEY = 28

    def __init__(self, *fields: Any) -> None:
        self._fields = fields

    def build(
        self, request_struct_class: type[TxnOffsetCommitRequest_v3]
    ) -> TxnOffsetCommitRequest_v3:
        """Encode for the one version that will do."""
        return request_struct_class(*self._fields)


class FencedTxnOffsetCommitHandler(TxnOffsetCommitHandler):  # type: ignore[misc]
    """aiokafka's handler, sending version 3 and knowing what a refusal means."""

    def __init__(self, sender: Sender, offsets: Any, group_id: str, membership: Membership) -> None:
        super().__init__(sender, offsets, group_id)
        self._membership = membership

    def create_request(self) -> FencedTxnOffsetCommitRequest:
        """The offsets by topic."""
        by_topic: dict[str, list[tuple[Any, ...]]] = {}
        for tp, offset in sorted(self._offsets.items()):
            row: tuple[Any, ...] = (tp.partition, offset.offset, NO_EPOCH, offset.metadata, {})
            by_topic.setdefault(tp.topic, []).append(row)
        manager = self._sender._txn_manager
        return FencedTxnOffsetCommitRequest(
            manager.transactional_id,
            self._group_id,
            manager.producer_id,
            manager.producer_epoch,
            self._membership.generation,
            self._membership.member,
            None,
            [(topic, rows, {}) for topic, rows in by_topic.items()],
            {},
        )

    def handle_response(self, response: Any) -> Any:
        """Raises `Fenced` when the group knows another owner."""
        rows = [(topic, [row[:2] for row in errors]) for topic, errors, _ in response.errors]
        for topic, errors in rows:
            for partition, code in errors:
                if code in FENCED_CODES:
                    raise Fenced(
                        f"the group refused the offsets of {topic}/{partition} with "
                        f"{FENCED_CODES[code]} ({code}): its partitions have another owner"
                    )
        return super().handle_response(_Answer(rows))


@dataclass(frozen=True, slots=True)
class _Answer:
    """The answer in the shape of version 0, which aiokafka's handler takes apart."""

    errors: list[tuple[str, list[tuple[int, int]]]]


def send_offsets_fenced(sender: Sender, membership: list[Membership]) -> None:
    """Make this sender commit offsets under the last membership in the list."""

    async def commit(offsets: Any, group_id: str) -> None:
        if offsets:
            node = await sender._find_coordinator(CoordinationType.GROUP, group_id)
            await FencedTxnOffsetCommitHandler(sender, offsets, group_id, membership[-1]).do(node)

    sender._do_txn_offset_commit = commit
