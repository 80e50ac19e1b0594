"""Encode and decode: Struct ↔ bytes on the wire.

Two wire forms, and a reader takes both: Avro single-object encoding (`C3 01` + fingerprint, needs no
registry) and the Confluent form (`00` + id in a schema registry). What cannot be read is `Unreadable`
with a named problem; it never stops a reader by itself.
"""

from __future__ import annotations

import enum
import io
import json
import struct
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import msgspec
from fastavro import schemaless_reader

from schemas.actions import ACTIONS
from schemas.avro import AvroSchema, avro_schema, parsed, rabin, schema_fingerprint
from schemas.compiled import compiled_writer
from schemas.dead_letters import DeadLettered
from schemas.outcomes import OUTCOMES
from schemas.reading import Reader, compiled_reader
from schemas.record import Event, Outcome

Record = Event | Outcome
RECORDS: tuple[type[Record], ...] = (*ACTIONS, *OUTCOMES, DeadLettered)
RELEASED = Path(__file__).parent / "avsc" / "released"

SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = b"\x00"
SINGLE_OBJECT_HEADER = 10
CONFLUENT_HEADER = 5


# What fastavro raises on bytes that are not what the schema says.
BROKEN = (
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    StopIteration,
    TypeError,
    ValueError,
    struct.error,
)


class Problem(enum.StrEnum):
    """Why bytes are no record."""

    UNREADABLE = "UNREADABLE"
    UNKNOWN_SCHEMA = "UNKNOWN_SCHEMA"
    INVALID = "INVALID"


class Unreadable(ValueError):
    """Bytes that are no record: `problem` names why, the text says it to a person."""

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail


class Registry(Protocol):
    """A schema registry, as `registry.py` connects it."""

    def fingerprint_of(self, schema_id: int) -> bytes | None:
        """The fingerprint of the schema with this id, or none. Raises what is no fact about it."""
        ...

    def id_of(self, record: type[Record]) -> int:
        """The id of this record's schema."""
        ...


class _Form:
    """One record type as one writer wrote it: how its bytes become a Struct."""

    __slots__ = (
        "prefix",
        "quick",
        "reader_schema",
        "record",
        "write",
        "write_valid",
        "writer_schema",
    )

    def __init__(self, record: type[Record], writer: AvroSchema) -> None:
        self.record = record
        self.writer_schema = parsed(writer)
        own = schema_fingerprint(writer) == rabin(record)
        self.reader_schema = None if own else parsed(avro_schema(record))
        self.prefix = SINGLE_OBJECT + rabin(record)
        self.write = compiled_writer(record)
        self.write_valid = compiled_writer(record, checking=True)
        self.quick = compiled_reader(record) if own else None

    def read(self, stream: io.BytesIO) -> Any:
        return schemaless_reader(stream, self.writer_schema, self.reader_schema)


@cache
def _current() -> dict[type, _Form]:
    return {record: _Form(record, avro_schema(record)) for record in RECORDS}


@cache
def _forms() -> dict[bytes, _Form]:
    """Fingerprint → form, of every version ever released and of today's."""
    names = {record.__name__: record for record in RECORDS}
    forms = {}
    for schema in released():
        record = names.get(schema["name"])
        if record is not None:
            forms[schema_fingerprint(schema)] = _Form(record, schema)
    return forms | {rabin(record): form for record, form in _current().items()}


@cache
def _quick() -> dict[bytes, Reader]:
    """First bytes of the single-object form → reader, of today's versions."""
    return {form.prefix: form.quick for form in _current().values() if form.quick is not None}


def released() -> Iterable[AvroSchema]:
    """Every schema version that was ever released, from the package's files."""
    for path in sorted(RELEASED.glob("*.avsc")):
        yield json.loads(path.read_text(encoding="utf-8"))


def encode(record: Record) -> bytes:
    """The record in Avro single-object encoding.

    Raises `TypeError` for a record that is not declared, `ValueError` for a value of another type.
    """
    form = _current().get(type(record))
    if form is None:
        raise TypeError(f"{type(record).__name__} is no declared record: add it to schemas/")
    out = bytearray(form.prefix)
    try:
        form.write(record, out)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{type(record).__name__} holds a value of another type: {error}"
        ) from error
    return bytes(out)


def encode_valid(record: Record) -> bytes:
    """`validate` and `encode` in one go, at little more than the cost of the second.

    Raises what they raise.
    """
    form = _current().get(type(record))
    if form is not None:
        out = bytearray(form.prefix)
        try:
            form.write_valid(record, out)
            return bytes(out)
        except (AttributeError, *BROKEN):
            pass  # then by the book, which says what is wrong, or that nothing is
    validate(record)
    return encode(record)


def encode_confluent(record: Record, registry: Registry) -> bytes:
    """The record in the Confluent wire form, with the id that the registry gave its schema."""
    body = encode(record)[SINGLE_OBJECT_HEADER:]
    return CONFLUENT + struct.pack(">I", registry.id_of(type(record))) + body


def decode(data: bytes | None, registry: Registry | None = None) -> Record:
    """The record in these bytes, in either form, of any released version, its limits checked.

    Raises `Unreadable`: UNREADABLE (no Avro, truncated), UNKNOWN_SCHEMA, INVALID (a limit broken);
    and what the registry raises when it cannot be asked.
    """
    data = _filled(data)
    quick = _quick().get(data[:SINGLE_OBJECT_HEADER])
    if quick is not None:
        try:
            found: Record = quick(data, SINGLE_OBJECT_HEADER)
            return found
        except BROKEN:  # suppress() would cost as much as reading a small record
            pass
    return by_the_book(data, registry)


def by_the_book(data: bytes, registry: Registry | None = None) -> Record:
    """The same by fastavro and msgspec: every form, every version, and a word on what is wrong."""
    form, start = _form_of(data, registry)
    stream = io.BytesIO(data)
    stream.seek(start)
    return _struct(form.record, _body(form, stream, len(data)))


def record_type(data: bytes | None) -> type[Record]:
    """What single-object bytes are, by their fingerprint alone: for readers that want few types.

    Raises `Unreadable` as `decode` does.
    """
    return _form_of(_filled(data), None)[0].record


def _filled(data: bytes | None) -> bytes:
    if not data:
        raise Unreadable(Problem.UNREADABLE, "The value is empty; a record in Avro was expected.")
    return data


def validate(record: Record) -> None:
    """Check a record's limits, as a reader will. Raises `Unreadable` (INVALID)."""
    _struct(type(record), _builtins(record))


def _builtins(record: Record) -> Any:
    return msgspec.to_builtins(record, builtin_types=(bytes,))


def _form_of(data: bytes, registry: Registry | None) -> tuple[_Form, int]:
    if data.startswith(SINGLE_OBJECT) and len(data) >= SINGLE_OBJECT_HEADER:
        found = _forms().get(data[2:SINGLE_OBJECT_HEADER])
        if found is None:
            raise Unreadable(
                Problem.UNKNOWN_SCHEMA,
                f"The schema fingerprint {data[2:SINGLE_OBJECT_HEADER].hex()} is not known here: "
                "upgrade this reader, or send a released schema.",
            )
        return found, SINGLE_OBJECT_HEADER
    if data.startswith(CONFLUENT) and len(data) >= CONFLUENT_HEADER:
        return _registered(struct.unpack(">I", data[1:CONFLUENT_HEADER])[0], registry)
    raise Unreadable(
        Problem.UNREADABLE,
        f"The value starts with {data[:2].hex(' ')}; Avro single-object encoding starts with c3 01, "
        "the Confluent form with 00.",
    )


def _registered(schema_id: int, registry: Registry | None) -> tuple[_Form, int]:
    if registry is None:
        raise Unreadable(
            Problem.UNKNOWN_SCHEMA,
            f"Schema id {schema_id} needs a schema registry and none is set: set "
            "MEMBERSTREAM_SCHEMA_REGISTRY or send Avro single-object encoding.",
        )
    fingerprint = registry.fingerprint_of(schema_id)
    found = None if fingerprint is None else _forms().get(fingerprint)
    if found is None:
        raise Unreadable(
            Problem.UNKNOWN_SCHEMA, f"Schema id {schema_id} is not one of this programme's records."
        )
    return found, CONFLUENT_HEADER


def _body(form: _Form, stream: io.BytesIO, length: int) -> Any:
    try:
        fields = form.read(stream)
    except BROKEN as error:
        raise Unreadable(
            Problem.UNREADABLE,
            f"The bytes end or break off inside a {form.record.__name__} ({type(error).__name__}).",
        ) from error
    left = length - stream.tell()
    if left:
        raise Unreadable(
            Problem.UNREADABLE, f"{left} bytes are left behind a whole {form.record.__name__}."
        )
    return fields


def _struct(record: type[Record], fields: Any) -> Record:
    try:
        return _convert(fields, record)
    except msgspec.ValidationError as error:
        raise Unreadable(Problem.INVALID, f"{record.__name__}: {error}.") from error


_convert: Callable[[Any, type[Record]], Record] = msgspec.convert
