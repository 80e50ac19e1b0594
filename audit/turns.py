"""Words that come in turns, and words of which every partition has a copy: none is lost or doubled.

Who entered a segment leaves it before entering it again; a friendship begins before it ends; what was
learned lies in every partition alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from audit.log import Entry, text_of

OPENS = {
    "SegmentEntered": ("member_id", "segment_id"),
    "FriendshipStarted": ("member_id", "friend_id"),
}
CLOSES = {
    "SegmentLeft": ("SegmentEntered", "entered_at"),
    "FriendshipDissolved": ("FriendshipStarted", ""),
}

Name = tuple[Any, ...]


class Turns:
    """Hear outcomes, partition by partition in order, and copies; then `finish`."""

    def __init__(self) -> None:
        self._open: dict[Name, int] = {}  # since when
        self._partitions: frozenset[int] = frozenset()
        self._copies: dict[str, set[int]] = defaultdict(set)  # event → partitions
        self._texts: dict[str, str] = {}
        self._differences: list[str] = []

    def hear(self, entry: Entry) -> None:
        """One outcome."""
        if entry.name in OPENS:
            name = _named(entry, entry.name)
            if name in self._open:
                self._differs(entry, "comes again before its end")
            self._open[name] = entry.fields["occurred_at"]
        elif entry.name in CLOSES:
            opened, since = CLOSES[entry.name]
            began_at = self._open.pop(_named(entry, opened), None)
            if began_at is None:
                self._differs(entry, "ends what had not begun")
            elif since and entry.fields[since] != began_at:
                self._differs(entry, f"ends what began at {began_at}")

    def expect(self, partitions: Iterable[int]) -> None:
        """Where copies are to lie."""
        self._partitions = frozenset(partitions)

    def hear_copy(self, entry: Entry) -> None:
        """One record of a topic that every partition has alike."""
        if not entry.name:
            self._differs(entry, "cannot be read")
            return
        event_id = entry.fields["event_id"]
        if entry.partition in self._copies[event_id]:
            self._differs(entry, "comes twice")
        self._copies[event_id].add(entry.partition)
        self._texts[event_id] = text_of(entry, "")

    def finish(self, *, quiet: bool) -> list[str]:
        """All that came out of turn; when nothing moves also what is not in every partition."""
        lacking = [
            f"{self._texts[event_id]}is not in the partitions {sorted(self._partitions - found)}"
            for event_id, found in self._copies.items()
            if quiet and self._partitions - found
        ]
        return [*self._differences, *lacking]

    def _differs(self, entry: Entry, text: str) -> None:
        self._differences.append(text_of(entry, text))


def _named(entry: Entry, opened: str) -> Name:
    return (opened, *(entry.fields[field] for field in OPENS[opened]))
