"""Avro writers made to measure: one generated function a record, as encoding is the largest cost.

fastavro walks the schema again for each record and tries the branches of each union; here the walk is
done once and its result is straight Python over the Struct's own fields. The bytes are the same, and a
test compares them with fastavro's for every record.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

Writer = Callable[[Any, bytearray], None]

LONG_CACHED = 1 << 16
SHORT = 1 << 13
DOUBLE = struct.Struct("<d")


@lru_cache(maxsize=LONG_CACHED)
def long_bytes(value: int) -> bytes:
    """Zigzag and variable length, as Avro writes an int or a long. Raises `ValueError` beyond 64 bits.

    >>> long_bytes(-1), long_bytes(64)
    (b'\\x01', b'\\x80\\x01')
    """
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{value} does not fit into 64 bits")
    left = (value << 1) ^ (value >> 63)
    found = bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    found.append(left)
    return bytes(found)


LENGTHS = tuple(long_bytes(length) for length in range(SHORT))


def length_bytes(length: int) -> bytes:
    """The same for a length or a count."""
    return LENGTHS[length] if length < SHORT else long_bytes(length)


def compiled_writer(record: type[msgspec.Struct]) -> Writer:
    """A function that appends a record's Avro body. It raises what a wrong value raises in it."""
    return _Compiler().writer(record)


class _Compiler:
    """Generates one function for each Struct that it meets."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {
            "long_bytes": long_bytes,
            "length_bytes": length_bytes,
            "double": DOUBLE.pack,
        }
        self._lines: list[str] = []
        self._count = 0

    def writer(self, record: type[msgspec.Struct]) -> Writer:
        name = self._fresh("write")
        self._lines = [f"def {name}(value, out):"]
        info = inspect.type_info(record)
        assert isinstance(info, inspect.StructType)
        for field in info.fields:
            self._write(f"value.{field.name}", field.type, 1)
        exec(compile("\n".join(self._lines), f"<{record.__name__}>", "exec"), self._names)
        found: Writer = self._names[name]
        return found

    def _fresh(self, word: str) -> str:
        self._count += 1
        return f"{word}_{self._count}"

    def _line(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)

    def _write(self, source: str, info: inspect.Type, depth: int) -> None:
        match info:
            case inspect.Metadata(type=inner):
                self._write(source, inner, depth)
            case inspect.StrType() | inspect.BytesType():
                encoded = ".encode()" if isinstance(info, inspect.StrType) else ""
                name = self._fresh("data")
                self._line(depth, f"{name} = {source}{encoded}")
                self._line(depth, f"out += length_bytes(len({name}))")
                self._line(depth, f"out += {name}")
            case inspect.IntType():
                self._line(depth, f"out += long_bytes({source})")
            case inspect.BoolType():
                self._line(depth, f"out += b'\\x01' if {source} else b'\\x00'")
            case inspect.FloatType():
                self._line(depth, f"out += double({source})")
            case inspect.EnumType(cls=cls):
                self._line(depth, f"out += {self._symbols(cls)}[{source}]")
            case inspect.StructType(cls=cls):
                self._line(depth, f"{self._nested(cls)}({source}, out)")
            case inspect.ListType(item_type=item):
                self._list(source, item, depth)
            case inspect.UnionType(types=types):
                self._union(source, types, depth)
            case _:
                raise TypeError(f"no Avro for {info}")

    def _symbols(self, cls: type[enum.Enum]) -> str:
        name = f"symbols_{cls.__name__}"
        self._names[name] = {member: long_bytes(n) for n, member in enumerate(cls)}
        return name

    def _nested(self, cls: type[msgspec.Struct]) -> str:
        name = f"write_{cls.__name__}"
        if name not in self._names:
            self._names[name] = _Compiler().writer(cls)
        return name

    def _list(self, source: str, item: inspect.Type, depth: int) -> None:
        values, one = self._fresh("values"), self._fresh("item")
        self._line(depth, f"{values} = {source}")
        self._line(depth, f"if {values}:")
        self._line(depth + 1, f"out += length_bytes(len({values}))")
        self._line(depth + 1, f"for {one} in {values}:")
        self._write(one, item, depth + 2)
        self._line(depth, "out += b'\\x00'")

    def _union(self, source: str, types: tuple[inspect.Type, ...], depth: int) -> None:
        """Null or one type: the only union that records use."""
        others = [info for info in types if not isinstance(info, inspect.NoneType)]
        if len(others) != 1:
            raise TypeError(f"no Avro for a union of {types}: use one type or None")
        name = self._fresh("value")
        self._line(depth, f"{name} = {source}")
        self._line(depth, f"if {name} is None:")
        self._line(depth + 1, "out += b'\\x00'")
        self._line(depth, "else:")
        self._line(depth + 1, "out += b'\\x02'")
        self._write(name, others[0], depth + 1)
