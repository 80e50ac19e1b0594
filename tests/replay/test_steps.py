"""Hours of the replay's clock between actions: a row is the times of actions and what is told."""

from __future__ import annotations

import pytest

from replay.shop import HOUR
from replay.steps import Tick, steps
from schemas.actions import StockReceived
from schemas.record import Event


def received(at: int) -> Event:
    """Any action at this time."""
    return StockReceived(event_id=str(at), product_id="p", occurred_at=at, quantity=1)


ROWS = [
    # actions at, until, told: an action's time, or "h" and the hour of a tick
    ([], 2, ["h1", "h2"]),
    ([0], 1, [0, "h1"]),
    ([HOUR - 1, HOUR], 2, [HOUR - 1, "h1", HOUR, "h2"]),
    ([3 * HOUR + 5], 4, ["h1", "h2", "h3", 3 * HOUR + 5, "h4"]),
]


@pytest.mark.parametrize(("times", "until", "expected"), ROWS)
def test_a_tick_comes_after_all_that_happened_before_its_hour(
    times: list[int], until: int, expected: list[int | str]
) -> None:
    """Ticks come hourly to the end; what happens at the hour itself follows its tick."""
    told = [
        f"h{step.at // HOUR}" if isinstance(step, Tick) else int(step.event_id)
        for step in steps(map(received, times), 0, until * HOUR)
    ]
    assert told == expected
