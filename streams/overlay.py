"""What a partition has changed and not yet committed, over what its store holds.

Reads look at what is pending, then at what is on its way into the log, then at the store; so a
decoded state may be forgotten at any time and read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from streams.behaviour import StoreView
from streams.trouble import StoreBroken

Change = tuple[bytes, bytes | None]


class _Layer:
    """Changes, with the map entries among them also by their prefix."""

    __slots__ = ("changes", "entries")

    def __init__(self) -> None:
        self.changes: dict[bytes, bytes | None] = {}
        self.entries: dict[bytes, set[bytes]] = {}


class Overlay:
    """The store as this partition's work sees it."""

    def __init__(self, store: StoreView) -> None:
        self._store = store
        self._pending = _Layer()
        self._in_flight = _Layer()
        self._fetched: dict[bytes, bytes | None] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value of a key. Raises `StoreBroken`."""
        for known in (self._pending.changes, self._in_flight.changes, self._fetched):
            if key in known:
                return known[key]
        try:
            return self._store.get(key)
        except Exception as error:
            raise StoreBroken(f"The store could not be read: {error}") from error

    def fetch(self, keys: Sequence[bytes]) -> None:
        """Read these keys at once, for the `get` calls that follow until the next `put`."""
        try:
            found = self._store.get_many(keys)
        except Exception as error:
            raise StoreBroken(f"The store could not be read: {error}") from error
        self._fetched.update(zip(keys, found, strict=True))

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All entries of a map that begin with its prefix, in no order. Raises `StoreBroken`."""
        found: dict[bytes, bytes | None]
        try:
            found = dict(self._store.scan(prefix))
        except Exception as error:
            raise StoreBroken(f"The store could not be read: {error}") from error
        for layer in (self._in_flight, self._pending):
            for key in layer.entries.get(prefix, ()):
                found[key] = layer.changes[key]
        return ((key, value) for key, value in found.items() if value is not None)

    def stored(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """What the store alone holds, one by one, for the start. Raises `StoreBroken`."""
        try:
            yield from self._store.scan(prefix)
        except Exception as error:
            raise StoreBroken(f"The store could not be read: {error}") from error

    def put(self, changes: Iterable[Change], entries: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Take changes; `entries` are (prefix, key) of those among them that belong to a map."""
        self._pending.changes.update(changes)
        for prefix, key in entries:
            self._pending.entries.setdefault(prefix, set()).add(key)

    def forget_fetched(self) -> None:
        """What was fetched may be older than what has been put since."""
        self._fetched.clear()

    def take(self) -> dict[bytes, bytes | None]:
        """Everything pending, to be written to the log; it stays readable until `committed`."""
        if self._in_flight.changes:
            raise StoreBroken("The effects were asked for twice without a commit between.")
        self._in_flight, self._pending = self._pending, _Layer()
        return self._in_flight.changes

    def committed(self) -> None:
        """The store holds what was taken."""
        self._in_flight = _Layer()
