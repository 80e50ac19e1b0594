"""Searches are told once in a while, and what is kept of them is little."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.interests import MOST, ONCE_SECONDS, TERM_LENGTH, Interests, normalised, react
from schemas.actions import SearchMade

START = 1_323_432_000_000
MINUTE = 60_000


def search(term: str, minute: float) -> SearchMade:
    return SearchMade(
        event_id="search", member_id="m", occurred_at=START + int(minute * MINUTE), term=term
    )


def told(state: Interests, events: list[SearchMade]) -> list[str]:
    """What was told, as `term@minute`."""
    found = []
    for event in events:
        for said in react(state, event, {}):
            assert said.member_id == "m"
            found.append(f"{said.term}@{(said.occurred_at - START) / MINUTE:g}")
    return found


ROWS = [
    ("one search", [search("a", 0)], ["a@0"]),
    ("again within the hour", [search("a", 0), search("a", 59.9)], ["a@0"]),
    ("again after an hour", [search("a", 0), search("a", 60)], ["a@0", "a@60"]),
    (
        "the hour starts at what was told",
        [search("a", 0), search("a", 59), search("a", 61)],
        ["a@0", "a@61"],
    ),
    ("another term", [search("a", 0), search("b", 1), search("a", 2)], ["a@0", "b@1"]),
    ("late, of the same hour", [search("a", 30), search("a", 0)], ["a@30"]),
    ("late, long before", [search("a", 90), search("a", 0), search("a", 91)], ["a@90", "a@0"]),
    ("the same words", [search(" Red  LAMP", 0), search("red lamp", 5)], ["red lamp@0"]),
    ("nothing but blanks", [search(" \t\x00", 0)], []),
]


@pytest.mark.parametrize(("events", "words"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_what_is_told(events: list[SearchMade], words: list[str]) -> None:
    """The first search in a while."""
    assert told(Interests(), events) == words


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 300)), max_size=300))
def test_what_is_kept_is_bounded_and_told_is_apart(searches: list[tuple[int, int]]) -> None:
    """In order of time: of one term nothing is told twice in an hour, while it is remembered."""
    state = Interests()
    last: dict[int, int] = {}
    for term, minute in sorted(searches, key=lambda pair: pair[1]):
        remembered = len(state.terms) < MOST
        for said in react(state, search(f"p{term}", minute), {}):
            assert said.occurred_at == START + minute * MINUTE
            if remembered and term in last:
                assert minute - last[term] >= ONCE_SECONDS / 60
            last[term] = minute
        assert len(state.terms) <= MOST
    assert len(msgspec.msgpack.encode(state)) < 32 + 16 * MOST


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    """A member who searches once a day keeps one."""
    state = Interests()
    for day in range(100):
        told(state, [search(f"t{day}", day * 1440)])
    assert list(state.terms) == ["t99"]


@given(st.text(min_size=1, max_size=500))
def test_normalised_words_stay_as_they_are(term: str) -> None:
    """Normalising again changes nothing; what is left is short and without controls."""
    words = normalised(term)
    assert normalised(words) == words
    assert len(words) <= TERM_LENGTH
    assert not any(unicodedata.category(character) == "Cc" for character in words)
