"""The collector of cycles runs while a worker lingers, when it is worth it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from streams import garbage


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    """Those of a worker, and then those that were there before."""
    before = gc.get_threshold()
    gc.set_threshold(*garbage.THRESHOLDS)
    gc.collect()
    yield
    gc.set_threshold(*before)


class Cycle:
    """An object that only the collector can find."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_new_is_looked_through_when_there_is_much_of_it() -> None:
    cycle = weakref.ref(Cycle())
    kept = [[number] for number in range(garbage.YOUNG)]
    assert garbage.tidy()
    assert cycle() is None
    assert gc.get_count()[0] < garbage.YOUNG
    assert len(kept) == garbage.YOUNG


def test_a_little_is_left_for_later() -> None:
    cycle = weakref.ref(Cycle())
    assert not garbage.tidy()
    assert cycle() is not None


def test_what_was_looked_through_is_not_looked_through_again() -> None:
    """So a run costs what is new and not what is kept."""
    kept = [[number] for number in range(garbage.YOUNG)]
    assert garbage.tidy()
    assert not any(entry is kept[0] for entry in gc.get_objects(generation=0))
    assert not garbage.tidy()
