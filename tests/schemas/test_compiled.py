"""The compiled writers write what fastavro writes."""

from __future__ import annotations

import io
from random import Random
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from schemas.avro import avro_schema, parsed
from schemas.codec import RECORDS, SINGLE_OBJECT_HEADER, encode, encode_valid, validate
from schemas.compiled import compiled_writer, long_bytes
from schemas.samples import sample

EDGES = [0, 1, 63, 64, -64, -65, 8191, 8192, 2**31, 2**53, 2**63 - 1, -(2**63)]


def drawn(random: Random, info: inspect.Type) -> Any:
    """Any value of a type; its limits do not matter to the encoding."""
    match info:
        case inspect.Metadata(type=inner):
            return drawn(random, inner)
        case inspect.StructType(cls=cls, fields=fields):
            return cls(**{field.name: drawn(random, field.type) for field in fields})
        case inspect.EnumType(cls=cls):
            return random.choice(list(cls))
        case inspect.ListType(item_type=item):
            return [drawn(random, item) for _ in range(random.choice([0, 1, 3, 70]))]
        case inspect.UnionType(types=types):
            return drawn(random, random.choice(types))
        case inspect.NoneType():
            return None
        case inspect.IntType():
            return random.choice([*EDGES, random.randrange(10**13)])
        case inspect.FloatType():
            return random.uniform(-1e9, 1e9)
        case inspect.BoolType():
            return random.random() < 0.5
        case inspect.BytesType():
            return random.randbytes(random.choice([0, 5, 9000]))
        case _:
            return random.choice(["", "plain", "żółć ☂", "x" * 9000])


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_the_bytes_are_fastavros(record: type[msgspec.Struct]) -> None:
    """For every record and any values, edges of the integers and empty lists among them."""
    schema = parsed(avro_schema(record))
    for seed in range(20):
        value = drawn(Random(seed), inspect.type_info(record))
        stream = io.BytesIO()
        builtins = msgspec.to_builtins(value, builtin_types=(bytes,))
        fastavro.schemaless_writer(stream, schema, builtins)
        assert encode(value)[SINGLE_OBJECT_HEADER:] == stream.getvalue(), f"seed {seed}"


@given(st.integers(-(2**63), 2**63 - 1))
def test_longs_are_read_back(value: int) -> None:
    """Every 64-bit integer."""
    assert fastavro.schemaless_reader(io.BytesIO(long_bytes(value)), "long", None) == value


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_what_does_not_fit_is_refused(value: int) -> None:
    """Never cut off in silence."""
    with pytest.raises(ValueError, match="64 bits"):
        long_bytes(value)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_a_checking_writer_is_validate_and_encode(record: type[msgspec.Struct]) -> None:
    """Whole records are written at once; any others are refused in the words of `validate`."""
    whole = sample(record)
    out = bytearray()
    compiled_writer(record, checking=True)(whole, out)
    assert bytes(out) == encode(whole)[SINGLE_OBJECT_HEADER:]
    for seed in range(40):
        value = drawn(Random(seed), inspect.type_info(record))
        assert tried(encode_valid, value) == tried(validated, value), f"seed {seed}"
    for field in msgspec.structs.fields(record):
        for wrong in (None, True, 1, 0.5, "text", b"bytes", [], -1, 10**30, "żółć" * 40):
            value = msgspec.structs.replace(whole, **{field.name: wrong})
            assert tried(encode_valid, value) == tried(validated, value), f"{field.name}={wrong!r}"


def validated(record: Any) -> bytes:
    """By the book."""
    validate(record)
    return encode(record)


def tried(write: Any, record: Any) -> Any:
    """The bytes, or the trouble."""
    try:
        return write(record)
    except (TypeError, ValueError) as error:
        return type(error), str(error)
