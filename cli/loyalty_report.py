"""The command that writes the report on loyalty."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.asking import no_such, tables
from cli.terminal import Data, say
from sinks.postgres import loyalty_queries, segment_queries, tier_queries
from sinks.postgres.winback_queries import winbacks

LETTERS = 20
WEEKS_MOST = 520


def report(
    data: Data = None,
    html: Annotated[Path, typer.Option(help="The file that is written.")] = Path(
        "loyalty-report.html"
    ),
) -> None:
    """Write a page with pictures: cohorts, chances and what came of them, tiers, segments, letters."""
    from reports import loyalty

    with tables(data) as views:
        cohorts = loyalty_queries.cohorts(views)
        if not cohorts:
            raise no_such("member", "who bought", "Nobody has bought anything yet.")
        every = loyalty_queries.every(views)
        found = loyalty.Found(
            cohorts=cohorts,
            probabilities=[one.probability for one in every if one.probability is not None],
            quality=loyalty_queries.quality(views, WEEKS_MOST),
            flow=tier_queries.flow(views),
            segments=segment_queries.segments(views),
            overlaps=segment_queries.overlaps(views),
            winbacks=winbacks(views, LETTERS),
            coverage=segment_queries.coverage(views),
        )
    html.write_text(loyalty.page(found), encoding="utf-8")
    say(f"Written: {html}.")
