"""Which outcome of loyalty goes into which table: pure functions from an outcome to rows."""

from __future__ import annotations

from schemas.loyalty import LoyaltyMeasured, LoyaltyScored
from sinks.postgres.statements import Values, Write, json_text
from sinks.postgres.writes import LOYALTY, LOYALTY_QUALITY

Row = tuple[Write, Values]
DAY = 86_400_000


def scored(event: LoyaltyScored) -> list[Row]:
    """loyalty."""
    figures = event.figures
    last_purchase_at = (
        None if figures is None else event.occurred_at - round(figures.silent_days * DAY)
    )
    values = (
        event.member_id,
        event.probability,
        event.horizon_days,
        event.model_version,
        event.first_purchase_at,
        last_purchase_at,
        event.repeat_purchases,
        event.repeats_a_year,
        event.interval_days,
        event.interval_spread_days,
        event.retained_7,
        event.retained_30,
        event.retained_90,
        event.recent_log_ins,
        event.recent_reviews,
        event.recent_comments,
        event.recent_likes,
        event.recent_shares,
        event.recent_rating,
        event.review_sentiment,
        event.probability_fresh,
    )
    return [(LOYALTY, values)]


def measured(event: LoyaltyMeasured) -> list[Row]:
    """loyalty_quality."""
    counts = event.horizon_days, event.chances, event.bought
    figures = event.auc, event.brier, event.base_brier, event.ece
    values = event.model, event.week, *counts, *figures, json_text(event.tenths)
    return [(LOYALTY_QUALITY, values)]
