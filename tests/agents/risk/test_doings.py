"""What a member did of late, row by row: exact windows, tokens that are new, what is missing."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import msgspec
import pytest

from agents.calendar import DAY, HOUR
from agents.risk import doings
from agents.risk.doings import Doings
from tests.agents.rows import ids

START = 1_323_432_000_000

# name, hours at which a coupon was applied, the hour that is asked, the three counts
COUNTS: list[tuple[str, list[float], float, list[float]]] = [
    ("this one counts", [0], 0, [1, 1, 1]),
    ("a day later, to the millisecond: gone", [0], 24, [0, 1, 1]),
    ("just before that: there", [0.001], 24, [1, 1, 1]),
    ("what comes later does not count", [0, 5], 3, [1, 1, 1]),
    ("a late one takes its place", [30, 0], 30, [1, 2, 2]),
    ("windows of three lengths", [0, 24 * 20, 24 * 29], 24 * 29 + 1, [1, 1, 3]),
    ("all is over", [0, 1, 2], 24 * 60, [0, 0, 0]),
]  # fmt: skip


@pytest.mark.parametrize("row", COUNTS, ids=ids(COUNTS))
def test_counts(row: tuple[str, list[float], float, list[float]]) -> None:
    """A window begins after its start and ends with the moment."""
    _, hours, asked, expected = row
    kept = Doings()
    for hour in hours:
        doings.remember(kept, "coupons", START + int(hour * HOUR))
    found = doings.features(kept, START + int(asked * HOUR))
    assert [found[f"coupons_{span}"] for span in ("24h", "7d", "30d")] == expected


def test_counts_equal_a_plain_count() -> None:
    """Whatever comes in whatever order, a count is that of a list of all, up to the cap."""
    random = Random(7)
    kept, every = Doings(), []
    for step in range(400):
        at = START + step * HOUR * 9 - random.randrange(30) * HOUR
        every.append(at)
        doings.remember(kept, "log_ins", at)
        now = START + step * HOUR * 9
        found = doings.features(kept, now)
        for span in ("24h", "7d"):
            plain = sum(now - doings.SPANS[span] < one <= now for one in every)
            assert found[f"log_ins_{span}"] == plain
    assert len(kept.times["log_ins"]) <= doings.TIMES_MOST


def test_a_count_stops_at_the_cap() -> None:
    """A script that fails a thousand log-ins costs no more than a hundred times."""
    kept = Doings()
    for step in range(1_000):
        doings.remember(kept, "log_ins_failed", START + step)
    found = doings.features(kept, START + 999)
    assert found["log_ins_failed_1h"] == doings.TIMES_MOST
    assert len(msgspec.msgpack.encode(kept)) < 1_200


def test_what_was_never_told_is_missing_and_not_zero() -> None:
    """No log-in was ever told: there is no count of log-ins."""
    kept = Doings()
    doings.remember(kept, "purchases", START)
    found = doings.features(kept, START + 60 * DAY)
    assert found["purchases_30d"] == 0.0
    assert not [name for name in found if name.startswith("log_ins")]
    assert "returned_share_30d" not in found


# name, uses of (hour, device), what the last one found
MEETINGS: list[tuple[str, list[tuple[int, str | None]], dict[str, float]]] = [
    ("the very first: nothing to compare", [(0, "a")], {}),
    ("again", [(0, "a"), (5, "a")], {"device_age_hours": 5.0, "device_uses": 1.0}),
    ("a new one beside it", [(0, "a"), (5, "b")], {"device_age_hours": 0.0, "device_uses": 0.0}),
    ("late: its first use is earlier", [(5, "a"), (0, "a"), (6, "a")],
     {"device_age_hours": 6.0, "device_uses": 2.0}),
    ("not known", [(0, "a"), (5, None)], {}),
]  # fmt: skip


@pytest.mark.parametrize("row", MEETINGS, ids=ids(MEETINGS))
def test_tokens(row: tuple[str, list[tuple[int, str | None]], dict[str, float]]) -> None:
    """How long a token is known, and how often it was used."""
    _, uses, expected = row
    kept, found = Doings(), {}
    for hour, token in uses:
        found = doings.meet(kept, "device", token, START + hour * HOUR)
    assert found == expected


def test_distinct_tokens_within_a_window() -> None:
    """Six cards within an hour are seen as six; a day later none is."""
    kept = Doings()
    for number in range(6):
        doings.meet(kept, "card", f"card-{number}", START + number * 60_000)
    assert doings.features(kept, START + HOUR // 2)["cards_1h"] == 6.0
    later = doings.features(kept, START + 2 * DAY)
    assert (later["cards_24h"], later["cards_30d"]) == (0.0, 6.0)


def test_tokens_are_bounded_and_the_newest_stay() -> None:
    """A member who uses a hundred devices is remembered with the last ones."""
    kept = Doings()
    for number in range(100):
        doings.meet(kept, "device", f"device-{number}", START + number)
    assert len(kept.known["device"]) == doings.KNOWN_MOST
    assert doings.meet(kept, "device", "device-99", START + 100)["device_uses"] == 1.0


def test_a_log_in_from_a_new_device() -> None:
    """The age of the device that logged in last is told where the member has another."""
    kept = Doings()
    doings.log_in(kept, {"device": "phone", "country": "GB"}, START)
    assert "log_in_device_age_hours" not in doings.features(kept, START + HOUR)
    doings.log_in(kept, {"device": "laptop", "country": "GB"}, START + 100 * HOUR)
    found = doings.features(kept, START + 102 * HOUR)
    assert found["log_in_device_age_hours"] == 2.0
    assert "log_in_country_age_hours" not in found


def test_every_feature_is_documented_once() -> None:
    """What is told has a name, a unit and a meaning, and each name stands once."""
    kept = Doings()
    for kind in doings.COUNTED:
        doings.remember(kept, kind, START)
    met: set[str] = set()
    for role, at in ((role, at) for role in doings.DISTINCT for at in range(2)):
        met |= doings.meet(kept, role, f"token-{at}", START + at).keys()
    doings.log_in(kept, {"device": "token-1", "country": "token-1"}, START)
    names = [name for name, _, _ in doings.documentation()]
    assert all(a != b for a, b in pairwise(sorted(names)))
    assert doings.features(kept, START + 1).keys() | met == set(names)
