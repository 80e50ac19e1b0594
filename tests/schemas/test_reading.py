"""The compiled readers read what fastavro and msgspec read, and leave to them what they refuse."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from schemas.codec import RECORDS, SINGLE_OBJECT_HEADER, Unreadable, by_the_book, decode, encode
from schemas.compiled import long_bytes
from schemas.reading import compiled_reader, long_at
from schemas.samples import sample
from tests.schemas.test_compiled import EDGES, drawn

each = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)


def outcome(read: Any, data: bytes) -> Any:
    """What a reader makes of bytes: the record, or the trouble it names."""
    try:
        return read(data)
    except Unreadable as error:
        return error.problem, error.detail


@each
def test_whole_records_are_read_without_the_book(record: type[msgspec.Struct]) -> None:
    """The compiled reader takes what is whole; only then is it worth having."""
    whole = sample(record)
    assert compiled_reader(record)(encode(whole), SINGLE_OBJECT_HEADER) == whole


@each
def test_any_values_are_read_alike(record: type[msgspec.Struct]) -> None:
    """Also values that break limits: the same record, or the same word on what is wrong."""
    for seed in range(20):
        data = encode(drawn(Random(seed), inspect.type_info(record)))
        assert outcome(decode, data) == outcome(by_the_book, data), f"seed {seed}"


@each
def test_any_bytes_are_read_alike(record: type[msgspec.Struct]) -> None:
    """Broken off at each place, with bytes changed, left out or put in."""
    data = encode(sample(record))
    broken = [data[:length] for length in range(SINGLE_OBJECT_HEADER, len(data))]
    broken += [changed(data, Random(seed)) for seed in range(300)]
    for one in broken:
        assert outcome(decode, one) == outcome(by_the_book, one), one.hex()


def changed(data: bytes, random: Random) -> bytes:
    """The bytes with one change behind the header."""
    found = bytearray(data)
    at = random.randrange(SINGLE_OBJECT_HEADER, len(data))
    match random.randrange(3):
        case 0:
            found[at] = random.choice([0, 1, 2, 3, 0x7F, 0x80, 0xFF, random.randrange(256)])
        case 1:
            del found[at]
        case _:
            found.insert(at, random.randrange(256))
    return bytes(found)


@pytest.mark.parametrize("value", EDGES)
def test_every_integer_is_read(value: int) -> None:
    """Also the longest."""
    written = long_bytes(value)
    assert long_at(written, 0) == (value, len(written))
