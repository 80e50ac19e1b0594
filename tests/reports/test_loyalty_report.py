"""The report on loyalty, and the interval of a campaign's lift."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from random import Random

import pytest
from msgspec import structs

from reports import loyalty
from reports.lift import lift
from sinks.postgres.loyalty_queries import Cohort, Quality, Tenth
from sinks.postgres.segment_queries import Coverage, SegmentSize
from sinks.postgres.tier_queries import Flow
from sinks.postgres.winback_queries import Winback

NOW = datetime(2011, 12, 9, tzinfo=UTC)
FOUND = loyalty.Found(
    cohorts=[
        Cohort("2011-01", 200, 0.5, 0.1, 0.25, None, 0.4),
        Cohort("2011-02", 100, 0.4, 0.1, 0.2, None, None),
    ],
    probabilities=[0.05, 0.55, 0.99],
    quality=[
        Quality("2011-02-07", 91, 40, 10, 0.8, 0.15, 0.19, 0.05, [Tenth(40, 0.25, 10)]),
        Quality("2011-02-14", 91, 60, 30, None, 0.2, 0.25, 0.05, [Tenth(60, 0.5, 30)]),
    ],
    flow=[
        Flow("2011-01", None, "bronze", None, 300),
        Flow("2011-02", "bronze", "silver", True, 21),
        Flow("2011-03", "silver", "bronze", False, 8),
    ],
    segments=[
        SegmentSize("late", 1, "Late <b>", "silent_days > 9", "", False, "operator-1", NOW, 7, 2)
    ],
    overlaps=[],
    winbacks=[
        Winback("m-1", "GBP", 123_400.0, 2e5, 0.9, 0.3, 60.0, 20.0, 40.0, 6, ["bags"], NOW),
    ],
    coverage=Coverage(3, {"country": 1 / 3}, 10, 7, {"orders": 30, "gaps": 1}),
)


def test_the_page_has_all_of_it_and_loads_nothing() -> None:
    """Pictures of retention, chances, calibration, weeks, tiers, segments; what people wrote is escaped."""
    page = loyalty.page(FOUND)
    assert page.count("<svg") == 6
    assert "100 of them" in page  # chances of both weeks
    assert re.search(r"<td>silver</td>\s*<td>bronze</td>\s*<td>8</td>", page)
    assert re.search(r"<td>100</td>\s*<td>40.0%</td>\s*<td>40.0%</td>", page)
    for told in ("300 members", "1,234 GBP", "Late &lt;b&gt;", "70.0% of 10 orders", "33.3%"):
        assert told in page
    assert not re.search(r'<script|<link|src=|href="http', page)
    assert page == loyalty.page(FOUND)


def test_a_young_shop_has_a_report_too() -> None:
    """Where no chance was judged and there are no tiers and segments, the page says so."""
    young = structs.replace(FOUND, quality=[], flow=[], segments=[], winbacks=[])
    page = loyalty.page(young)
    for told in ("judged after 13 weeks", "There is no programme", "There is none", "Nobody"):
        assert told in page


def test_an_empty_group_has_no_lift() -> None:
    """There is nothing to compare."""
    assert lift(0, 0, 1, 2) is None
    assert lift(1, 2, 0, 0) is None


@pytest.mark.parametrize(("treated", "held_out"), [(0.1, 0.1), (0.3, 0.1), (0.02, 0.05)])
def test_the_interval_holds_the_truth_as_often_as_it_says(treated: float, held_out: float) -> None:
    """Of a thousand campaigns of 150 and 60 members, 93 to 98 % of the intervals."""
    random, inside = Random(1), 0
    for _ in range(1_000):
        one = sum(random.random() < treated for _ in range(150))
        other = sum(random.random() < held_out for _ in range(60))
        found = lift(one, 150, other, 60)
        assert found is not None
        inside += found.low <= treated - held_out <= found.high
    assert 930 <= inside <= 985
