"""The report on loyalty: who came back, how likely who comes again, which groups there are, whom to write to.

All of it is from the views. How far the chances can be trusted is in `reports/calibration.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from reports import calibration, charts
from reports.page import Section, percent, written
from sinks.postgres.loyalty_queries import Cohort, Quality
from sinks.postgres.segment_queries import Coverage, Overlap, SegmentSize
from sinks.postgres.tier_queries import Flow
from sinks.postgres.winback_queries import Winback

BINS = 10


class Found(Struct, frozen=True, kw_only=True):
    """What the report is made of."""

    cohorts: Sequence[Cohort]
    probabilities: Sequence[float]  # of everybody with a kept purchase
    quality: Sequence[Quality]
    flow: Sequence[Flow]
    segments: Sequence[SegmentSize]
    overlaps: Sequence[Overlap]
    winbacks: Sequence[Winback]
    coverage: Coverage


def page(found: Found) -> str:
    """The report as HTML, with its pictures."""
    members = sum(one.members for one in found.cohorts)
    months = [one.month for one in found.cohorts]
    introduction = (
        f"{members:,} members who bought, first from {months[0]} to {months[-1]}. "
        "A purchase is a day with an order that is kept."
    )
    return written(
        "Loyalty",
        introduction,
        [
            _retention(found.cohorts),
            _scores(found.probabilities),
            *calibration.sections(found.quality),
            _tiers(found.flow),
            _segments(found.segments, found.overlaps),
            _winbacks(found.winbacks),
            _coverage(found.coverage),
        ],
    )


def bins(probabilities: Sequence[float]) -> list[int]:
    """How many members have a chance in each tenth; 1 belongs to the last.

    >>> bins([0.0, 0.05, 0.1, 1.0])
    [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    """
    counts = [0] * BINS
    for one in probabilities:
        counts[min(int(one * BINS), BINS - 1)] += 1
    return counts


def _retention(cohorts: Sequence[Cohort]) -> Section:
    months = [one.month for one in cohorts]
    series = {
        f"within {days} days": [getattr(one, f"retained_{days}") for one in cohorts]
        for days in (7, 30, 90)
    }
    rows = [
        [one.month, one.members, percent(one.repeat_rate), percent(one.retained_7),
         percent(one.retained_30), percent(one.retained_90), percent(one.probability)]
        for one in cohorts
    ]  # fmt: skip
    columns = ["first bought", "members", "ever again", "in 7 days", "in 30", "in 90", "chance now"]
    return Section(
        "Who came back, by the month of the first purchase",
        "Of the members for whom it is known already.",
        charts.lines(months, series, "share"),
        columns,
        rows,
    )


def _scores(probabilities: Sequence[float]) -> Section:
    labels = [f"{number / BINS:.1f} to {(number + 1) / BINS:.1f}" for number in range(BINS)]
    drawn = charts.bars(labels, {"members": [float(one) for one in bins(probabilities)]}, "members")
    return Section("Chance of buying again within 90 days", "As it was last said.", drawn)


def _tiers(flow: Sequence[Flow]) -> Section:
    """What members lived through by month; who joins is in the table only, as it is everybody once."""
    if not flow:
        return Section("Tiers", "There is no programme.")
    months = sorted({one.month for one in flow})
    series = {
        name: [
            sum(one.members for one in flow if one.month == month and one.raised is raised) * sign
            for month in months
        ]
        for name, raised, sign in (("came up", True, 1.0), ("fell", False, -1.0))
    }
    rows = [[one.month, one.from_tier or "joined", one.tier, one.members] for one in flow]
    drawn = charts.bars(months, series, "members")
    text = "By month; a member who came up and fell is in both."
    return Section("Tiers", text, drawn, ["month", "from", "to", "members"], rows)


def _segments(segments: Sequence[SegmentSize], overlaps: Sequence[Overlap]) -> Section:
    here = [one for one in segments if not one.retired]
    if not here:
        return Section("Segments", "There is none.")
    names = [one.segment_id for one in here]
    series = {
        "in it": [float(one.members) for one in here],
        "left": [float(one.left) for one in here],
    }
    rows = [[one.one, one.other, one.both, percent(one.jaccard)] for one in overlaps]
    text = "; ".join(f"{one.segment_id}: {one.name}" for one in here) + "."
    columns = ["segment", "and", "members of both", "of those in either"]
    return Section("Segments", text, charts.bars(names, series, "members"), columns, rows)


def _winbacks(winbacks: Sequence[Winback]) -> Section:
    rows = [
        [one.member_id, f"{one.stake_minor / 100:,.0f} {one.currency}", percent(one.probability_fresh),
         percent(one.probability), f"{one.late_days:.0f}", ", ".join(one.categories)]
        for one in winbacks
    ]  # fmt: skip
    text = (
        "At stake is what the member spends in 90 days, times what silence took of the "
        "chance of buying again."
    )
    columns = ["member", "at stake", "chance without silence", "now", "late by days", "prefers"]
    return Section("Most worth a letter", text if rows else "Nobody.", columns=columns, rows=rows)


def _coverage(found: Coverage) -> Section:
    fit = percent(found.fitted / found.foretold) if found.foretold else "not known"
    wrong = ", ".join(f"{name} {count:,}" for name, count in found.quality.items())
    text = (
        f"The main category of an order was one of the three preferred before it: {fit} of "
        f"{found.foretold:,} orders. In the orders: {wrong}."
    )
    rows = [[name.replace("_", " "), percent(part)] for name, part in found.shares.items()]
    return Section("What is known of members", text, columns=["field", "of members"], rows=rows)
