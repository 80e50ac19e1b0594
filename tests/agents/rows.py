"""The row runner: events go in as the shell hands them over, and what is said comes out.

`Life` is one key of one agent: before an event it is woken at each due time up to the event's own, as the
shell does. `ids` gives rows short names for pytest. What a row expects is a list of words, made of what
was said by the module's own `short`, so that a table reads as the specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from agents import Agent, Place, Table, Woken
from schemas.record import Event, Outcome
from streams.state import Family, holder


class Life:
    """One key of an agent from its first event on; what it said, all and by the last call."""

    def __init__(self, agent: Agent[Any], tables: Mapping[str, Any] | None = None) -> None:
        self.agent = agent
        self.tables = tables or {}
        self.state: Any = agent.initial()
        self.said: list[Outcome] = []

    def hear(self, *events: Event | Outcome) -> list[Outcome]:
        """What is said to these events, wake-ups on the way included."""
        before = len(self.said)
        for event in events:
            assert type(event) in self.agent.listens_to, event
            self._wake(event.key, event.occurred_at)  # type: ignore[union-attr]  # all declare it
            self._react(event)
        return self.said[before:]

    def wait(self, key: str, until: int) -> list[Outcome]:
        """What is said when nothing happens until then."""
        before = len(self.said)
        self._wake(key, until)
        return self.said[before:]

    def due(self) -> int | None:
        """When it wants to be woken."""
        return self.agent.wake_at(self.state) if self.agent.wake_at is not None else None

    def _wake(self, key: str, until: int) -> None:
        while (due := self.due()) is not None and due <= until:
            self._react(Woken(event_id="woken", key=key, occurred_at=due))
            again = self.due()
            assert again is None or again > due, f"woken at {due} it wants {again}"

    def _react(self, event: Event | Outcome | Woken) -> None:
        said = tuple(self.agent.react(self.state, event, self.tables))
        for outcome in said:
            msgspec.convert(msgspec.to_builtins(outcome), type(outcome))  # within its limits
        self.said += said


def table_of(table: Table[Any], events: Iterable[Event]) -> Any:
    """The state of a table after these events, in partition 0."""
    state = table.initial()
    for event in events:
        tuple(table.react(state, event, Place(0, 2)))
    return state


def stored(behaviour: Agent[Any] | Table[Any], state: Any) -> tuple[int, int]:
    """Bytes that a state takes in the store: the small record's, and its largest map entry's."""
    codec = holder(behaviour, Family(b"", b"", b"")).codec
    entries = [
        len(entry) + len(one.encode(value))
        for one in codec.maps
        for entry, value in getattr(state, one.name).items()
    ]
    return len(codec.encode(state) or b""), max(entries, default=0)


def ids(rows: Sequence[Sequence[Any]]) -> list[str]:
    """The names of rows: their first column."""
    return [str(row[0]) for row in rows]
