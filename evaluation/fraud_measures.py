"""How good fraud scores are, as the Fraud Detection Handbook measures them (Le Borgne et al., 2022).

The area under the ROC curve and the Brier score are in `probabilities.py`. Here: average precision, over all
and as the mean over days, and card precision: of each day's hundred members with the highest scores, the
share who were defrauded on that day. Members who are known as compromised by then are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct

from evaluation.probabilities import auc, brier

DAY = 86_400_000
HIGHEST = 100
HANDBOOK_DAYS = 7  # its models know the frauds of the week before the label delay


class Scored(NamedTuple):
    """A payment as it was scored, and what it turned out to be."""

    paid_at: int
    member_id: str
    probability: float
    fraud: bool


class Figures(Struct, frozen=True, kw_only=True):
    """All figures of one model over a span; None where a class is missing."""

    auc: float | None
    ap: float | None
    ap_daily: float | None
    card_precision_100: float | None
    card_precision_100_handbook: float | None
    brier: float | None


class Frauds:
    """When members were defrauded, and from which day on that is known."""

    def __init__(self, frauds: Iterable[tuple[str, int]], label_delay: int) -> None:
        self._delay = label_delay
        self._first: dict[str, int] = {}
        self._days: dict[str, list[int]] = defaultdict(list)
        for member_id, paid_at in sorted(frauds, key=lambda one: one[1]):
            self._first.setdefault(member_id, paid_at)
            self._days[member_id].append(paid_at // DAY)

    def known(self, member_id: str, day: int) -> bool:
        """True when a fraud of theirs was labelled before the day (days since 1970) begins."""
        first = self._first.get(member_id)
        return first is not None and first + self._delay <= day * DAY

    def known_since(self, member_id: str, day: int, since: int) -> bool:
        """The same of frauds on or after the day `since`."""
        last = day - self._delay // DAY
        return any(since <= paid < last for paid in self._days.get(member_id, ()))


def figures(scored: Sequence[Scored], frauds: Frauds, label_delay: int) -> Figures:
    """All figures of payments in the order of time."""
    said = [one.probability for one in scored]
    came = [one.fraud for one in scored]
    days = {day: list(of_day) for day, of_day in groupby(scored, lambda one: one.paid_at // DAY)}
    return Figures(
        auc=auc(said, came),
        ap=average_precision(said, came),
        ap_daily=_mean(
            average_precision([o.probability for o in day], [o.fraud for o in day])
            for day in days.values()
        ),
        card_precision_100=_mean(
            len(found(of_day, {o.member_id for o in of_day if frauds.known(o.member_id, day)}))
            / HIGHEST
            for day, of_day in days.items()
        ),
        card_precision_100_handbook=handbook(days, frauds, label_delay),
        brier=brier(said, came) if scored else None,
    )


def average_precision(said: Sequence[float], came: Sequence[bool]) -> float | None:
    """The mean over the frauds of the precision at their rank; equal scores are taken at once.

    >>> average_precision([0.9, 0.8, 0.8, 0.1], [True, True, False, False])
    0.8333333333333333
    """
    frauds = sum(came)
    if not frauds:
        return None
    taken = caught = 0
    total = 0.0
    ordered = sorted(zip(said, came, strict=True), key=lambda one: -one[0])
    for _, tied in groupby(ordered, lambda one: one[0]):
        labels = [fraud for _, fraud in tied]
        taken += len(labels)
        caught += sum(labels)
        total += sum(labels) * caught / taken
    return total / frauds


def found(of_day: Iterable[Scored], known: Collection[str], most: int = HIGHEST) -> list[str]:
    """The defrauded among the day's `most` members with the highest scores, known ones left out."""
    highest: dict[str, float] = {}
    defrauded: set[str] = set()
    for one in of_day:
        if one.member_id not in known:
            highest[one.member_id] = max(one.probability, highest.get(one.member_id, 0.0))
            if one.fraud:
                defrauded.add(one.member_id)
    first = sorted(highest, key=lambda member: (-highest[member], member))[:most]
    return [member for member in first if member in defrauded]


def handbook(
    days: Mapping[int, Sequence[Scored]], frauds: Frauds, label_delay: int
) -> float | None:
    """Card precision by the handbook's own protocol, week by week.

    Left out are members with frauds that were labelled by the day and paid in the week before the delay
    or later, and those whom an earlier day of the week has found. Each week of the span starts anew.
    """
    if not days:
        return None
    first, total = min(days), 0.0
    week, already = first, set[str]()
    for day, of_day in sorted(days.items()):
        if day >= week + 7:
            week, already = first + (day - first) // 7 * 7, set()
        since = week - label_delay // DAY - HANDBOOK_DAYS
        known = {o.member_id for o in of_day if frauds.known_since(o.member_id, day, since)}
        new = found(of_day, known | already)
        already.update(new)
        total += len(new) / HIGHEST
    return total / len(days)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
