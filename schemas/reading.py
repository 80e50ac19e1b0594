"""Avro readers made to measure: one generated function a record, straight from bytes to the Struct.

A generated reader takes what is whole and within every limit, and raises at anything else, whatever it
is: the caller then reads by the book (fastavro, msgspec), which decides and says what is wrong. So these
readers need no errors of their own, and cannot let through what the others would refuse.
"""

from __future__ import annotations

import enum
import re
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from schemas.compiled import DOUBLE, LIMITS

Reader = Callable[[bytes, int], Any]

SHORT = 0x80  # what fits into one byte as Avro writes it, zigzag and seven bits
# First byte of a text of 1 to 63 bytes → bytes to its end; 0: empty, longer or wrong.
SHORT_TEXT = tuple(1 + (byte >> 1) if byte and not byte & 1 and byte < SHORT else 0
                   for byte in range(256))  # fmt: skip
# A moment between 2004 and 2039 has six bytes: these are the bits that say so.
SIX, OF_SIX = 0x8080808080, 0x808080808080
LONGEST = 10


def long_at(data: bytes, at: int) -> tuple[int, int]:
    """An int or a long, and where it ends. Raises `IndexError`, `ValueError`.

    >>> long_at(b"\\x80\\x01", 0), long_at(b"\\x01", 0)
    ((64, 2), (-1, 1))
    """
    byte = data[at]
    found, shift, last = byte & 0x7F, 7, at + LONGEST
    while byte & 0x80:
        at += 1
        if at == last:
            raise ValueError("longer than 64 bits")
        byte = data[at]
        found |= (byte & 0x7F) << shift
        shift += 7
    if found >= 1 << 64:
        raise ValueError("longer than 64 bits")
    return (found >> 1) ^ -(found & 1), at + 1


def bytes_at(data: bytes, at: int) -> tuple[bytes, int]:
    """Bytes, and where they end. Raises `IndexError`, `ValueError`."""
    length, start = long_at(data, at)
    if not 0 <= length <= len(data) - start:
        raise ValueError("a length that is not there")
    return data[start : start + length], start + length


def broken() -> None:
    """What the generated code calls where it gives up."""
    raise ValueError("not for this reader")


@cache
def compiled_reader(record: type[msgspec.Struct]) -> Reader:
    """A function of (data, start) that gives the record which fills data from there to its end.

    It raises one of `codec.BROKEN` for everything that it does not take.
    """
    return _Compiler(record, whole=True).reader()


@cache
def _nested_reader(record: type[msgspec.Struct]) -> Reader:
    """The same for a record inside of another; gives also where it ends."""
    return _Compiler(record, whole=False).reader()


class _Compiler:
    """Generates one function."""

    def __init__(self, record: type[msgspec.Struct], *, whole: bool) -> None:
        self._record = record
        self._whole = whole
        self._names: dict[str, Any] = {
            "Record": record,
            "SHORT_TEXT": SHORT_TEXT,
            "long_at": long_at,
            "bytes_at": bytes_at,
            "broken": broken,
            "double_at": DOUBLE.unpack_from,
            "unpack": struct.unpack_from,
            "number": int.from_bytes,
        }
        self._lines: list[str] = []
        self._count = 0

    def reader(self) -> Reader:
        """Generate it."""
        info = inspect.type_info(self._record)
        assert isinstance(info, inspect.StructType)
        self._line(0, "def read(data, at):")
        given = []
        for field in info.fields:
            name = self._fresh("value")
            self._read(name, field.type, 1)
            given.append(f"{field.name}={name}")
        if self._whole:
            self._line(1, "if at != len(data): broken()")
        made = f"Record({', '.join(given)})"
        self._line(1, f"return {made}" if self._whole else f"return {made}, at")
        exec(compile("\n".join(self._lines), f"<{self._record.__name__}>", "exec"), self._names)
        found: Reader = self._names["read"]
        return found

    def _fresh(self, word: str) -> str:
        self._count += 1
        return f"{word}_{self._count}"

    def _line(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)

    def _named(self, word: str, value: Any) -> str:
        name = self._fresh(word)
        self._names[name] = value
        return name

    def _read(self, name: str, info: inspect.Type, depth: int) -> None:
        """Lines that put the value at `at` into `name` and move `at` behind it."""
        match info:
            case inspect.Metadata(type=inner, extra=extra):
                moment = (extra or {}).get("avro") == "timestamp-millis"
                if moment and isinstance(inner, inspect.IntType):
                    self._moment(name, inner, depth)
                else:
                    self._read(name, inner, depth)
            case inspect.StrType():
                self._text(name, info, depth)
            case inspect.IntType():
                self._long(name, depth)
                self._limits(name, info, depth)
            case inspect.BytesType():
                self._line(depth, f"{name}, at = bytes_at(data, at)")
                self._lengths(name, info, depth)
            case inspect.BoolType():
                self._line(depth, f"{name} = data[at] == 1")
                self._line(depth, "if data[at] > 1: broken()")
                self._line(depth, "at += 1")
            case inspect.FloatType():
                self._line(depth, f"{name} = double_at(data, at)[0]")
                self._line(depth, "at += 8")
                self._limits(name, info, depth)
            case inspect.EnumType(cls=cls):
                self._symbol(name, cls, depth)
            case inspect.StructType(cls=cls):
                nested = self._named("read", _nested_reader(cls))
                self._line(depth, f"{name}, at = {nested}(data, at)")
            case inspect.ListType():
                self._list(name, info, depth)
            case inspect.UnionType(types=types):
                self._union(name, types, depth)
            case _:
                raise TypeError(f"no Avro for {info}")

    def _text(self, name: str, info: inspect.StrType, depth: int) -> None:
        """Short ones in line: their length cannot break the usual limits."""
        at_once = (info.min_length or 0) <= 1 and (info.max_length or SHORT) >= SHORT >> 1
        start = depth
        if at_once:
            self._line(depth, "step = SHORT_TEXT[data[at]]")
            self._line(depth, "if step:")
            self._line(depth + 1, f"{name} = data[at + 1 : at + step].decode()")
            self._line(depth + 1, "at += step")
            self._line(depth, "else:")
            start = depth + 1
        self._line(start, f"{name}, at = bytes_at(data, at)")
        self._line(start, f"{name} = {name}.decode()")
        self._lengths(name, info, start)
        if info.pattern is not None:
            found = self._named("matches", re.compile(info.pattern).search)
            self._line(depth, f"if not {found}({name}): broken()")

    def _long(self, name: str, depth: int) -> None:
        self._line(depth, f"{name} = data[at]")
        self._line(depth, f"if {name} < {SHORT}:")
        self._line(depth + 1, f"{name} = ({name} >> 1) ^ -({name} & 1)")
        self._line(depth + 1, "at += 1")
        self._line(depth, "else:")
        self._line(depth + 1, f"{name}, at = long_at(data, at)")

    def _moment(self, name: str, info: inspect.Type, depth: int) -> None:
        """Six bytes at once where there are six: seven bits of each, and no sign."""
        self._line(depth, "bits = number(data[at : at + 6], 'little')")
        self._line(depth, f"if bits & {OF_SIX} == {SIX} and not bits & 1:")
        parts = [f"bits >> {n} & {0x7F << 7 * n}" for n in range(6)]
        self._line(depth + 1, f"{name} = ({' | '.join(parts)}) >> 1")
        self._line(depth + 1, "at += 6")
        self._line(depth, "else:")
        self._line(depth + 1, f"{name}, at = long_at(data, at)")
        self._limits(name, info, depth)

    def _symbol(self, name: str, cls: type[enum.Enum], depth: int) -> None:
        """An index that does not exist raises, as every list of words has fewer than 64."""
        members = tuple(member for one in cls for member in (one, None))
        symbols = self._named("symbols", members)
        self._line(depth, f"{name} = {symbols}[data[at]]")
        self._line(depth, f"if {name} is None: broken()")
        self._line(depth, "at += 1")

    def _list(self, name: str, info: inspect.ListType, depth: int) -> None:
        """One block, as our writers and most others write a list."""
        count, item, add = (self._fresh(word) for word in ("count", "item", "add"))
        self._line(depth, f"{name} = []")
        self._long(count, depth)
        self._line(depth, f"if {count} < 0: broken()")
        self._line(depth, f"if {count}:")
        if isinstance(info.item_type, inspect.FloatType):
            self._floats(name, count, item, info.item_type, depth + 1)
        else:
            self._line(depth + 1, f"{add} = {name}.append")
            self._line(depth + 1, f"for _ in range({count}):")
            self._read(item, info.item_type, depth + 2)
            self._line(depth + 2, f"{add}({item})")
        self._line(depth + 1, "if data[at]: broken()")
        self._line(depth + 1, "at += 1")
        self._lengths(name, info, depth)

    def _floats(
        self, name: str, count: str, item: str, info: inspect.FloatType, depth: int
    ) -> None:
        """All at once; there are as many, or this raises."""
        self._line(depth, f"{name} = list(unpack(f'<{{{count}}}d', data, at))")
        self._line(depth, f"at += {count} * 8")
        if limits := self._within(item, info):
            self._line(depth, f"for {item} in {name}:")
            self._line(depth + 1, f"if not ({limits}): broken()")

    def _union(self, name: str, types: tuple[inspect.Type, ...], depth: int) -> None:
        others = [info for info in types if not isinstance(info, inspect.NoneType)]
        if len(others) != 1:
            raise TypeError(f"no Avro for a union of {types}: use one type or None")
        self._line(depth, f"{name} = data[at]")
        self._line(depth, "at += 1")
        self._line(depth, f"if {name} == 2:")
        self._read(name, others[0], depth + 1)
        self._line(depth, f"elif {name}: broken()")
        self._line(depth, f"else: {name} = None")

    def _limits(self, name: str, info: Any, depth: int) -> None:
        if limits := self._within(name, info):
            self._line(depth, f"if not ({limits}): broken()")

    def _within(self, name: str, info: Any) -> str:
        """A condition: the value is within its limits; nothing when it has none."""
        wanted = [
            f"{name} {sign} {limit!r}"
            for limit_name, sign in LIMITS.items()
            if (limit := getattr(info, limit_name)) is not None
        ]
        if info.multiple_of is not None:
            wanted.append(f"{name} % {info.multiple_of!r} == 0")
        return " and ".join(wanted)

    def _lengths(self, name: str, info: Any, depth: int) -> None:
        least, most = info.min_length or 0, info.max_length
        if least or most is not None:
            upper = "" if most is None else f" <= {most}"
            self._line(depth, f"if not {least} <= len({name}){upper}: broken()")
