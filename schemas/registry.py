"""A Confluent-compatible schema registry, for those who run one: ids ↔ schemas.

What the registry said of an id is kept for ever, as ids are never given twice; that it knows none is
kept for seconds, as the id may be given a moment later. A registry that does not answer says nothing
about an id: that raises, so that no good record is refused for it.
"""

from __future__ import annotations

import json
import time
from typing import Any

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError
from fastavro.schema import SchemaParseException

from schemas.avro import avro_schema, schema_fingerprint
from schemas.codec import Record

# A reader waits for an answer and does nothing else: both attempts together stay below the time
# after which a silent worker loses its partitions.
OPTIONS = {"timeout": 1.5, "max.retries": 1, "retries.wait.ms": 200}
SCHEMA_NOT_FOUND = 40403
UNKNOWN_SECONDS = 10.0
UNKNOWN_MOST = 10_000
NO_AVRO = (SchemaParseException, KeyError, TypeError, ValueError)


class RegistryFailed(RuntimeError):
    """The registry cannot be asked, or refuses to answer."""


class ConfluentRegistry:
    """Implements `codec.Registry`. Subjects are record names (RecordNameStrategy)."""

    def __init__(self, url: str) -> None:
        """Connects at the first question."""
        self._url = url
        self._client = SchemaRegistryClient.new_client({"url": url, **OPTIONS})
        self._fingerprints: dict[int, bytes | None] = {}
        self._unknown: dict[int, float] = {}
        self._ids: dict[type[Record], int] = {}

    def id_of(self, record: type[Record]) -> int:
        """The id of this record's schema; registers it when it is new. Raises `RegistryFailed`."""
        if record not in self._ids:
            schema = Schema(json.dumps(avro_schema(record)), "AVRO")
            try:
                found = self._client.register_schema(f"memberstream.{record.__name__}", schema)
            except Exception as error:  # its HTTP client's errors are named differently by version
                raise self._failed(f"register {record.__name__}", error) from error
            self._ids[record] = found
        return self._ids[record]

    def fingerprint_of(self, schema_id: int) -> bytes | None:
        """The fingerprint of the schema with this id; none when there is none, or it is no Avro.

        Raises `RegistryFailed`: that is no fact about the id.
        """
        if schema_id in self._fingerprints:
            return self._fingerprints[schema_id]
        if time.monotonic() < self._unknown.get(schema_id, 0.0):
            return None
        schema = self._fetch(schema_id)
        if schema is None:
            self._remember_unknown(schema_id)
            return None
        return self._fingerprints.setdefault(schema_id, _fingerprint(schema))

    def _fetch(self, schema_id: int) -> Schema | None:
        try:
            return self._client.get_schema(schema_id)
        except SchemaRegistryError as error:
            if error.error_code == SCHEMA_NOT_FOUND:  # a bare 404 is a wrong address
                return None
            raise self._failed(f"say what schema {schema_id} is", error) from error
        except Exception as error:  # as above
            raise self._failed(f"say what schema {schema_id} is", error) from error

    def _remember_unknown(self, schema_id: int) -> None:
        """Noise has many ids: what is kept of them is bounded."""
        if len(self._unknown) >= UNKNOWN_MOST:
            self._unknown.clear()
        self._unknown[schema_id] = time.monotonic() + UNKNOWN_SECONDS

    def _failed(self, what: str, error: Exception) -> RegistryFailed:
        return RegistryFailed(
            f"The schema registry at {self._url.rpartition('@')[2]} did not {what} "
            f"({type(error).__name__}: {error}): is it up, and is the address right?"
        )


def _fingerprint(schema: Schema) -> bytes | None:
    """Of a record in Avro; none of another kind of schema."""
    if schema.schema_type not in (None, "AVRO"):
        return None
    try:
        found: Any = json.loads(schema.schema_str or "null")
        return schema_fingerprint(found) if isinstance(found, dict) else None
    except NO_AVRO:
        return None
