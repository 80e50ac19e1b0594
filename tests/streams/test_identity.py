"""Partitions, derived ids, the ring."""

from __future__ import annotations

import re

from aiokafka.partitioner import murmur2 as kafkas_murmur2
from hypothesis import given
from hypothesis import strategies as st

from streams.identity import (
    RING_LENGTH,
    content_hash,
    derived_id,
    murmur2,
    partition_of,
    recall,
    remember,
    short_hash,
    still_to_hear,
)

KNOWN = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}


def test_murmur2_gives_kafkas_published_values() -> None:
    """The values that Kafka's own test fixes; positive as its partitioner makes them."""
    assert {key: murmur2(key) for key in KNOWN} == {k: v & 0x7FFFFFFF for k, v in KNOWN.items()}


@given(st.binary(max_size=40))
def test_murmur2_agrees_with_another_implementation(key: bytes) -> None:
    """Any length and any rest of a word."""
    assert murmur2(key) == kafkas_murmur2(key) & 0x7FFFFFFF


def test_partitions_of_keys_use_all_partitions() -> None:
    """A thousand keys leave no partition of twelve empty."""
    assert {partition_of(f"member-{n}", 12) for n in range(1000)} == set(range(12))


def test_derived_ids_are_uuids_that_differ_in_each_part() -> None:
    """Cause, speaker, key and position each make another id; the mark can be read back."""
    rows = [("c", "s", "k", 0), ("d", "s", "k", 0), ("c", "t", "k", 0), ("c", "s", "l", 0)]
    ids = {derived_id(*row) for row in [*rows, ("c", "s", "k", 1)]}
    assert len(ids) == 5
    shape = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}")
    assert all(shape.fullmatch(found) for found in ids)
    assert still_to_hear(derived_id("c", "s", "k", 0, 7)) == 7
    assert still_to_hear(derived_id("c", "s", "k", 0)) == 0


@given(st.lists(st.integers(0, 200), max_size=100))
def test_the_ring_knows_the_last_ids_and_their_content(ids: list[int]) -> None:
    """As a list of pairs of which the last 32 are kept."""
    ring = b""
    model: list[tuple[bytes, bytes]] = []
    for n in ids:
        id_hash, content = short_hash(b"%d" % n), short_hash(b"content of %d" % n)
        known = dict(model[-RING_LENGTH:])
        assert recall(ring, id_hash) == known.get(id_hash)
        if id_hash not in known:
            ring = remember(ring, id_hash, content)
            model.append((id_hash, content))


def test_the_content_is_the_same_in_both_wire_forms() -> None:
    """Only the body counts, not what names the schema."""
    assert content_hash(b"\xc3\x01" + bytes(8) + b"body") == content_hash(
        b"\x00" + bytes(4) + b"body"
    )
