"""How state rests in the store: keys, codecs, headers.

A state is a small record for (agent, key) and one entry for each key of its declared maps. Values
are a codec byte and msgpack with field names: a field that is added with a default is absent from
older bytes and takes it, a field that is gone is skipped. A state equal to a fresh one is not
stored at all, so that what is absent reads as fresh.

| key in the store | holds |
|---|---|
| `h` key | header: ring of seen ids, wake counter, due times |
| `s` agent 00 key | an agent's state |
| `m` agent 00 map 00 length of key (2 bytes) key entry | one entry of a map |
| `b` key, `t` table 00, `u` table 00 map … | the same three for broadcast events and tables |
| `p` | the partition's clock |
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, field

from agents import Agent, StateMap, Table
from streams.due import NEVER
from streams.trouble import StoreBroken

S = TypeVar("S", bound=Struct)

CODEC = b"\x01"
CLOCK_KEY = b"p"
DUE = struct.Struct(">q")
HEADER_START = len(CODEC) + DUE.size


@dataclass(frozen=True, slots=True)
class Family:
    """The first bytes of a kind of holder's keys: header, states, map entries."""

    header: bytes
    state: bytes
    entry: bytes


OF_KEYS = Family(b"h", b"s", b"m")
OF_TABLES = Family(b"b", b"t", b"u")


class Clock(Struct, frozen=True, array_like=True):
    """A partition's time: its last tick, the distance to the one before, the tick's Kafka time."""

    time: int = 0
    gap: int = 0
    recorded_at: int = 0


class Header(Struct, array_like=True):
    """What the shell keeps for a key: ids seen, wake-ups so far, due times and retries by agent."""

    ring: bytes = b""
    wakes: int = 0
    due: dict[str, int] = field(default_factory=dict)
    parked: dict[str, int] = field(default_factory=dict)

    def earliest(self) -> int:
        """When the key is to be woken next, NEVER if not."""
        if not self.due:
            return NEVER
        if not self.parked:
            return min(self.due.values())
        return min(self.moment(name) for name in self.due)

    def moment(self, name: str) -> int:
        """When this agent is to be woken: its due time, or the retry if that is later."""
        return max(self.due[name], self.parked.get(name, 0))


def _hook(value: Any) -> None:
    if not isinstance(value, StateMap):
        raise TypeError(f"{type(value).__name__} cannot be kept in a state")


_encode = msgspec.msgpack.Encoder(enc_hook=_hook).encode
_header = msgspec.msgpack.Decoder(Header)
_clock = msgspec.msgpack.Decoder(Clock)


def encode_header(header: Header, earliest: int) -> bytes | None:
    """A header's bytes, its due time in front for the scan; none when there is nothing to keep."""
    if not (header.ring or header.wakes or header.due):
        return None
    return CODEC + DUE.pack(earliest) + _encode(header)


def decode_header(data: bytes | None) -> Header:
    """The header in these bytes; an empty one for none."""
    return Header() if data is None else _read(_header, data, HEADER_START)


def due_in(data: bytes) -> int:
    """The due time of an encoded header, without decoding the rest."""
    at: int = DUE.unpack_from(data, len(CODEC))[0]
    return at


def encode_clock(clock: Clock) -> bytes:
    """The partition's clock, for the store."""
    return CODEC + _encode(clock)


def decode_clock(data: bytes | None) -> Clock:
    """The partition's clock; before the first tick its time is 0."""
    return Clock() if data is None else _read(_clock, data, len(CODEC))


def _read(decoder: Any, data: bytes, start: int) -> Any:
    if not data.startswith(CODEC):
        raise StoreBroken(f"A stored value begins with {data[:1].hex()}, this version reads 01.")
    try:
        return decoder.decode(memoryview(data)[start:])
    except msgspec.MsgspecError as error:
        raise StoreBroken(f"A stored value cannot be read ({error}).") from error


def _dec_hook(kind: type, _value: Any) -> Any:
    if get_origin(kind) is StateMap or kind is StateMap:
        return StateMap()
    raise TypeError(f"{kind} cannot be kept in a state")


class EntryCodec:
    """One declared map of a state: the bytes of its entries."""

    __slots__ = ("_decoder", "name", "value_type")

    def __init__(self, name: str, value_type: Any) -> None:
        self.name = name
        self.value_type = value_type
        self._decoder = msgspec.msgpack.Decoder(value_type, dec_hook=_dec_hook)

    def encode(self, value: Any) -> bytes:
        """An entry's bytes."""
        return CODEC + _encode(value)

    def decode(self, data: bytes) -> Any:
        """The entry in these bytes."""
        return _read(self._decoder, data, len(CODEC))


class StateCodec(Generic[S]):
    """The bytes of one type of state."""

    def __init__(self, initial: type[S]) -> None:
        self.initial = initial
        self.maps = tuple(
            EntryCodec(name, get_args(hint)[0])
            for name, hint in get_type_hints(initial).items()
            if get_origin(hint) is StateMap
        )
        self._decoder = msgspec.msgpack.Decoder(initial, dec_hook=_dec_hook)
        self._blank = _encode(initial())

    def encode(self, state: S) -> bytes | None:
        """The state's bytes; none when it equals a fresh one."""
        data = _encode(state)
        return None if data == self._blank else CODEC + data

    def decode(self, data: bytes | None) -> S:
        """The state in these bytes; a fresh one for none."""
        if data is None:
            return self.initial()
        state: S = _read(self._decoder, data, len(CODEC))
        return state


@dataclass(frozen=True, slots=True)
class Holder:
    """An agent or a table as the store knows it."""

    name: str
    codec: StateCodec[Any]
    state_prefix: bytes
    map_prefixes: tuple[bytes, ...]
    wake_at: Callable[[Any], int | None] | None = None

    def state_key(self, key: bytes) -> bytes:
        """Where the state of this key lies."""
        return self.state_prefix + key

    def entry_prefix(self, index: int, key: bytes) -> bytes:
        """What all entries of the holder's `index`-th map begin with at this key."""
        return self.map_prefixes[index] + len(key).to_bytes(2, "big") + key


def holder(behaviour: Agent[Any] | Table[Any], family: Family) -> Holder:
    """The holder of an agent's or table's state."""
    name = behaviour.name.encode()
    codec = StateCodec(behaviour.initial)
    return Holder(
        name=behaviour.name,
        codec=codec,
        state_prefix=family.state + name + b"\0",
        map_prefixes=tuple(
            family.entry + name + b"\0" + m.name.encode() + b"\0" for m in codec.maps
        ),
        wake_at=behaviour.wake_at if isinstance(behaviour, Agent) else None,
    )
