"""Read topics up to a cut, committed records only, decoded by the `.avsc` files alone."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from fastavro.schema import fingerprint, to_parsing_canonical_form

SCHEMAS = Path(__file__).parents[1] / "schemas" / "avsc"
HEADER = 10
POLL_SECONDS = 1.0
BATCH = 5_000
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the log: its name, its fields, its place."""

    name: str
    fields: dict[str, Any]
    topic: str
    partition: int
    offset: int
    recorded_at: int


Cut = dict[tuple[str, int], int]


class Log:
    """The topics of one installation."""

    def __init__(self, bootstrap: str, prefix: str = "", schemas: Path = SCHEMAS) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._schemas = _load(schemas)

    def ends(self, *topics: str) -> Cut:
        """The read-committed end of every partition of these topics, now."""
        consumer = self._consumer()
        try:
            return {
                (topic, partition): consumer.get_watermark_offsets(
                    TopicPartition(self._prefix + topic, partition), timeout=30
                )[1]
                for topic in topics
                for partition in self._partitions(consumer, topic)
            }
        finally:
            consumer.close()

    def read(self, cut: Cut) -> Iterator[Entry]:
        """Every committed record below the cut; in order within a partition."""
        wanted = {place: end for place, end in cut.items() if end > 0}
        if not wanted:
            return
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(self._prefix + t, p, 0) for t, p in wanted])
            yield from self._until(consumer, wanted)
        finally:
            consumer.close()

    def _until(self, consumer: Consumer, wanted: Cut) -> Iterator[Entry]:
        """Read until each partition's position reaches its end; holes are control records."""
        waited = 0.0
        while wanted:
            messages = consumer.consume(BATCH, POLL_SECONDS)
            waited = 0.0 if messages else waited + POLL_SECONDS
            if waited > PATIENCE_SECONDS:
                raise TimeoutError(f"The log stands still before the cut; still to read: {wanted}")
            for message in messages:
                error = message.error()
                if error is None:
                    place = (str(message.topic()).removeprefix(self._prefix), message.partition())
                    if place in wanted and message.offset() < wanted[place]:
                        yield self._entry(place[0], message)
                elif error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
            for place in self._reached(consumer, wanted):
                del wanted[place]

    def _reached(self, consumer: Consumer, wanted: Cut) -> list[tuple[str, int]]:
        asked = [TopicPartition(self._prefix + t, p) for t, p in wanted]
        positions = {
            (p.topic.removeprefix(self._prefix), p.partition): p.offset
            for p in consumer.position(asked)
        }
        return [place for place, end in wanted.items() if positions[place] >= end]

    def _entry(self, topic: str, message: Any) -> Entry:
        data = message.value()
        schema = self._schemas.get(bytes(data[2:HEADER])) if data[:2] == b"\xc3\x01" else None
        if schema is None:
            return Entry(
                "", {}, topic, message.partition(), message.offset(), message.timestamp()[1]
            )
        try:
            fields: Any = fastavro.schemaless_reader(io.BytesIO(data[HEADER:]), schema, None)
        except (
            EOFError,
            IndexError,
            ValueError,
            OverflowError,
            TypeError,
            KeyError,
            StopIteration,
        ):
            return Entry(
                "", {}, topic, message.partition(), message.offset(), message.timestamp()[1]
            )
        name = str(schema["name"]).rpartition(".")[2]
        return Entry(
            name, fields, topic, message.partition(), message.offset(), message.timestamp()[1]
        )

    def _partitions(self, consumer: Consumer, topic: str) -> list[int]:
        found = consumer.list_topics(self._prefix + topic, timeout=30).topics[self._prefix + topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": f"audit-{uuid.uuid4()}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
            }
        )


def _load(folder: Path) -> dict[bytes, dict[str, Any]]:
    """Fingerprint → schema, of every version that was ever exported; times stay integers."""
    found = {}
    for path in [*folder.glob("*.avsc"), *folder.glob("released/*.avsc")]:
        schema = json.loads(path.read_text(encoding="utf-8"))
        canonical = to_parsing_canonical_form(schema)
        mark = bytes.fromhex(fingerprint(canonical, "CRC-64-AVRO"))
        found[mark] = fastavro.parse_schema(json.loads(canonical))
    if not found:
        raise FileNotFoundError(f"No .avsc file in {folder}: run `python -m schemas.export`.")
    return {mark: schema for mark, schema in found.items() if isinstance(schema, dict)}
