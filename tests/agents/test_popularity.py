"""Hot lists: forward decay is the naive sum, what is said is near it, and k members are behind a term."""

from __future__ import annotations

from collections import defaultdict
from math import exp2, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import Woken
from agents.heat import HALF_LIVES, HOUR, MEMBERS_MOST, Warmth, member_hash, touch
from agents.popularity import (
    FORGOTTEN,
    LOG2_ORDER,
    STEP,
    TERM_MEMBERS,
    Popularity,
    react_to_product,
    react_to_term,
    wake_at,
)
from schemas.outcomes import Heat, ProductHeated, ProductSold, ProductViewed, TermSearched

START = 1_323_432_000_000 // (7 * 24 * HOUR) * 7 * 24 * HOUR  # a week's window begins
MINUTE = 60_000
LISTS = list(HALF_LIVES)


def viewed(member: str, at: int) -> ProductViewed:
    return ProductViewed(event_id="v", product_id="p", member_id=member, occurred_at=at)


def sold(member: str, at: int) -> ProductSold:
    return ProductSold(
        event_id="s", product_id="p", member_id=member, occurred_at=at, order_id="o", quantity=3
    )


def searched(member: str, at: int) -> TermSearched:
    return TermSearched(event_id="t", term="lamp", member_id=member, occurred_at=at)


def woken(at: int) -> Woken:
    return Woken(event_id="w", key="p", occurred_at=at)


def naive(touches: list[tuple[int, int]], half_life: int, now: int) -> float:
    """The weight by its definition, looked at from `now`: halved once a half-life since each touch."""
    return sum(count * exp2((at - now) / half_life) for at, count in touches)


TOUCHES = st.lists(
    st.tuples(
        st.integers(0, 30 * 24 * 60), st.sampled_from(["a", "b", "c", "d", "e"]), st.booleans()
    ),
    min_size=1,
    max_size=40,
)


@given(TOUCHES, st.integers(0, 20 * 24 * 60))
def test_forward_decay_is_the_naive_sum_at_any_time(
    drawn: list[tuple[int, str, bool]], later: int
) -> None:
    """In any order of touches, and at any later moment, by less than a part in a million.

    A member's looks count once a window, except those that are older than the newest window.
    """
    for half_life in HALF_LIVES.values():
        warmth, counted = Warmth(), []
        seen: dict[int, set[str]] = defaultdict(set)
        newest = 0
        for minute, member, order in drawn:
            at = START + minute * MINUTE
            window = at // half_life
            if order or window < newest or member not in seen[window]:
                counted.append((at, 4 if order else 1))
            if window >= newest:
                seen[window].add(member)
            newest = max(newest, window)
            log2_touches = LOG2_ORDER if order else 0.0
            touch(warmth, half_life, at, member_hash(member), log2_touches, order)
        now = START + (max(minute for minute, _, _ in drawn) + later) * MINUTE
        expected = log2(naive(counted, half_life, now)) + now / half_life
        assert warmth.log2_weight == pytest.approx(expected, abs=1e-6)
        assert len(warmth.members) == len(seen[newest])


@given(TOUCHES)
def test_what_was_said_is_never_more_than_a_step_too_low(
    drawn: list[tuple[int, str, bool]],
) -> None:
    """After each touch the last said weight is the true one, or less than STEP below it."""
    state = Popularity()
    said: dict[str, Heat] = {}
    for minute, member, order in drawn:
        at = START + minute * MINUTE
        event = sold(member, at) if order else viewed(member, at)
        for outcome in react_to_product(state, event, {}):
            said |= {heat.hot_list: heat for heat in outcome.heats}
        assert list(said) == LISTS
        for name, warmth in zip(LISTS, state.lists, strict=True):
            assert 0 <= warmth.log2_weight - said[name].log2_weight < STEP


def test_a_hot_product_is_not_said_at_every_touch() -> None:
    """A thousand touches an hour, by anybody: seldom said, and yet near the truth."""
    state = Popularity()
    times = range(START, START + 10 * HOUR, HOUR // 1000)
    said = [
        o for n, at in enumerate(times) for o in react_to_product(state, viewed(str(n), at), {})
    ]
    assert len(said) < len(times) / 20
    last = said[-1].heats[0].log2_weight - times[-1] / HOUR
    assert last == pytest.approx(log2(naive([(at, 1) for at in times], HOUR, times[-1])), abs=STEP)


def test_a_hundred_years_do_not_overflow() -> None:
    """Weights are logarithms: they neither overflow nor lose a late touch of the same hour."""
    state = Popularity()
    at = START + 100 * 365 * 24 * HOUR
    list(react_to_product(state, viewed("a", START), {}))
    list(react_to_product(state, viewed("b", at), {}))
    list(react_to_product(state, viewed("c", at - MINUTE), {}))
    expected = log2(1 + exp2(-1 / 60))
    assert state.lists[0].log2_weight - at / HOUR == pytest.approx(expected, abs=1e-6)


PRODUCT_ROWS = [
    ("a look", [viewed("a", START)], [(0, 1)] * 3),
    ("the same member again", [viewed("a", START), viewed("a", START)], [(0, 1)] * 3),
    ("another member", [viewed("a", START), viewed("b", START)], [(1, 2)] * 3),
    ("an order", [sold("a", START)], [(2, 1)] * 3),
    ("the looker orders", [viewed("a", START), sold("a", START)], [(log2(5), 1)] * 3),
    (
        "the same member an hour later",
        [viewed("a", START), viewed("a", START + HOUR)],
        [(log2(3), 1), (0, 1), (0, 1)],
    ),
]


@pytest.mark.parametrize(
    ("events", "heats"), [row[1:] for row in PRODUCT_ROWS], ids=[row[0] for row in PRODUCT_ROWS]
)
def test_heats_of_a_product(
    events: list[ProductViewed | ProductSold], heats: list[tuple[float, int]]
) -> None:
    """The last said weights, as log2 of touches at the start, and members: hour, day, week."""
    state, said = Popularity(), list[ProductHeated]()
    for event in events:
        said += react_to_product(state, event, {})
    found = [
        (heat.log2_weight - START / HALF_LIVES[heat.hot_list], heat.members)
        for heat in said[-1].heats
    ]
    assert [members for _, members in found] == [members for _, members in heats]
    for (weight, _), (expected, _) in zip(found, heats, strict=True):
        assert weight == pytest.approx(expected, abs=1e-6)


WEEK = 7 * 24 * HOUR
TERM_ROWS = [
    ("one member often", [("a", n * HOUR) for n in range(100)], 0),
    ("two members", [("a", 0), ("b", 1), ("a", HOUR), ("b", HOUR)], 0),
    ("three members", [("a", 0), ("b", 1), ("c", 2)], 1),
    ("three members in two weeks", [("a", 0), ("b", WEEK), ("c", WEEK + 1)], 0),
    ("three members in days", [("a", 0), ("b", 2 * 24 * HOUR), ("c", 4 * 24 * HOUR)], 1),
    ("four members", [("a", 0), ("b", 1), ("c", 2), ("d", 3)], 2),
]


@pytest.mark.parametrize(
    ("searches", "times"), [row[1:] for row in TERM_ROWS], ids=[row[0] for row in TERM_ROWS]
)
def test_a_term_is_said_from_k_members_on(searches: list[tuple[str, int]], times: int) -> None:
    """What fewer members searched for in a week is said to nobody."""
    state = Popularity()
    said = [
        outcome
        for member, after in searches
        for outcome in react_to_term(state, searched(member, START + after), {})
    ]
    assert len(said) == times
    assert all(outcome.heats[-1].members >= TERM_MEMBERS for outcome in said)


def test_members_are_counted_up_to_a_cap() -> None:
    """However many come, so many are remembered; those who are count once."""
    state = Popularity()
    for n in range(5 * MEMBERS_MOST):
        list(react_to_product(state, viewed(f"member-{n}", START), {}))
    assert [len(warmth.members) for warmth in state.lists] == [MEMBERS_MOST] * 3
    before = [warmth.log2_weight for warmth in state.lists]
    assert not list(react_to_product(state, viewed("member-0", START), {}))
    assert [warmth.log2_weight for warmth in state.lists] == before


def test_what_nobody_touches_is_forgotten() -> None:
    """It looks again while touches go on, and then starts anew, keeping nothing."""
    state = Popularity()
    list(react_to_product(state, viewed("a", START), {}))
    first = wake_at(state)
    assert first == START + FORGOTTEN
    list(react_to_product(state, viewed("a", START + HOUR), {}))
    assert wake_at(state) == first, "a touch sets no alarm anew"
    assert not list(react_to_product(state, woken(first), {}))
    assert wake_at(state) == first + HOUR
    assert not list(react_to_product(state, woken(first + HOUR), {}))
    assert state == Popularity()
