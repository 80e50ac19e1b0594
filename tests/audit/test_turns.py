"""Words in turns, and copies: a row is what is said, and what the auditor finds in it."""

from __future__ import annotations

from typing import Any

import pytest

from audit.log import Entry
from audit.turns import Turns


def entry(name: str, partition: int, offset: int, fields: dict[str, Any]) -> Entry:
    return Entry(name, {"occurred_at": offset, **fields}, "topic", partition, offset, 0)


def found(turns: Turns) -> list[str]:
    return [text.rpartition(": ")[2] for text in turns.finish(quiet=True)]


ANN = {"member_id": "ann", "segment_id": "buyers"}
BOB = {"member_id": "ann", "friend_id": "bob"}
IN, OUT = "SegmentEntered", "SegmentLeft"
FRIENDS, APART = "FriendshipStarted", "FriendshipDissolved"
TURNS: list[tuple[list[tuple[str, dict[str, Any]]], list[str]]] = [
    ([(IN, ANN), (OUT, ANN | {"entered_at": 0}), (IN, ANN)], []),
    ([(IN, ANN), (IN, ANN | {"segment_id": "lookers"}), (IN, ANN | {"member_id": "bob"})], []),
    ([(IN, ANN), (IN, ANN)], ["comes again before its end"]),
    ([(OUT, ANN | {"entered_at": 0})], ["ends what had not begun"]),
    ([(IN, ANN), (OUT, ANN | {"entered_at": 7})], ["ends what began at 0"]),
    ([(FRIENDS, BOB), (APART, BOB), (FRIENDS, BOB)], []),
    ([(FRIENDS, BOB), (FRIENDS, BOB)], ["comes again before its end"]),
    ([(FRIENDS, BOB), (APART, BOB), (APART, BOB)], ["ends what had not begun"]),
]


@pytest.mark.parametrize(("said", "differences"), TURNS)
def test_turns(said: list[tuple[str, dict[str, Any]]], differences: list[str]) -> None:
    """Whoever enters leaves before entering again."""
    turns = Turns()
    for offset, (name, fields) in enumerate(said):
        turns.hear(entry(name, 0, offset, fields))
    assert found(turns) == differences


COPIES: list[tuple[list[tuple[str, int]], list[str]]] = [
    ([("a", 0), ("a", 1), ("b", 1), ("b", 0)], []),
    ([("a", 0), ("a", 1), ("b", 1)], ["is not in the partitions [0]"]),
    ([("a", 0), ("a", 1), ("a", 1)], ["comes twice"]),
]


@pytest.mark.parametrize(("said", "differences"), COPIES)
def test_copies(said: list[tuple[str, int]], differences: list[str]) -> None:
    """Each event once in each partition."""
    turns = Turns()
    turns.expect([0, 1])
    for offset, (event_id, partition) in enumerate(said):
        turns.hear_copy(entry("ModelPublished", partition, offset, {"event_id": event_id}))
    assert found(turns) == differences


def test_while_something_moves_a_copy_may_be_under_way() -> None:
    """Partitions are read one after the other."""
    turns = Turns()
    turns.expect([0, 1])
    turns.hear_copy(entry("ModelPublished", 0, 0, {"event_id": "a"}))
    assert turns.finish(quiet=False) == []
