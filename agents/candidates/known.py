"""Which products a member knows: marks of the last `KNOWN_MOST` different ones touched, the newest last.

A mark is four bytes of a hash, so a product is taken for another once in four million times.
"""

from __future__ import annotations

from functools import lru_cache
from struct import unpack
from zlib import crc32

KNOWN_MOST = 1_000
_MARK = 4


@lru_cache(maxsize=65_536)
def mark(product_id: str) -> int:
    """The number that stands for a product."""
    return crc32(product_id.encode())


def marks(known: bytes) -> frozenset[int]:
    """All of them."""
    return frozenset(_numbers(known))


def added(known: bytes, product_id: str) -> bytes:
    """One more, if it is not there; the oldest falls out."""
    number = mark(product_id)
    if number in _numbers(known):
        return known
    return (known + number.to_bytes(_MARK, "little"))[-KNOWN_MOST * _MARK :]


def _numbers(known: bytes) -> tuple[int, ...]:
    return unpack(f"<{len(known) // _MARK}I", known)
