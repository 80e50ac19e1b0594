"""Fields that nothing was read from: a misspelt optional field would be lost without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec


def misspelt(given: Any, read: msgspec.Struct) -> str | None:
    """The path of the first field of parsed JSON that the record read from it does not have, at any depth."""
    return next(_unknown(given, msgspec.to_builtins(read), "$"), None)


def _unknown(given: Any, read: Any, path: str) -> Iterator[str]:
    match given, read:
        case dict(), dict():
            for name, value in given.items():
                if name in read:
                    yield from _unknown(value, read[name], f"{path}.{name}")
                else:
                    yield f"{path}.{name}"
        case list(), list():
            for place, (value, its) in enumerate(zip(given, read, strict=True)):
                yield from _unknown(value, its, f"{path}[{place}]")
