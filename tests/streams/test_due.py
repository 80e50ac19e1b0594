"""The due index agrees with a plain dict, whatever happens in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.due import NEVER, DueIndex

KEYS = st.sampled_from(["a", "b", "c", "d"])
MOMENTS = st.integers(0, 9)
SETS = st.lists(st.tuples(KEYS, MOMENTS | st.just(NEVER)), max_size=30)


@given(SETS, MOMENTS)
def test_keys_come_in_the_order_in_which_they_are_due(
    sets: list[tuple[str, int]], now: int
) -> None:
    """All that are due by now, the earliest first, and no other."""
    index, model = DueIndex(), dict[str, int]()
    for key, at in sets:
        index.set(key, at)
        model[key] = at
    due = sorted(at for at in model.values() if at <= now)
    taken = []
    while (first := index.take(now)) is not None:
        taken.append(model[first])
        index.set(first, NEVER)
        index.settle()
    assert taken == due
    assert not index.waiting(now)
    assert len(index) == sum(now < at < NEVER for at in model.values())


@given(SETS, MOMENTS)
def test_what_was_taken_in_vain_is_due_again(sets: list[tuple[str, int]], now: int) -> None:
    """A batch that is dropped leaves the index as it was."""
    index = DueIndex()
    for key, at in sets:
        index.set(key, at)
    first = [index.take(now), index.take(now)]
    index.restore()
    assert [index.take(now), index.take(now)] == first


def test_stale_entries_do_not_pile_up() -> None:
    """A key whose due time moves with every event costs no memory."""
    index = DueIndex()
    for at in range(10_000):
        index.set("a", at)
    assert len(index._heap) < 2_000
