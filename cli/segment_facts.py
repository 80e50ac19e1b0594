"""What is known of every member, out of the views, as the agents know it: for a dry run."""

from __future__ import annotations

from datetime import datetime

import msgspec

from agents.segments.facts import Known, learn_persona, learn_score
from cli.terminal import milliseconds
from schemas.loyalty import LoyaltyScored, PurchaseFigures
from schemas.persona import PersonaChanged
from sinks.postgres import loyalty_queries, segment_queries
from sinks.postgres.loyalty_queries import Loyalty
from sinks.postgres.queries import Views
from sinks.postgres.segment_queries import Persona

DAY_SECONDS = 86_400


def known_of(views: Views) -> dict[str, Known]:
    """Member → what was last said of them, taken in as the agent takes it in."""
    found: dict[str, Known] = {}
    for score in loyalty_queries.every(views):
        learn_score(found.setdefault(score.member_id, Known()), _scored(score))
    for persona in segment_queries.personas(views):
        learn_persona(found.setdefault(persona.member_id, Known()), _said(persona))
    return found


def _said(row: Persona) -> PersonaChanged:
    """The words that the row was made of."""
    values = {
        name: milliseconds(value) if isinstance(value, datetime) else value
        for name, value in msgspec.structs.asdict(row).items()
    }
    return msgspec.convert(values, PersonaChanged)


def _scored(row: Loyalty) -> LoyaltyScored:
    """The words that the row was made of, as far as segments need them."""
    return LoyaltyScored(
        member_id=row.member_id,
        occurred_at=milliseconds(row.occurred_at),
        probability=row.probability,
        probability_fresh=row.probability_fresh,
        horizon_days=row.horizon_days,
        figures=_figures(row),
        first_purchase_at=None
        if row.first_purchase_at is None
        else milliseconds(row.first_purchase_at),
        repeats_a_year=row.repeats_a_year,
        interval_days=row.interval_days,
        recent_log_ins=row.recent_log_ins,
    )


def _figures(row: Loyalty) -> PurchaseFigures | None:
    if row.last_purchase_at is None or row.first_purchase_at is None:
        return None
    return PurchaseFigures(
        purchase_days=row.repeat_purchases + 1,
        silent_days=(row.occurred_at - row.last_purchase_at).total_seconds() / DAY_SECONDS,
        member_days=(row.occurred_at - row.first_purchase_at).total_seconds() / DAY_SECONDS,
        log_amount=0.0,
        recent_purchases=0.0,
    )
