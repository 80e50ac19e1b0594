"""Paths past a product: rows of slots, the oldest forgotten, and what paths like a member's hold."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from agents.candidates.paths import (
    BY_PLACE,
    NOBODY,
    PATHS_MOST,
    ROW,
    WINDOW,
    alike,
    forgotten,
    row_of,
    walked,
)

SLOTS = st.integers(0, 30)
PATHS = st.lists(
    st.tuples(st.lists(SLOTS, max_size=WINDOW), st.lists(SLOTS, max_size=WINDOW)), max_size=8
)


def written(paths: list[tuple[list[int], list[int]]]) -> bytes:
    found = b""
    for before, after in paths:
        found = walked(found, row_of(before, after))
    return found


def test_a_row_has_the_nearest_in_the_middle() -> None:
    """Before it from far to near, after it from near to far; who is not there is nobody."""
    row = row_of([1, 2], [3])
    assert len(row) == ROW
    assert list(row[WINDOW - 2 : WINDOW + 1]) == [2, 1, 3]
    assert set(row[: WINDOW - 2] + row[WINDOW + 1 :]) == {NOBODY}


def test_the_oldest_paths_are_forgotten() -> None:
    """So many rows are kept, the newest."""
    paths = b""
    for number in range(PATHS_MOST + 5):
        paths = walked(paths, row_of([number], []))
    assert len(paths) == PATHS_MOST * ROW
    assert paths[WINDOW - 1] == 5
    assert paths[-ROW + WINDOW - 1] == PATHS_MOST + 4


@given(PATHS, st.dictionaries(SLOTS, st.floats(0.1, 1.0), max_size=5))
def test_what_alike_paths_hold_is_the_naive_sum(
    paths: list[tuple[list[int], list[int]]], shared: dict[int, float]
) -> None:
    """A path weighs by all it shares (each place once), a product in it by how near it stands."""
    naive: dict[int, float] = defaultdict(float)
    for before, after in paths:
        row = row_of(before, after)
        overlap = sum(shared.get(slot, 0.0) for slot in row)
        if overlap:
            for place, slot in enumerate(row):
                if slot != NOBODY:
                    naive[slot] += overlap * BY_PLACE[place]
    found = alike(written(paths), shared)
    assert set(found.nonzero()[0]) == naive.keys()
    assert all(abs(found[slot] - naive[slot]) < 1e-9 for slot in naive)


@given(PATHS, SLOTS)
def test_a_forgotten_slot_is_in_no_path(
    paths: list[tuple[list[int], list[int]]], slot: int
) -> None:
    """And all others stay where they were."""
    before = written(paths)
    after = forgotten(before, slot)
    assert slot not in after
    assert [a for a, b in zip(after, before, strict=True) if b != slot] == [
        b for b in before if b != slot
    ]
