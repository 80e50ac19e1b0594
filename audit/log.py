"""Read topics up to a cut, committed records only, decoded by the `.avsc` files alone."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from fastavro.schema import fingerprint, to_parsing_canonical_form

SCHEMAS = Path(__file__).parents[1] / "schemas" / "avsc"
HEADER = 10
SINGLE_OBJECT = b"\xc3\x01"
POLL_SECONDS = 0.05
LOOK_SECONDS = 0.2
BATCH = 10_000
PATIENCE_SECONDS = 60.0
REQUEST_SECONDS = 30.0
PASSING = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
# Frequent outcomes of which only the first fields count here: the id, the key, the time, the cause.
BRIEF = {"ProductHeated", "TermHeated"}
FIRST_FIELDS = 4
UNREADABLE = (
    EOFError,
    IndexError,
    ValueError,
    OverflowError,
    TypeError,
    KeyError,
    StopIteration,
)

Place = tuple[str, int]
Cut = dict[Place, int]


class Entry(NamedTuple):
    """One record of the log: its name, its fields, its place; no name: it cannot be read."""

    name: str
    fields: dict[str, Any]
    topic: str
    partition: int
    offset: int
    recorded_at: int


class Decoder:
    """Bytes to entries, by every version of a schema that was ever exported."""

    def __init__(self, folder: Path = SCHEMAS) -> None:
        """Raises `FileNotFoundError`."""
        self._schemas = dict(_load(folder))
        if not self._schemas:
            raise FileNotFoundError(f"No .avsc file in {folder}: run `python -m schemas.export`.")

    def entry(
        self, topic: str, partition: int, offset: int, recorded_at: int, data: bytes | None
    ) -> Entry:
        """One record; what cannot be read has no name."""
        found = self._schemas.get(data[:HEADER]) if data else None
        if found is None or data is None:
            return Entry("", {}, topic, partition, offset, recorded_at)
        name, written, wanted = found
        try:
            fields: Any = fastavro.schemaless_reader(io.BytesIO(data[HEADER:]), written, wanted)
        except UNREADABLE:
            return Entry("", {}, topic, partition, offset, recorded_at)
        return Entry(name, fields, topic, partition, offset, recorded_at)


class Log:
    """The topics of one installation; they are named without its prefix."""

    def __init__(self, bootstrap: str, prefix: str = "") -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._decoder = Decoder()

    def ends(self, topics: Iterable[str]) -> Cut:
        """The read-committed end of every partition of these topics, now."""
        consumer = self._consumer()
        try:
            return {
                (topic, partition): _end(consumer, TopicPartition(self._prefix + topic, partition))
                for topic in topics
                for partition in self._partitions(consumer, topic)
            }
        finally:
            consumer.close()

    def committed(self, group: str, places: Iterable[Place]) -> Cut:
        """How far a consumer group has come; 0 where it never was."""
        consumer = self._consumer(group)
        try:
            asked = [TopicPartition(self._prefix + topic, at) for topic, at in places]
            found = _patiently(lambda: consumer.committed(asked, timeout=REQUEST_SECONDS))
            return {
                (tp.topic.removeprefix(self._prefix), tp.partition): max(tp.offset, 0)
                for tp in found
            }
        finally:
            consumer.close()

    def read(self, cut: Cut, start: Mapping[Place, int] | None = None) -> Iterator[Entry]:
        """Every committed record from `start` (the beginning) up to the cut; ordered in a partition."""
        for place, message in self._messages(cut, start or {}):
            yield self._decoder.entry(
                *place, message.offset(), message.timestamp()[1], message.value()
            )

    def waiting(self, positions: Mapping[Place, int], cut: Cut) -> list[Place]:
        """The partitions with a committed record between a reader's position and the cut.

        Positions cannot just be compared: a partition may end in control records, which no reader
        is handed.
        """
        behind = {place: end for place, end in cut.items() if positions.get(place, 0) < end}
        return sorted({place for place, _ in self._messages(behind, positions)})

    def _messages(self, cut: Cut, start: Mapping[Place, int]) -> Iterator[tuple[Place, Any]]:
        wanted = {place: end for place, end in cut.items() if end > start.get(place, 0)}
        if not wanted:
            return
        consumer = self._consumer()
        try:
            consumer.assign(
                [TopicPartition(self._prefix + t, p, start.get((t, p), 0)) for t, p in wanted]
            )
            yield from self._until(consumer, wanted)
        finally:
            consumer.close()

    def _until(self, consumer: Consumer, wanted: Cut) -> Iterator[tuple[Place, Any]]:
        """Read until each partition's position reaches its end; holes are control records."""
        names = {self._prefix + topic: topic for topic, _ in wanted}
        moved = time.monotonic()
        while wanted:
            messages: list[Any] = consumer.consume(BATCH, POLL_SECONDS)
            if messages:
                moved = time.monotonic()
            elif time.monotonic() - moved > PATIENCE_SECONDS:
                raise TimeoutError(f"The log stands still before the cut; still to read: {wanted}")
            for message in messages:
                error = message.error()
                if error is None:
                    place = names[message.topic()], message.partition()
                    if message.offset() < wanted.get(place, 0):
                        yield place, message
                elif error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
            self._drop_reached(consumer, wanted)

    def _drop_reached(self, consumer: Consumer, wanted: Cut) -> None:
        asked = [TopicPartition(self._prefix + topic, at) for topic, at in wanted]
        for position in consumer.position(asked):
            place = position.topic.removeprefix(self._prefix), position.partition
            if position.offset >= wanted[place]:
                del wanted[place]
                consumer.incremental_unassign([TopicPartition(position.topic, position.partition)])

    def _partitions(self, consumer: Consumer, topic: str) -> list[int]:
        name = self._prefix + topic
        found = consumer.list_topics(name, timeout=REQUEST_SECONDS).topics[name]
        if found.error is not None:
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def _consumer(self, group: str = "") -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": group or f"audit-{uuid.uuid4()}",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.queue.backoff.ms": 10,
                "queued.min.messages": 50_000,
            }
        )


def _end(consumer: Consumer, partition: TopicPartition) -> int:
    """A partition's end."""
    found = _patiently(lambda: consumer.get_watermark_offsets(partition, timeout=REQUEST_SECONDS))
    return int(found[1])


def _patiently(ask: Callable[[], Any]) -> Any:
    """Ask again what a broker cannot answer yet that has just started."""
    until = time.monotonic() + REQUEST_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in PASSING or time.monotonic() > until:
                raise
            time.sleep(LOOK_SECONDS)


def _load(folder: Path) -> Iterator[tuple[bytes, tuple[str, Any, Any]]]:
    """Header → name, the schema it was written by and, when that is an older one, today's.

    Of brief ones only the first fields are read.
    """
    today = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.avsc"))}
    for path in [*folder.glob("*.avsc"), *folder.glob("released/*.avsc")]:
        text = path.read_text(encoding="utf-8")
        name, mark = path.name.partition(".")[0], _mark(text)
        written = _plain(json.loads(text))
        older = mark != _mark(today[name])
        if name in BRIEF:
            written = written | {"fields": written["fields"][:FIRST_FIELDS]}
            older = False
        wanted = fastavro.parse_schema(_plain(json.loads(today[name]))) if older else None
        yield SINGLE_OBJECT + mark, (name, fastavro.parse_schema(written), wanted)


@lru_cache(maxsize=1_024)
def _mark(schema: str) -> bytes:
    """The fingerprint that stands in front of a record: milliseconds, for each of hundreds of schemas."""
    canonical = to_parsing_canonical_form(json.loads(schema))
    return bytes.fromhex(fingerprint(canonical, "CRC-64-AVRO"))


def _plain(schema: Any) -> Any:
    """The schema without its logical types: times stay integers."""
    match schema:
        case dict():
            return {k: _plain(v) for k, v in schema.items() if k not in ("logicalType", "doc")}
        case list():
            return [_plain(part) for part in schema]
        case _:
            return schema


def text_of(entry: Entry, text: str) -> str:
    """A difference as a sentence that says where it lies."""
    whose = entry.fields.get("member_id") or entry.fields.get("product_id", "nobody")
    place = f"{entry.topic}/{entry.partition}/{entry.offset}"
    return f"{place} {entry.name or 'bytes'} of {whose}: {text}"
