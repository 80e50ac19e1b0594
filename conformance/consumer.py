"""An example of a consumer of alerts, to be copied: one file, confluent-kafka and fastavro, nothing of ours.

    python consumer.py                                         follow the alerts until SIGTERM
    python consumer.py judge ALERT MEMBER CONFIRMED ada "why"  answer one

It keeps what the contract asks for (docs/alerts.md): it reads committed records only, tells a record's
schema by its fingerprint, goes on behind what it cannot read, acts once on an event however often it
comes, commits after it has acted, and goes on where it stopped. To act is, here, to print a line.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import time
import uuid
from collections import OrderedDict
from io import BytesIO
from math import exp
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint, to_parsing_canonical_form

KAFKA = os.environ.get("MEMBERSTREAM_KAFKA", "localhost:9092")
PREFIX = os.environ.get("MEMBERSTREAM_TOPIC_PREFIX", "")
SCHEMAS = Path(os.environ.get("MEMBERSTREAM_SCHEMAS", "schemas/avsc"))
GROUP = os.environ.get("MEMBERSTREAM_CONSUMER_GROUP", "fraud-team")
ALERTS, ACTIONS = f"{PREFIX}alerts", f"{PREFIX}actions.members"
SINGLE_OBJECT = b"\xc3\x01"
REMEMBERED = 100_000  # event ids; a repeat comes soon after its first
STATES = {"AlertOpened": "OPEN", "AlertUpdated": "OPEN", "AlertSuppressed": "SUPPRESSED"}
Fields = dict[str, Any]


class Unreadable(Exception):
    """Bytes that are no record of a known schema."""


class Schemas:
    """Every schema in a folder, by name and by fingerprint."""

    def __init__(self, folder: Path) -> None:
        self.by_fingerprint: dict[bytes, tuple[str, Any]] = {}
        for path in sorted(folder.rglob("*.avsc")):
            schema = json.loads(path.read_text(encoding="utf-8"))
            self.by_fingerprint[_fingerprint(schema)] = schema["name"], parse_schema(_plain(schema))

    def read(self, data: bytes | None) -> tuple[str, Fields]:
        """The record's name and fields. Raises `Unreadable`."""
        if not data or not data.startswith(SINGLE_OBJECT):
            raise Unreadable("no single-object encoding")
        found = self.by_fingerprint.get(data[2:10])
        if found is None:
            raise Unreadable(f"unknown schema {data[2:10].hex()}: update {SCHEMAS}")
        name, schema = found
        try:
            return name, schemaless_reader(BytesIO(data[10:]), schema, None)
        except (EOFError, IndexError, StopIteration, TypeError, ValueError, struct.error) as error:
            raise Unreadable(f"a broken {name}") from error

    def write(self, name: str, fields: Fields) -> bytes:
        """The record in single-object encoding, by the schema in `<name>.avsc`."""
        schema = json.loads((SCHEMAS / f"{name}.avsc").read_text(encoding="utf-8"))
        out = BytesIO()
        schemaless_writer(out, parse_schema(_plain(schema)), fields)
        return SINGLE_OBJECT + _fingerprint(schema) + out.getvalue()


def _fingerprint(schema: Any) -> bytes:
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def _plain(schema: Any) -> Any:
    """Times stay milliseconds."""
    if isinstance(schema, list):
        return [_plain(branch) for branch in schema]
    if isinstance(schema, dict):
        logical = "logicalType" in schema
        return schema["type"] if logical else {name: _plain(part) for name, part in schema.items()}
    return schema


# ---- following -------------------------------------------------------------------------------------


def follow() -> None:
    """Act on alerts until SIGTERM."""
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    schemas, desk = Schemas(SCHEMAS), Desk()
    consumer = Consumer(
        {
            "bootstrap.servers": KAFKA,
            "group.id": GROUP,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([ALERTS])
    try:
        while not stopped:
            messages = [m for m in consumer.consume(100, 0.2) if m.error() is None]
            for message in messages:
                desk.take(schemas, message.value())
            if messages:
                consumer.commit(asynchronous=False)
    finally:
        consumer.close()


class Desk:
    """What the team knows: replace it by your own."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()

    def take(self, schemas: Schemas, data: bytes | None) -> None:
        """One record of the topic."""
        try:
            name, record = schemas.read(data)
        except Unreadable as error:
            say(skipped=str(error))
            return
        state = record["end"] if name == "AlertClosed" else STATES.get(name)
        if state is None or record["event_id"] in self._seen:
            return
        self._act(state, record)
        self._seen[record["event_id"]] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def _act(self, state: str, record: Fields) -> None:
        """All fields are absolute: whoever has the newest record of an alert has all of it."""
        line = {name: record[name] for name in ("event_id", "alert_id", "member_id", "kind")}
        line |= {name: record[name] for name in ("score", "verdict", "count")}
        if "evidence" in record:
            line["scored"], line["recomputed"] = (
                record["evidence"]["score"],
                rescore(record["evidence"]),
            )
        say(state=state, **line)


def rescore(evidence: Fields) -> int:
    """The score, from the evidence alone: the model's thousandths and what the rules added."""
    said = 0
    if evidence["base"] is not None:
        log_odds = evidence["base"] + sum(one["weight"] for one in evidence["weights"])
        said = round(1000 / (1 + exp(-min(max(log_odds, -30.0), 30.0))))
    for one in evidence["reasons"]:
        if one["source"].startswith("rule:"):
            said += one["contribution"]
    return said


def say(**line: Any) -> None:
    """One line of JSON, at once."""
    print(json.dumps(line), flush=True)


# ---- answering -------------------------------------------------------------------------------------


def judge(alert_id: str, member_id: str, judgement: str, analyst: str, reason: str) -> None:
    """Answer an alert: an action like all others, key member_id, partitioned as Kafka's own clients do."""
    fields = {
        "event_id": str(uuid.uuid4()),
        "member_id": member_id,
        "occurred_at": time.time_ns() // 1_000_000,
        "alert_id": alert_id,
        "judgement": judgement,
        "analyst": analyst,
        "reason": reason,
    }
    producer = Producer(
        {
            "bootstrap.servers": KAFKA,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",  # librdkafka's default is another one
        }
    )
    producer.produce(ACTIONS, Schemas(SCHEMAS).write("AlertJudged", fields), member_id.encode())
    if producer.flush(30):
        sys.exit("The judgement did not arrive: is Kafka up? Send it again.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["judge"]:
        judge(*sys.argv[2:7])
    else:
        follow()
