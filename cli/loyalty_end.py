"""What a demo tells of loyalty at its end: cohorts, tiers, segments, and who is most worth a letter."""

from __future__ import annotations

from cli.installation import Installation
from cli.loyalty import cohort_rows
from cli.terminal import say, show
from cli.tiers import TIER_COLUMNS, tier_rows
from cli.winbacks import shown
from sinks.postgres import loyalty_queries, segment_queries, tier_queries
from sinks.postgres.queries import open_views
from sinks.postgres.winback_queries import winbacks

LETTERS = 20


def tell(installation: Installation) -> None:
    """Four tables for people."""
    with open_views(installation.view_settings) as views:
        cohorts = loyalty_queries.cohorts(views)
        sizes = tier_queries.sizes(views)
        segments = segment_queries.segments(views)
        found = winbacks(views, LETTERS)
    if not cohorts:
        return
    columns, rows = cohort_rows(cohorts)
    say("")
    show("Who came back, by the month of the first purchase", columns, rows)
    if sizes:
        show("Tiers", TIER_COLUMNS, tier_rows(sizes))
    if segments:
        groups = [(one.segment_id, one.members, one.left, one.name) for one in segments]
        show("Segments", ["segment", ">members", ">left", "who"], groups)
    shown(found)
