"""The year as steps: its actions, and between them the replay's clock, hour by hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from replay.shop import HOUR
from schemas.record import Event


class Tick(NamedTuple):
    """The clock reaches this hour: everything that happened before it was told."""

    at: int


def steps(actions: Iterable[Event], opens_at: int, ends_at: int) -> Iterator[Event | Tick]:
    """Actions in their order, and after those of each hour its tick, up to the tick at `ends_at`."""
    tick_at = opens_at + HOUR
    for action in actions:
        at = occurred_at(action)
        while tick_at <= at:
            yield Tick(tick_at)
            tick_at += HOUR
        yield action
    yield from (Tick(at) for at in range(tick_at, ends_at + 1, HOUR))


def occurred_at(action: Event) -> int:
    """When an action happened, in milliseconds."""
    at: int = action.occurred_at  # type: ignore[attr-defined]  # every action declares it
    return at
