"""The lead over the workers: the replay waits until they are near enough."""

from __future__ import annotations

from replay.pace import Lead, Place, Rate
from replay.shop import HOUR

A, B = ("actions.members", 0), ("actions.products", 0)


class Workers:
    """Positions that rise each time somebody looks."""

    def __init__(self, *positions: dict[Place, int]) -> None:
        self.looks = 0
        self._positions = positions

    def __call__(self) -> dict[Place, int]:
        self.looks += 1
        return self._positions[min(self.looks, len(self._positions)) - 1]


def test_near_enough_does_not_wait() -> None:
    """Within the allowed hours nobody is asked."""
    workers = Workers({})
    lead = Lead(workers, hours=10)
    for hour in range(1, 11):
        lead.told(hour * HOUR, {A: hour, B: hour})
    assert lead.wait() < 0.05
    assert workers.looks == 0


def test_too_far_ahead_waits_for_the_slowest_partition() -> None:
    """One partition that lags holds the replay back until it has moved on."""
    workers = Workers({A: 20, B: 1}, {A: 20, B: 2}, {A: 20, B: 20})
    lead = Lead(workers, hours=10)
    for hour in range(1, 21):
        lead.told(hour * HOUR, {A: hour, B: hour})
    lead.wait()
    assert workers.looks == 3
    assert lead.hours() == 0


def test_the_lead_counts_from_where_a_resumed_replay_stands() -> None:
    """The first tick told is where the workers are taken to be, not the beginning of time."""
    lead = Lead(Workers({}), hours=10)
    lead.told(5_000 * HOUR, {A: 1})
    assert lead.hours() == 0


def test_a_rate_spreads_actions_over_time() -> None:
    """At 200 a second the eleventh action comes 50 ms after the first."""
    rate = Rate(200)
    assert 0.03 < sum(rate.wait() for _ in range(11)) < 0.2


def test_no_rate_never_waits() -> None:
    """Without a rate there is no sleep at all."""
    assert sum(Rate(None).wait() for _ in range(1_000)) == 0
