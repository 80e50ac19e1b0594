"""Both wire forms carry every record whole, and bytes that are no record are refused by name."""

from __future__ import annotations

import io
import json

import fastavro
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.actions import ProductBrowsed, PurchaseMade
from schemas.avro import avro_schema, plain, rabin, schema_fingerprint
from schemas.codec import RECORDS, Problem, Record, Unreadable, decode, encode
from schemas.samples import sample

BROWSED = encode(sample(ProductBrowsed))


class Ids:
    """A registry that numbers the schemas it is asked for, as a real one does."""

    def __init__(self) -> None:
        self.schemas: list[str] = []

    def id_of(self, record: type[Record]) -> int:
        self.schemas.append(json.dumps(avro_schema(record)))
        return len(self.schemas)

    def fingerprint_of(self, schema_id: int) -> bytes | None:
        if schema_id > len(self.schemas):
            return None
        return schema_fingerprint(json.loads(self.schemas[schema_id - 1]))


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.__name__)
def test_round_trip(record: type[Record]) -> None:
    """What is encoded is decoded equal, in either form."""
    value, registry = sample(record), Ids()
    assert decode(encode(value)) == value
    assert decode(codec.encode_confluent(value, registry), registry) == value


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.__name__)
def test_exported_schema_reads_it(record: type[Record]) -> None:
    """Anybody with the .avsc alone reads the bytes, and finds the fingerprint in them."""
    path = codec.RELEASED.parent / f"{record.__name__}.avsc"
    schema = json.loads(path.read_text(encoding="utf-8"))
    data = encode(sample(record))
    assert data[2:10] == schema_fingerprint(schema)
    fields = fastavro.schemaless_reader(io.BytesIO(data[10:]), schema, None)
    assert fields["event_id"] == sample(record).event_id


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.__name__)
def test_logical_types_do_not_change_the_fingerprint(record: type[Record]) -> None:
    """The schema that is exported and the one that is used name the same bytes."""
    assert schema_fingerprint(plain(avro_schema(record))) == rabin(record)


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.__name__)
def test_every_field_is_documented(record: type[Record]) -> None:
    """Every record and every field of it says what it means."""
    schema = avro_schema(record)
    assert schema["doc"]
    names = [field["name"] for field in schema["fields"]]
    assert names[0] == "event_id"
    assert names[1] == record.KEY
    assert names[2] == "occurred_at"


ROWS = [
    # bytes, problem
    (None, Problem.UNREADABLE),
    (b"", Problem.UNREADABLE),
    (b"hello", Problem.UNREADABLE),
    (b'{"event_id": "1"}', Problem.UNREADABLE),
    (b"\xc3\x01" + b"\x00" * 8, Problem.UNKNOWN_SCHEMA),
    (b"\x00\x00\x00\x00\x07", Problem.UNKNOWN_SCHEMA),
    (BROWSED[:-3], Problem.UNREADABLE),
    (BROWSED[:10], Problem.UNREADABLE),
    (BROWSED + b"\x00", Problem.UNREADABLE),
]


@pytest.mark.parametrize(("data", "problem"), ROWS)
def test_bad_bytes_are_named(data: bytes | None, problem: Problem) -> None:
    """Each kind of bad bytes has its name and a sentence."""
    with pytest.raises(Unreadable) as refusal:
        decode(data)
    assert refusal.value.problem is problem
    assert refusal.value.detail.endswith(".")


def test_broken_limit_is_invalid() -> None:
    """A negative quantity is readable, but not valid; the sentence says where."""
    value = sample(PurchaseMade)
    line = msgspec.structs.replace(value.lines[0], quantity=-2)
    with pytest.raises(Unreadable, match=r"lines\[0\].quantity") as refusal:
        decode(encode(msgspec.structs.replace(value, lines=[line])))
    assert refusal.value.problem is Problem.INVALID


@given(st.binary(max_size=200), st.sampled_from(RECORDS))
def test_random_bytes_never_crash(noise: bytes, record: type[Record]) -> None:
    """Random bytes behind a known fingerprint are a record or `Unreadable`, nothing else."""
    try:
        decode(codec.SINGLE_OBJECT + rabin(record) + noise)
    except Unreadable as refusal:
        assert refusal.detail


@given(st.data(), st.sampled_from(RECORDS))
def test_flipped_bytes_never_crash(data: st.DataObject, record: type[Record]) -> None:
    """A damaged record is a record or `Unreadable`, nothing else."""
    good = bytearray(encode(sample(record)))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(good))
    except Unreadable as refusal:
        assert refusal.detail
