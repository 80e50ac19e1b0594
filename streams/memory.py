"""The decoded states of a partition: read when touched, kept while used, encoded once a batch.

A `Holding` is all that one key has: its header and the states of the stage's agents. Two
generations of holdings make the bound: when the younger is full, the elder is forgotten; what was
touched again meanwhile has moved to the younger. Nothing is lost by that, as every batch ends in
`keep`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agents import StateMap
from schemas.dead_letters import DeadLetterProblem
from streams.due import DueIndex
from streams.overlay import Change, Overlay
from streams.state import (
    EntryCodec,
    Family,
    Holder,
    decode_header,
    due_in,
    encode_header,
)
from streams.trouble import Poisoned, poisoned

Stored = dict[bytes, bytes | None]
Changed = tuple[list[Change], list[tuple[bytes, bytes]]]

ENTRY_BYTES_MOST = 64 * 1024
HOLDINGS_MOST = 4_000
BYTES_MOST = 16 * 1024 * 1024


class Holding:
    """What one key has. `touched` has a bit for each agent whose state was handed out."""

    __slots__ = (
        "header",
        "header_changed",
        "key",
        "name",
        "next_at",
        "states",
        "stored",
        "touched",
    )

    def __init__(self, key: str, data: bytes | None, holders: int) -> None:
        self.key = key
        self.name = key.encode()
        self.header = decode_header(data)
        self.next_at = self.header.earliest()
        self.header_changed = False
        self.states: list[Any] = [None] * holders
        self.stored: Stored = {}
        self.touched = 0


class _Entries:
    """What is stored of one map of a state.

    It knows what is stored and not the holding: that holds it, and only the collector would free both.
    """

    __slots__ = ("_codec", "_memory", "_prefix", "_stored")

    def __init__(self, memory: Memory, stored: Stored, prefix: bytes, codec: EntryCodec) -> None:
        self._memory = memory
        self._stored = stored
        self._prefix = prefix
        self._codec = codec

    def load(self, entry: str) -> Any | None:
        """One entry's value."""
        data = self._memory.read(self._stored, self._prefix + entry.encode())
        return None if data is None else self._codec.decode(data)

    def scan(self) -> Iterator[tuple[str, Any]]:
        """All entries."""
        start = len(self._prefix)
        for key, data in self._memory.scan(self._stored, self._prefix):
            yield key[start:].decode(), self._codec.decode(data)


class Memory:
    """The holdings of one family (keys with agents, or tables) of a partition."""

    def __init__(
        self,
        family: Family,
        holders: Sequence[Holder],
        overlay: Overlay,
        holdings_most: int = HOLDINGS_MOST,
        bytes_most: int = BYTES_MOST,
    ) -> None:
        self.due = DueIndex()
        self._family = family
        self._holders = holders
        self._overlay = overlay
        self._young: dict[str, Holding] = {}
        self._old: dict[str, Holding] = {}
        self._touched: dict[str, Holding] = {}
        self._most = holdings_most // 2
        self._bytes_most = bytes_most // 2
        self.bytes_read = 0
        self._names = {holder.name for holder in holders}

    def open(self) -> None:
        """Rebuild the due index from the headers in the store."""
        start = len(self._family.header)
        for key, data in self._overlay.stored(self._family.header):
            self.due.set(key[start:].decode(), due_in(data))

    def holding(self, key: str) -> Holding:
        """What this key has."""
        found = self._young.get(key)
        if found is None:
            found = self._old.pop(key, None)
            if found is None:
                data = self._overlay.get(self._family.header + key.encode())
                found = Holding(key, data, len(self._holders))
                if not self._names.issuperset(found.header.due):
                    self._forget_agents(found)
            self._young[key] = found
        return found

    def lacks(self, key: str, holders: Sequence[int]) -> list[bytes]:
        """What is to be read of a key before these agents can react: its header, their states."""
        held, name = self._young.get(key) or self._old.get(key), key.encode()
        missing = holders if held is None else [i for i in holders if held.states[i] is None]
        states = [self._holders[index].state_key(name) for index in missing]
        return states if held is not None else [self._family.header + name, *states]

    def state(self, holding: Holding, index: int) -> Any:
        """The state of the `index`-th agent, to be changed by it: `changed` looks at it."""
        holding.touched |= 1 << index
        self._touched[holding.key] = holding
        state = holding.states[index]
        if state is None:
            state = holding.states[index] = self._read(holding, index)
        return state

    def change_header(self, holding: Holding) -> None:
        """The header was changed: it is to be written."""
        holding.header_changed = True
        self._touched[holding.key] = holding

    def changed(self) -> Changed:
        """Encode what was touched and say what of it changed. Raises `Poisoned`: then `drop`."""
        changes: list[Change] = []
        entries: list[tuple[bytes, bytes]] = []
        for holding in self._touched.values():
            self._collect(holding, changes, entries)
        return changes, entries

    def keep(self, changed: Changed) -> None:
        """Put what changed over the store; the batch is done."""
        self._overlay.put(*changed)
        for holding in self._touched.values():
            holding.touched = 0
            holding.header_changed = False
            self.due.set(holding.key, holding.next_at)
        self._touched.clear()
        self.due.settle()
        if len(self._young) > self._most or self.bytes_read > self._bytes_most:
            self._old, self._young, self.bytes_read = self._young, {}, 0

    def forget(self) -> None:
        """Forget all that is held; only after `keep`."""
        self._old, self._young, self.bytes_read = {}, {}, 0

    def drop(self) -> None:
        """Forget what was touched since the last `keep`."""
        for key in self._touched:
            self._young.pop(key, None)
            self._old.pop(key, None)
        self._touched.clear()
        self.due.restore()

    def _forget_agents(self, holding: Holding) -> None:
        """Take the due times of agents out that this version of the stage does not have."""
        for name in holding.header.due.keys() - self._names:
            del holding.header.due[name]
            holding.header.parked.pop(name, None)
        holding.next_at = holding.header.earliest()
        self.change_header(holding)

    # ---- reading --------------------------------------------------------------------------------

    def read(self, stored: Stored, key: bytes) -> bytes | None:
        """The value of a key, noted among what is stored of its holding."""
        data = self._overlay.get(key)
        self._known(stored, key, data)
        return data

    def scan(self, stored: Stored, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The same of all entries of a map."""
        for key, data in self._overlay.scan(prefix):
            self._known(stored, key, data)
            yield key, data

    def _read(self, holding: Holding, index: int) -> Any:
        holder = self._holders[index]
        data = self.read(holding.stored, holder.state_key(holding.name))
        state = holder.codec.decode(data)
        for number, codec in enumerate(holder.codec.maps):
            prefix = holder.entry_prefix(number, holding.name)
            getattr(state, codec.name).bind(_Entries(self, holding.stored, prefix, codec))
        return state

    def _known(self, stored: Stored, key: bytes, data: bytes | None) -> None:
        stored[key] = data
        self.bytes_read += len(key) + (0 if data is None else len(data))

    # ---- writing --------------------------------------------------------------------------------

    def _collect(
        self, holding: Holding, changes: list[Change], entries: list[tuple[bytes, bytes]]
    ) -> None:
        for index, state in enumerate(holding.states):
            if holding.touched >> index & 1:
                holder = self._holders[index]
                try:
                    self._encode(holding, holder, state, changes, entries)
                except (TypeError, ValueError, OverflowError) as error:
                    raise poisoned(holder.name, error) from error
        if holding.header_changed:
            data = encode_header(holding.header, holding.next_at)
            changes.append((self._family.header + holding.name, data))

    def _encode(
        self,
        holding: Holding,
        holder: Holder,
        state: Any,
        changes: list[Change],
        entries: list[tuple[bytes, bytes]],
    ) -> None:
        key = holder.state_key(holding.name)
        data = holder.codec.encode(state)
        if data != holding.stored[key]:
            changes.append(_sized(holder, key, data))
            holding.stored[key] = data
        for number, codec in enumerate(holder.codec.maps):
            entries_of: StateMap[Any] = getattr(state, codec.name)
            if not entries_of.touched:
                continue
            prefix = holder.entry_prefix(number, holding.name)
            for entry, value in entries_of.drain():
                key = prefix + entry.encode()
                data = None if value is None else codec.encode(value)
                if key not in holding.stored or data != holding.stored[key]:
                    changes.append(_sized(holder, key, data))
                    entries.append((prefix, key))
                    self._known(holding.stored, key, data)


def _sized(holder: Holder, key: bytes, data: bytes | None) -> Change:
    if data is not None and len(key) + len(data) > ENTRY_BYTES_MOST:
        raise Poisoned(
            holder.name,
            f"what it keeps came to {len(data)} bytes, {ENTRY_BYTES_MOST} are allowed.",
            DeadLetterProblem.OVERSIZE,
        )
    return key, data
