"""A Confluent-compatible schema registry, for those who run one: ids ↔ schemas, cached for ever."""

from __future__ import annotations

import json

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.avro import AvroSchema, avro_schema
from schemas.codec import Record

NOT_FOUND = 404


class ConfluentRegistry:
    """Implements `codec.Registry`. Subjects are record names (RecordNameStrategy)."""

    def __init__(self, url: str) -> None:
        self._client = SchemaRegistryClient.new_client({"url": url})
        self._schemas: dict[int, AvroSchema | None] = {}
        self._ids: dict[type[Record], int] = {}

    def id_of(self, record: type[Record]) -> int:
        """The id of this record's schema; registers it when it is new."""
        if record not in self._ids:
            text = json.dumps(avro_schema(record))
            subject = f"memberstream.{record.__name__}"
            self._ids[record] = self._client.register_schema(subject, Schema(text, "AVRO"))
        return self._ids[record]

    def schema_of(self, schema_id: int) -> AvroSchema | None:
        """The schema with this id; none when the registry knows none.

        Raises `SchemaRegistryError` when the registry cannot be asked: that is no fact about the id.
        """
        if schema_id not in self._schemas:
            self._schemas[schema_id] = self._fetch(schema_id)
        return self._schemas[schema_id]

    def _fetch(self, schema_id: int) -> AvroSchema | None:
        try:
            found = self._client.get_schema(schema_id)
        except SchemaRegistryError as error:
            if error.http_status_code == NOT_FOUND:
                return None
            raise
        schema = json.loads(found.schema_str or "null")
        return schema if isinstance(schema, dict) else None
