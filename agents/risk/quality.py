"""A model's quality by day, prequential: scored when it was paid, compared when the label came.

A day is kept as counts by bin of the log-odds, which gives the area under the ROC curve and the average
precision to within the width of a bin, and as its highest members, which gives the precision of the first
hundred exactly. A later label of higher rank takes its earlier one out again. Sizes are bounded.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import log

from msgspec import Struct, field
from msgspec.structs import replace

from agents import binned

BINS_PER_UNIT = 50  # of log-odds: 2 % of the odds
LOG_ODDS_MOST = 14.0
HIGHEST_MEMBERS = 100
MEMBERS_KEPT = 300  # more than are counted, so that a member's label outlives a fall in rank
LEAST = 1e-6


class Highest(Struct, frozen=True, array_like=True):
    """A member's highest probability of the day, and whether any payment of theirs was fraud."""

    probability: float
    fraud: bool


class Day(Struct, frozen=True, array_like=True):
    """One variant's day: payments by bin of log-odds, without fraud and with.

    Who counts owns the day: its maps change in place, its sums in the one that is given back.
    """

    honest: dict[int, int] = field(default_factory=dict)
    fraud: dict[int, int] = field(default_factory=dict)
    squares: float = 0.0  # sum of squared errors of the probability
    alerts: int = 0
    alerts_confirmed: int = 0
    highest: dict[str, Highest] = field(default_factory=dict)

    @property
    def frauds(self) -> int:
        """Payments that were fraud."""
        return sum(self.fraud.values())

    @property
    def payments(self) -> int:
        """All labelled payments."""
        return self.frauds + sum(self.honest.values())


def bin_of(probability: float) -> int:
    """The bin of a probability: its log-odds in steps of 1/50, within ±14.

    >>> bin_of(0.5), bin_of(0.0)
    (0, -691)
    """
    inside = min(max(probability, LEAST), 1 - LEAST)
    odds = log(inside / (1 - inside))
    return round(min(max(odds, -LOG_ODDS_MOST), LOG_ODDS_MOST) * BINS_PER_UNIT)


def count(day: Day, probability: float, fraud: bool, *, alerted: bool, times: int = 1) -> Day:
    """Count a labelled payment; with `times` -1 an earlier label is taken out again."""
    bins = day.fraud if fraud else day.honest
    at = bin_of(probability)
    bins[at] = bins.get(at, 0) + times
    if not bins[at]:
        del bins[at]
    return replace(
        day,
        squares=day.squares + times * (probability - fraud) ** 2,
        alerts=day.alerts + times * alerted,
        alerts_confirmed=day.alerts_confirmed + times * (alerted and fraud),
    )


def rank_member(day: Day, member_id: str, probability: float, fraud: bool) -> None:
    """Let the member stand among the day's highest; who was known before must not be told here."""
    known = day.highest.get(member_id)
    if known is not None:
        probability, fraud = max(known.probability, probability), known.fraud or fraud
    day.highest[member_id] = Highest(probability, fraud)
    if len(day.highest) > MEMBERS_KEPT:
        lowest = min(day.highest, key=lambda name: (day.highest[name].probability, name))
        del day.highest[lowest]


def auc(day: Day) -> float | None:
    """The chance that a fraud's probability is above an honest payment's, ties half; None without both.

    >>> auc(Day(honest={-100: 2, 0: 1}, fraud={0: 1}))
    0.8333333333333334
    """
    places = sorted(day.honest.keys() | day.fraud.keys())
    return binned.auc((day.honest.get(at, 0), day.fraud.get(at, 0)) for at in places)


def average_precision(day: Day) -> float | None:
    """The mean over the frauds of the precision at their rank, a bin at once; None without fraud.

    >>> average_precision(Day(honest={0: 1}, fraud={100: 1, 0: 1}))
    0.8333333333333333
    """
    frauds = day.frauds
    if not frauds:
        return None
    taken, found, total = 0, 0, 0.0
    for at in sorted(day.honest.keys() | day.fraud.keys(), reverse=True):
        fraud = day.fraud.get(at, 0)
        taken += fraud + day.honest.get(at, 0)
        found += fraud
        total += fraud * found / taken
    return total / frauds


def precision_100(day: Day) -> float | None:
    """The share of fraud among the day's hundred highest members; None without members."""
    first = _first(day.highest.items())
    return sum(fraud for _, fraud in first) / HIGHEST_MEMBERS if first else None


def _first(members: Iterable[tuple[str, Highest]]) -> list[tuple[str, bool]]:
    ordered = sorted(members, key=lambda one: (-one[1].probability, one[0]))
    return [(name, highest.fraud) for name, highest in ordered[:HIGHEST_MEMBERS]]


def brier(day: Day) -> float | None:
    """The mean squared error of the probability; None without payments."""
    payments = day.payments
    return day.squares / payments if payments else None


def day_name(number: int) -> str:
    """A day of payments by its number since 1970, UTC.

    >>> day_name(0)
    '1970-01-01'
    """
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number)).date().isoformat()
