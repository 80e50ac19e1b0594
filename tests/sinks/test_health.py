"""Alive and working are told apart."""

from __future__ import annotations

import pytest

import sinks.health
from sinks.health import ALIVE_SECONDS, Health


def test_one_that_waits_is_alive_and_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is stuck is neither; one that worked lately is both."""
    now = [0.0]
    monkeypatch.setattr(sinks.health.time, "monotonic", lambda: now[0])
    health = Health()
    assert health.alive()
    assert health.working()
    for _ in range(4):
        now[0] += ALIVE_SECONDS / 2
        health.waited()
    assert health.alive()
    assert not health.working()
    health.worked()
    assert health.working()
    now[0] += ALIVE_SECONDS
    assert not health.alive()
    assert not health.working()
