"""Which outcome of persona, segments and campaigns goes into which table: from an outcome to rows."""

from __future__ import annotations

from schemas.campaigns import CampaignAccepted, MemberResponded, MemberTargeted
from schemas.persona import PersonaChanged
from schemas.segments import SegmentAccepted, SegmentEntered, SegmentLeft
from sinks.postgres.statements import Values, Write, json_text
from sinks.postgres.writes import (
    CAMPAIGN_ANSWERS,
    CAMPAIGN_TARGETS,
    CAMPAIGNS,
    PERSONAS,
    SEGMENT_MEMBERS,
    SEGMENTS,
)

Row = tuple[Write, Values]


def persona(event: PersonaChanged) -> list[Row]:
    """personas."""
    values = (
        event.member_id,
        event.active_at,
        event.orders,
        event.currency,
        event.spend_minor,
        event.refunded_minor,
        event.spend_rate_minor,
        event.price_minor,
        None if event.price_band is None else event.price_band.value,
        json_text(event.categories),
        json_text(event.interests),
        None if event.day_part is None else event.day_part.value,
        event.country,
        event.recent_looks,
        event.probability_then,
        event.foretold,
        event.fitted,
        json_text(event.quality),
    )
    return [(PERSONAS, values)]


def segment(event: SegmentAccepted) -> list[Row]:
    """segments; of a retired one what it was stays."""
    its = event.segment
    what = (None, None, None) if its is None else (its.name, its.enters, its.leaves)
    return [
        (SEGMENTS, (event.segment_id, event.version, *what, its is None, event.changed_by)),
    ]


def entered(event: SegmentEntered) -> list[Row]:
    """segment_members."""
    times = event.occurred_at, None
    values = True, event.version, *times, None, json_text(event.facts)
    return [(SEGMENT_MEMBERS, (event.segment_id, event.member_id, *values))]


def left(event: SegmentLeft) -> list[Row]:
    """segment_members."""
    times = event.entered_at, event.occurred_at
    values = False, event.version, *times, event.reason.value, json_text(event.facts)
    return [(SEGMENT_MEMBERS, (event.segment_id, event.member_id, *values))]


def campaign(event: CampaignAccepted) -> list[Row]:
    """campaigns."""
    its = event.campaign
    values = (
        event.campaign_id,
        its.name,
        its.segment_id,
        its.starts_at,
        its.ends_at,
        its.salt,
        its.holdout_share,
        its.window_days,
        its.contacts_most,
        its.contact_days,
        event.changed_by,
    )
    return [(CAMPAIGNS, values)]


def targeted(event: MemberTargeted) -> list[Row]:
    """campaign_members, nothing done yet."""
    key = event.campaign_id, event.member_id
    times = event.occurred_at, event.converts_until
    return [(CAMPAIGN_TARGETS, (*key, event.group.value, *times, 0, 0, 0, 0))]


def responded(event: MemberResponded) -> list[Row]:
    """campaign_members."""
    key = event.campaign_id, event.member_id
    done = event.shown, event.clicked, event.orders, event.amount_minor
    return [(CAMPAIGN_ANSWERS, (*key, *done, event.satisfaction))]
