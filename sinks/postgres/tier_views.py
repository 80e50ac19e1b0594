"""Which outcome of tiers goes into which tables: pure functions from an outcome to rows."""

from __future__ import annotations

from schemas.tiers import TierChanged, TierProgressed, TierRuleAccepted
from sinks.postgres.statements import Values, Write, json_text
from sinks.postgres.writes import TIER_CHANGES, TIER_RULES, TIERS

Row = tuple[Write, Values]


def standing(event: TierChanged | TierProgressed) -> list[Row]:
    """tiers; of a change tier_changes, too."""
    above = event.next_tier, event.next_threshold_points
    now = event.tier, event.qualifying_points, event.review_at, *above, event.rule_version
    rows: list[Row] = [(TIERS, (event.member_id, *now))]
    if isinstance(event, TierChanged):
        change = event.from_tier, event.tier, event.reason.value
        figures = event.qualifying_points, event.earn_percent, event.rule_version
        rows.append((TIER_CHANGES, (event.member_id, *change, *figures)))
    return rows


def rule(event: TierRuleAccepted) -> list[Row]:
    """tier_rules."""
    values = event.version, event.effective_at, event.changed_by, json_text(event.rule)
    return [(TIER_RULES, values)]
