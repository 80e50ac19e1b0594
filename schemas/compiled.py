"""Avro writers made to measure: one generated function a record, as encoding is the largest cost.

fastavro walks the schema again for each record and tries the branches of each union; here the walk is
done once and its result is straight Python over the Struct's own fields. The bytes are the same, and a
test compares them with fastavro's for every record.

A checking writer also looks at types and limits on its way, and raises at whatever it is not sure about:
the caller then validates by the book, which says what is wrong, or that nothing is.
"""

from __future__ import annotations

import enum
import re
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
LIMITS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


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


def unsure() -> None:
    """What a checking writer calls where it gives up."""
    raise ValueError("not for this writer")


def compiled_writer(record: type[msgspec.Struct], *, checking: bool = False) -> Writer:
    """A function that appends a record's Avro body. It raises what a wrong value raises in it.

    `checking`: it raises, too, at a value that may break its type or its limits.
    """
    return _Compiler(checking).writer(record)


class _Compiler:
    """Generates one function for each Struct that it meets."""

    def __init__(self, checking: bool) -> None:
        self._names: dict[str, Any] = {
            "long_bytes": long_bytes,
            "length_bytes": length_bytes,
            "LENGTHS": LENGTHS,
            "double": DOUBLE.pack,
            "pack": struct.pack,
            "unsure": unsure,
        }
        self._checking = checking
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
                name, length = self._fresh("data"), self._fresh("length")
                self._line(depth, f"{name} = {source}{encoded}")
                self._line(depth, f"{length} = len({name})")
                self._lengths(length, info, depth)
                self._pattern(source, info, depth)
                short = f"{length} < {SHORT}"
                self._line(depth, f"out += LENGTHS[{length}] if {short} else long_bytes({length})")
                self._line(depth, f"out += {name}")
            case inspect.IntType():
                name = self._number(source, "int", info, depth)
                self._line(depth, f"out += long_bytes({name})")
            case inspect.BoolType():
                name = self._number(source, "bool", None, depth)
                self._line(depth, f"out += b'\\x01' if {name} else b'\\x00'")
            case inspect.FloatType():
                name = self._number(source, "float", info, depth)
                self._line(depth, f"out += double({name})")
            case inspect.EnumType(cls=cls):
                self._line(depth, f"out += {self._symbols(cls)}[{source}]")
            case inspect.StructType(cls=cls):
                self._line(depth, f"{self._nested(cls)}({source}, out)")
            case inspect.ListType():
                self._list(source, info, depth)
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
            self._names[name] = _Compiler(self._checking).writer(cls)
        return name

    def _list(self, source: str, info: inspect.ListType, depth: int) -> None:
        values, one = self._fresh("values"), self._fresh("item")
        self._line(depth, f"{values} = {source}")
        if self._checking:
            self._line(depth, f"if type({values}) is not list: unsure()")
        self._lengths(f"len({values})", info, depth)
        self._line(depth, f"if {values}:")
        self._line(depth + 1, f"out += length_bytes(len({values}))")
        if isinstance(info.item_type, inspect.FloatType):
            self._floats(values, one, info.item_type, depth + 1)
        else:
            self._line(depth + 1, f"for {one} in {values}:")
            self._write(one, info.item_type, depth + 2)
        self._line(depth, "out += b'\\x00'")

    def _floats(self, values: str, one: str, info: inspect.FloatType, depth: int) -> None:
        """All at once."""
        if self._checking:
            self._line(depth, f"for {one} in {values}:")
            self._number(one, "float", info, depth + 1)
        self._line(depth, f"out += pack(f'<{{len({values})}}d', *{values})")

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

    # ---- checks ---------------------------------------------------------------------------------

    def _number(self, source: str, kind: str, info: Any, depth: int) -> str:
        """The name under which a number goes on, looked at when checking."""
        if not self._checking:
            return source
        name = self._fresh("number")
        self._line(depth, f"{name} = {source}")
        wanted = [f"type({name}) is {kind}"]
        for limit, sign in LIMITS.items():
            least_or_most = getattr(info, limit, None)
            if least_or_most is not None:
                wanted.append(f"{name} {sign} {least_or_most!r}")
        if getattr(info, "multiple_of", None) is not None:
            wanted.append(f"{name} % {info.multiple_of!r} == 0")
        self._line(depth, f"if not ({' and '.join(wanted)}): unsure()")
        return name

    def _lengths(self, length: str, info: Any, depth: int) -> None:
        """Of a text its bytes are counted, which are never fewer than its characters."""
        least, most = info.min_length or 0, info.max_length
        least = 4 * least if least > 1 and isinstance(info, inspect.StrType) else least
        if self._checking and (least or most is not None):
            upper = "" if most is None else f" <= {most}"
            self._line(depth, f"if not {least} <= {length}{upper}: unsure()")

    def _pattern(self, source: str, info: Any, depth: int) -> None:
        pattern = getattr(info, "pattern", None)
        if self._checking and pattern is not None:
            name = self._fresh("matches")
            self._names[name] = re.compile(pattern).search
            self._line(depth, f"if not {name}({source}): unsure()")
