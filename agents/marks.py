"""Short bytes that stand for an id or for a content, where keeping the whole would be too much."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from msgspec import msgpack

MARK = 8


@lru_cache(maxsize=65_536)
def mark(of_id: str) -> bytes:
    """`MARK` bytes that stand for an id among the few of a member, an order or a product."""
    return blake2b(of_id.encode(), digest_size=MARK).digest()


def digest(*content: object) -> bytes:
    """Sixteen bytes that are the same for the same content only: numbers, texts, tuples and lists of them.

    >>> digest("order", [(1, "lamp")]) == digest("order", ((1, "lamp"),)) != digest("order", [])
    True
    """
    return blake2b(_encode(content), digest_size=16).digest()


_encode = msgpack.Encoder().encode
