"""Alive is not working, row by row."""

from __future__ import annotations

import time
from typing import Any

import pytest

from streams.health import ACQUIRE_SECONDS, LOOP_SECONDS, PASS_SECONDS, Health
from streams.stage import Progress

LONG_AGO = 10 * ACQUIRE_SECONDS  # seconds before the look
ROWS: list[tuple[str, dict[str, Any], bool]] = [
    ("nothing to do", {"passed_at": LONG_AGO}, True),
    ("work, done lately", {"queued_records": 5}, True),
    ("work, not done", {"queued_records": 5, "passed_at": LONG_AGO}, False),
    ("restoring for a while", {"acquiring": True, "passed_at": 60.0}, True),
    ("restoring for ever", {"acquiring": True, "passed_at": LONG_AGO}, False),
    ("owns, and looks", {"owned": 4, "passed_at": LONG_AGO}, True),
    ("owns, and does not look", {"owned": 4, "drained_at": LONG_AGO}, False),
    ("owns nothing, and does not look", {"drained_at": LONG_AGO}, True),
    (
        "so full that it does not look",
        {"owned": 4, "queued_records": 9, "drained_at": LONG_AGO},
        True,
    ),
]


@pytest.mark.parametrize(("name", "said", "well"), ROWS, ids=[row[0] for row in ROWS])
def test_working(name: str, said: dict[str, Any], well: bool) -> None:
    """What a stage's progress says of it."""
    now = time.monotonic()
    times = {key: now - age for key, age in said.items() if key.endswith("_at")}
    health = Health({"members": lambda: Progress(**(said | times))})
    assert health.alive()
    assert health.working() is well
    assert health.stuck() == ([] if well else ["members"])


def test_a_loop_that_does_not_turn_is_not_alive() -> None:
    """Nor working, whatever its stages say."""
    health = Health({}, beaten_at=time.monotonic() - LOOP_SECONDS - 1)
    assert not health.alive()
    assert not health.working()
    health.beat()
    assert health.working()
    assert PASS_SECONDS < ACQUIRE_SECONDS
