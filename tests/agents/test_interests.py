"""Looks and searches are told once in a while, and what is kept of them is little."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.interests import MOST, ONCE_SECONDS, TERM_LENGTH, Interests, normalised, react
from schemas.actions import ProductBrowsed, SearchMade
from schemas.outcomes import ProductViewed, TermSearched

START = 1_323_432_000_000
MINUTE = 60_000


def look(product: str, minute: float) -> ProductBrowsed:
    return ProductBrowsed(
        event_id="look", member_id="m", occurred_at=START + int(minute * MINUTE), product_id=product
    )


def search(term: str, minute: float) -> SearchMade:
    return SearchMade(
        event_id="search", member_id="m", occurred_at=START + int(minute * MINUTE), term=term
    )


def told(state: Interests, events: list[ProductBrowsed | SearchMade]) -> list[str]:
    """What was told, as `what@minute`."""
    found = []
    for event in events:
        for said in react(state, event, {}):
            what = said.product_id if isinstance(said, ProductViewed) else f"'{said.term}'"
            assert isinstance(said, ProductViewed | TermSearched)
            assert said.member_id == "m"
            found.append(f"{what}@{(said.occurred_at - START) / MINUTE:g}")
    return found


ROWS = [
    ("one look", [look("a", 0)], ["a@0"]),
    ("again within the hour", [look("a", 0), look("a", 59.9)], ["a@0"]),
    ("again after an hour", [look("a", 0), look("a", 60)], ["a@0", "a@60"]),
    (
        "the hour starts at what was told",
        [look("a", 0), look("a", 59), look("a", 61)],
        ["a@0", "a@61"],
    ),
    ("another product", [look("a", 0), look("b", 1), look("a", 2)], ["a@0", "b@1"]),
    ("late, of the same hour", [look("a", 30), look("a", 0)], ["a@30"]),
    ("late, long before", [look("a", 90), look("a", 0), look("a", 91)], ["a@90", "a@0"]),
    ("one search", [search("lamp", 0)], ["'lamp'@0"]),
    ("the same words", [search(" Red  LAMP", 0), search("red lamp", 5)], ["'red lamp'@0"]),
    ("nothing but blanks", [search(" \t\x00", 0)], []),
    ("a product is no term", [look("lamp", 0), search("lamp", 0)], ["lamp@0", "'lamp'@0"]),
]


@pytest.mark.parametrize(("events", "words"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_what_is_told(events: list[ProductBrowsed | SearchMade], words: list[str]) -> None:
    """The first look, or search, in a while."""
    assert told(Interests(), events) == words


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 300)), max_size=300))
def test_what_is_kept_is_bounded_and_told_is_apart(looks: list[tuple[int, int]]) -> None:
    """In order of time: of one product nothing is told twice in an hour, while it is remembered."""
    state = Interests()
    last: dict[int, int] = {}
    for product, minute in sorted(looks, key=lambda pair: pair[1]):
        remembered = len(state.products) < MOST
        for said in react(state, look(f"p{product}", minute), {}):
            assert said.occurred_at == START + minute * MINUTE
            if remembered and product in last:
                assert minute - last[product] >= ONCE_SECONDS / 60
            last[product] = minute
        assert len(state.products) <= MOST
    assert len(msgspec.msgpack.encode(state)) < 32 + 16 * MOST


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    """A member who looks at one product a day keeps one."""
    state = Interests()
    for day in range(100):
        told(state, [look(f"p{day}", day * 1440), search(f"t{day}", day * 1440)])
    assert (list(state.products), list(state.terms)) == (["p99"], ["t99"])


@given(st.text(min_size=1, max_size=500))
def test_normalised_words_stay_as_they_are(term: str) -> None:
    """Normalising again changes nothing; what is left is short and without controls."""
    words = normalised(term)
    assert normalised(words) == words
    assert len(words) <= TERM_LENGTH
    assert not any(unicodedata.category(character) == "Cc" for character in words)
