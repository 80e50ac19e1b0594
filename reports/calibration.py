"""How far the chances of buying again can be trusted: what was said, held against what came.

All of it is prequential: said when the member stood so, by the model of that day, and judged 13 weeks later.
"""

from __future__ import annotations

from collections.abc import Sequence

from reports import charts
from reports.lift import wilson
from reports.page import Section, percent
from sinks.postgres.loyalty_queries import Quality, Tenth

TITLE = "What was foretold, and what came"
EXPLAINED = (
    "Chances that members buy again within {days} days, said from the week of {first} to that of {last}, "
    "{chances:,} of them, by the model of their day; each was judged when it was so old. A point is a tenth "
    "of the chances, its line a 95 % interval, and below the dashes was said too much."
)


def sections(weeks: Sequence[Quality]) -> list[Section]:
    """The picture of all weeks together, and the measures week by week."""
    if not weeks:
        return [Section(TITLE, "No chance is old enough yet: the first are judged after 13 weeks.")]
    tenths = together(weeks)
    text = EXPLAINED.format(
        days=weeks[-1].horizon_days,
        first=weeks[0].week,
        last=weeks[-1].week,
        chances=sum(one.chances for one in tenths),
    )
    return [
        Section(TITLE, text, _picture(tenths), COLUMNS, _rows(tenths)),
        Section(
            "How good the chances were, week by week",
            "Mean squared error, beside that of saying the share that bought of everybody; and the chance "
            "that who bought was ranked above who did not.",
            charts.lines(
                [one.week for one in weeks],
                {
                    "squared error": [one.brier for one in weeks],
                    "of the share": [one.base_brier for one in weeks],
                    "ranked right": [one.auc for one in weeks],
                },
            ),
        ),
    ]


def together(weeks: Sequence[Quality]) -> list[Tenth]:
    """The tenths of all weeks, added up.

    >>> week = Quality("2011-01-03", 91, 3, 1, 1.0, 0.1, 0.2, 0.1, [Tenth(3, 0.05, 1), Tenth(0, None, 0)])
    >>> [(one.chances, one.probability, one.bought) for one in together([week, week])]
    [(6, 0.05, 2), (0, None, 0)]
    """
    return [_added(tenths) for tenths in zip(*(one.tenths for one in weeks), strict=True)]


def _added(tenths: Sequence[Tenth]) -> Tenth:
    chances = sum(one.chances for one in tenths)
    said = sum(one.chances * (one.probability or 0.0) for one in tenths)
    return Tenth(chances, said / chances if chances else None, sum(one.bought for one in tenths))


def _picture(tenths: Sequence[Tenth]) -> str:
    points = []
    for one in tenths:
        if one.probability is not None:
            low, high = wilson(one.bought, one.chances)
            points.append((one.probability, one.bought / one.chances, low, high))
    return charts.against(points, "foretold", "came")


COLUMNS = ["chance", "said", "foretold", "came"]


def _rows(tenths: Sequence[Tenth]) -> list[list[object]]:
    return [
        [
            f"{number / len(tenths):.1f} to {(number + 1) / len(tenths):.1f}",
            f"{one.chances:,}",
            percent(one.probability),
            percent(one.bought / one.chances) if one.chances else None,
        ]
        for number, one in enumerate(tenths)
    ]
