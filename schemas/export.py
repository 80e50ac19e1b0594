"""Write the declared records out for others: `.avsc` files and an AsyncAPI document of every topic.

`python -m schemas.export` rewrites them; `--release` also keeps today's versions, with sample bytes,
for ever: every later reader must decode them (tests/schemas/test_compatibility.py).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec

from schemas import codec, topics
from schemas.actions import ACTIONS
from schemas.avro import avro_schema, rabin
from schemas.codec import RECORDS, Record
from schemas.dead_letters import DeadLettered
from schemas.outcomes import OUTCOMES
from schemas.samples import sample

FOLDER = Path(__file__).parent / "avsc"
ASYNCAPI = Path(__file__).parent / "asyncapi.json"
AVRO_FORMAT = "application/vnd.apache.avro+json;version=1.12.0"


def files() -> dict[Path, str]:
    """Every exported file and what it holds."""
    schemas = {FOLDER / f"{r.__name__}.avsc": _pretty(avro_schema(r)) for r in RECORDS}
    return schemas | {ASYNCAPI: _pretty(asyncapi())}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: every topic with the records that lie in it."""
    lying = {r for records in _topics().values() for r in records}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "memberstream",
            "version": "1.0.0",
            "description": "What members do, and what follows from it. Keys are raw UTF-8, "
            "partitioned with murmur2; values are Avro, in single-object encoding or in the "
            "Confluent wire form.",
        },
        "defaultContentType": "application/avro",
        "channels": {topic: _channel(topic, records) for topic, records in _topics().items()},
        "operations": {
            f"{'send' if topic.startswith('actions.') else 'receive'}.{topic}": {
                "action": "receive" if topic.startswith("actions.") else "send",
                "channel": {"$ref": f"#/channels/{topic}"},
            }
            for topic in _topics()
        },
        "components": {"messages": {r.__name__: _message(r) for r in RECORDS if r in lying}},
    }


def _topics() -> dict[str, tuple[type[Record], ...]]:
    """Topics that others write or read, and their records; ticks lie in every actions topic."""
    found: dict[str, tuple[type[Record], ...]] = {}
    for stage in topics.STAGES:
        found[topics.actions(stage)] = tuple(r for r in ACTIONS if r.STAGE in (stage, ""))
    said = [*map(topics.outcomes, topics.STAGES), *topics.OWN]
    read = [r for r in OUTCOMES if r.KEPT]
    found |= {topic: tuple(r for r in read if topics.of(r) == topic) for topic in said}
    return found | {topics.DEAD_LETTERS: (DeadLettered,)}


def _channel(topic: str, records: tuple[type[Record], ...]) -> dict[str, Any]:
    return {
        "address": topic,
        "messages": {r.__name__: {"$ref": f"#/components/messages/{r.__name__}"} for r in records},
    }


def _message(record: type[Record]) -> dict[str, Any]:
    example = msgspec.to_builtins(sample(record))
    return {
        "name": record.__name__,
        "summary": (record.__doc__ or "").strip(),
        "description": f"Kafka key: `{record.KEY}`. Schema fingerprint: {rabin(record).hex()}.",
        "payload": {"schemaFormat": AVRO_FORMAT, "schema": avro_schema(record)},
        "examples": [{"payload": example}],
    }


def release(golden: Path) -> int:
    """Keep today's versions for ever; returns how many are new."""
    new = 0
    codec.RELEASED.mkdir(parents=True, exist_ok=True)
    golden.mkdir(parents=True, exist_ok=True)
    for record in RECORDS:
        version = f"{record.__name__}.{rabin(record).hex()}"
        kept = codec.RELEASED / f"{version}.avsc"
        if kept.exists():
            continue
        kept.write_text(_pretty(avro_schema(record)), encoding="utf-8")
        (golden / f"{version}.bin").write_bytes(codec.encode(sample(record)))
        new += 1
    return new


def _pretty(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Rewrite the exported files."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--release", type=Path, metavar="GOLDEN_FOLDER", help="keep today's versions"
    )
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    if arguments.release:
        print(f"{release(arguments.release)} new versions kept")


if __name__ == "__main__":
    main()
