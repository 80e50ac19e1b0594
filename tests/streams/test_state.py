"""How state rests: golden bytes, evolution, what is read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, field

from agents import StateMap
from streams.due import NEVER
from streams.overlay import Overlay
from streams.simulate import MemoryStore
from streams.state import (
    Clock,
    Header,
    StateCodec,
    decode_clock,
    decode_header,
    due_in,
    encode_clock,
    encode_header,
)
from streams.trouble import StoreBroken


class Entry(Struct, frozen=True):
    """A map's value."""

    points: int
    note: str = ""


class First(Struct):
    """A state in its first version."""

    total: int = 0
    gone: int = 0
    entries: StateMap[Entry] = field(default_factory=StateMap)


class Second(Struct):
    """The same state later: a field more, a field less, a map more."""

    added: list[int] = field(default_factory=list)
    total: int = 0
    entries: StateMap[Entry] = field(default_factory=StateMap)
    others: StateMap[Entry] = field(default_factory=StateMap)


GOLDEN = bytes.fromhex("0183a5746f74616c07a4676f6e6501a7656e7472696573c0")
GOLDEN_ENTRY = bytes.fromhex("0182a6706f696e747303a46e6f7465a161")
GOLDEN_HEADER = bytes.fromhex("01000000000000002a94c402723103 81a561676e74312a 80".replace(" ", ""))


def test_bytes_of_this_version_stay_what_they_are() -> None:
    """A store written by this version must be readable by every later one."""
    codec = StateCodec(First)
    assert codec.encode(First(7, 1)) == GOLDEN
    assert codec.maps[0].encode(Entry(3, "a")) == GOLDEN_ENTRY
    assert encode_header(Header(b"r1", 3, {"agnt1": 42}, {}), 42) == GOLDEN_HEADER
    assert decode_header(GOLDEN_HEADER) == Header(b"r1", 3, {"agnt1": 42}, {})
    assert due_in(GOLDEN_HEADER) == 42
    assert encode_clock(Clock(5, 2, 9)) == bytes.fromhex("0193050209")


def test_fields_come_and_go_with_defaults() -> None:
    """Old bytes in a later version: what is new is the default, what is gone is skipped."""
    state = StateCodec(Second).decode(GOLDEN)
    assert (state.total, state.added, len(state.others)) == (7, [], 0)


def test_a_fresh_state_has_no_bytes() -> None:
    """What is absent reads as fresh, and what equals fresh is absent."""
    codec = StateCodec(First)
    assert codec.encode(First()) is None
    assert codec.decode(None).total == 0
    assert encode_header(Header(), NEVER) is None
    assert decode_header(None) == Header()
    assert decode_clock(None) == Clock()


@pytest.mark.parametrize("data", [b"", b"\x02\x80", b"\x01\x81\xa5total\xa1x", b"\x01\x81"])
def test_bytes_that_no_codec_reads_stop_the_process(data: bytes) -> None:
    """Never a fresh state in place of one that cannot be read."""
    with pytest.raises(StoreBroken):
        StateCodec(First).decode(data)


Writes = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.none() | st.integers(0, 9)),
        st.sampled_from(["take", "commit"]),
    ),
    max_size=30,
)


@given(Writes)
def test_the_overlay_reads_as_one_dict(writes: list[tuple[str, int | None] | str]) -> None:
    """Pending over in flight over stored: always the last value written, in `get` and in `scan`."""
    store, model, in_flight = MemoryStore(), dict[bytes, bytes](), None
    overlay = Overlay(store)
    for write in writes:
        match write:
            case "take" if in_flight is None:
                in_flight = overlay.take()
            case "commit" if in_flight is not None:
                store.write(in_flight)
                overlay.committed()
                in_flight = None
            case (str(name), value):
                key, data = b"m" + name.encode(), None if value is None else b"%d" % value
                overlay.put([(key, data)], [(b"m", key)])
                model.pop(key, None)
                if data is not None:
                    model[key] = data
        assert dict(overlay.scan(b"m")) == model
        assert all(overlay.get(b"m" + n) == model.get(b"m" + n) for n in (b"a", b"b", b"c", b"d"))
