"""The report on a model: means over days, gaps stay gaps, and the page loads nothing from anywhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from reports import charts, risk
from reports.page import Section, written
from sinks.postgres.model_queries import Quality


def day(name: str, variant: str, auc: float | None, **more: Any) -> Quality:
    figures: dict[str, Any] = {
        "champion": variant == "binned", "version": 1, "payments": 100, "frauds": 2,
        "average_precision": 0.5, "precision_100": None, "brier": 0.01, "alerts": 3,
        "alerts_confirmed": 1, "drift": False,
    }  # fmt: skip
    return Quality(model="payment", variant=variant, day=name, auc=auc, **figures | more)


DAYS = [
    day("2011-12-01", "binned", 0.8),
    day("2011-12-01", "batch", 0.7),
    day("2011-12-02", "binned", None, drift=True),
    day("2011-12-03", "binned", 0.9, alerts=6),
]


def test_means_are_over_the_days_that_have_the_figure() -> None:
    """A day without fraud has no area: it is left out, not zero. The champion stands first."""
    champion, batch = risk.summaries(DAYS)
    assert (champion.variant, champion.days, champion.payments) == ("binned", 3, 300)
    assert champion.auc == pytest.approx(0.85)
    assert champion.precision_100 is None
    assert (champion.alerts_a_day, champion.drift_alarms) == (4.0, 1)
    assert (batch.variant, batch.auc) == ("batch", 0.7)


def test_the_page_has_figures_and_pictures_and_loads_nothing() -> None:
    """One file: no script, no link, an SVG for each measure and one for the alerts."""
    page = risk.page("payment", DAYS)
    assert page.count("<svg") == len(risk.MEASURES) + 1
    assert "Drift alarm on 2011-12-02." in page
    assert "0.850" in page
    assert not re.search(r'<script|<link|src=|href="http', page)
    assert page == risk.page("payment", DAYS)  # the same figures, the same text


def test_what_is_written_is_escaped() -> None:
    """A name is text, whatever it holds."""
    page = written("<b>", "a & b", [Section("<i>", columns=["x"], rows=[["<script>"]])])
    assert "<script>" not in page
    assert "&lt;b&gt;" in page


def test_a_gap_is_drawn_as_one() -> None:
    """None is neither zero nor the last value."""
    whole = charts.lines(["a", "b", "c"], {"x": [1.0, 1.0, 1.0]})
    gap = charts.lines(["a", "b", "c"], {"x": [1.0, None, 1.0]})
    assert whole != gap
