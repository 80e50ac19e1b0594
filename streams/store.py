"""The store of one partition of a stage: RocksDB, written only with what is already in the log.

Keys of the behaviour and reserved keys (they begin with 0xFF, which no behaviour's key does) live
side by side; a batch's changes, its source positions and the changelog's position are one write.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path

import msgspec
from rocksdict import BlockBasedOptions, Cache, Options, Rdict, WriteBatch

from streams.ending import Refused

FORMAT = b"1"
RESERVED = b"\xff"
FORMAT_KEY = b"\xff\x00format"
SOURCES_KEY = b"\xff\x00sources"  # in the changelog too: the record that every transaction has
CHANGELOG_KEY = b"\xff\x00changelog"
WRITE_BUFFER_BYTES = 2 * 1024 * 1024  # small: it is written in half the time that 8 MiB take
BLOOM_BITS = 10


class Source(msgspec.Struct, frozen=True, array_like=True):
    """How far a source topic's partition was read, and which topic that was."""

    offset: int
    topic_id: str
    partitions: int


class Written(msgspec.Struct, frozen=True, array_like=True):
    """How far the changelog is in the store, of which topic, and when that was written."""

    offset: int
    topic_id: str
    written_at: int


SOURCES = msgspec.msgpack.Decoder(dict[str, Source])
WRITTEN = msgspec.msgpack.Decoder(Written)
encode = msgspec.msgpack.Encoder().encode
BY_KEY = itemgetter(0)


class Store:
    """One open store; what a behaviour may read of it is `streams.behaviour.StoreView`."""

    def __init__(self, path: Path, cache: Cache) -> None:
        """Open or create. Raises `Refused` when the store has another format or does not open."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._rocks = Rdict(str(path), _options(cache))
        except Exception as error:  # rocksdict raises bare Exceptions
            raise Refused(
                f"The store {path} does not open: {error}. Delete the folder; it is restored from "
                "the changelog."
            ) from error
        self._check_format()

    def _check_format(self) -> None:
        found = self._rocks.get(FORMAT_KEY)
        if found is None and next(iter(self._rocks.keys()), None) is None:
            self._rocks[FORMAT_KEY] = FORMAT
        elif found != FORMAT:
            self.close()
            raise Refused(
                f"The store {self.path} has format {found!r}, this version works with {FORMAT!r}. "
                "Delete the folder; it is restored from the changelog."
            )

    # ---- what a behaviour sees -------------------------------------------------------------------

    def get(self, key: bytes) -> bytes | None:
        """One value."""
        found: bytes | None = self._rocks.get(key)
        return found

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Several values, in the order of the keys."""
        found: list[bytes | None] = self._rocks.get(list(keys)) if keys else []
        return found

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All that begins with the prefix, in order, as it was when the scan began."""
        for key, value in self._rocks.items(from_key=prefix):
            if not key.startswith(prefix) or key.startswith(RESERVED):
                return
            yield key, value

    # ---- the engine's own ------------------------------------------------------------------------

    @property
    def sources(self) -> dict[str, Source]:
        """How far each source topic was read; empty for a store that is new."""
        found = self._rocks.get(SOURCES_KEY)
        return SOURCES.decode(found) if found is not None else {}

    @property
    def written(self) -> Written | None:
        """How far the changelog is in here; none for a store that is new."""
        found = self._rocks.get(CHANGELOG_KEY)
        return WRITTEN.decode(found) if found is not None else None

    def write(
        self, changes: Iterable[tuple[bytes, bytes | None]], offset: int, changelog_id: str
    ) -> None:
        """One atomic write: changes, and that the changelog is in here up to `offset`.

        In the order of the keys, in which the memtable takes them a third faster.
        """
        batch = WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        for key, value in sorted(changes, key=BY_KEY):  # stable: the last change of a key wins
            if value is None:
                delete(key)
            else:
                put(key, value)
        batch.put(CHANGELOG_KEY, encode(Written(offset, changelog_id, _now())))
        self._rocks.write(batch)

    def close(self) -> None:
        """Close; the object is of no use afterwards."""
        self._rocks.close()


def drop(path: Path) -> None:
    """Remove a closed store."""
    shutil.rmtree(path, ignore_errors=True)


def open_cache(size: int) -> Cache:
    """The block cache that all stores of a worker share."""
    return Cache(size)


def _options(cache: Cache) -> Options:
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_bloom_filter(BLOOM_BITS, False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_max_write_buffer_number(3)
    options.set_block_based_table_factory(table)
    options.set_keep_log_file_num(2)
    options.set_max_open_files(256)
    return options


def _now() -> int:
    return time.time_ns() // 1_000_000
