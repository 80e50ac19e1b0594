"""The word of persona: what a member is like, as far as what they did tells it.

It says everything absolute, so that the newest alone is enough. What no action carries is not there: there is
no brand and no channel, and the place is the country of registration. What is not known is none, not zero.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from schemas.record import Currency, MemberOutcome, Outcome, Word, doc

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Amount = Annotated[float, Meta(ge=0.0)]


class PriceBand(Word):
    """What a member pays for a piece, beside what others pay: the lower, middle, upper third."""

    UNKNOWN = "UNKNOWN"
    LOW = "LOW"
    MIDDLE = "MIDDLE"
    HIGH = "HIGH"


class DayPart(Word):
    """A quarter of the day, UTC: from 0, 6, 12 and 18 h."""

    UNKNOWN = "UNKNOWN"
    NIGHT = "NIGHT"
    MORNING = "MORNING"
    AFTERNOON = "AFTERNOON"
    EVENING = "EVENING"


class Preference(Struct, frozen=True, kw_only=True):
    """A category or a search term, and its part of the member's decayed weights."""

    name: Annotated[str, doc("The category or the term.", max_length=100)]
    share: Annotated[float, doc("Part of all that is remembered, 0 to 1.", ge=0.0, le=1.0)]


class DataQuality(Struct, frozen=True, kw_only=True):
    """What was found wrong in a member's orders, counted from the first one on."""

    orders: Annotated[int, doc("Orders that were placed.", ge=0)] = 0
    duplicates: Annotated[
        int, doc("Orders told again, and orders just like the one within ten minutes before.", ge=0)
    ] = 0
    lines: Annotated[int, doc("Lines of orders.", ge=0)] = 0
    gaps: Annotated[int, doc("Lines without a category.", ge=0)] = 0
    outliers: Annotated[
        int, doc("Orders further than 3 deviations from the member's own in ln(amount).", ge=0)
    ] = 0
    foreign: Annotated[int, doc("Orders in another currency: not in the spend.", ge=0)] = 0


class PersonaChanged(MemberOutcome, frozen=True, kw_only=True):
    """What a member is like now: said at each order and return, and in a week with anything else."""

    active_at: Annotated[
        int, doc("Last order, look, search or log-in.", avro="timestamp-millis", ge=0)
    ]
    orders: Annotated[int, doc("Orders placed.", ge=0)] = 0
    currency: Annotated[Currency | None, doc("Of the first order; all money is in it.")] = None
    spend_minor: Annotated[int, doc("Paid for orders, less what was refunded.")] = 0
    refunded_minor: Annotated[int, doc("Refunded.", ge=0)] = 0
    spend_rate_minor: Annotated[
        Amount | None,
        doc("Spend in 90 days, as of the last order: decayed with a half-life of 26 weeks."),
    ] = None
    price_minor: Annotated[
        Amount | None, doc("Geometric mean of what a piece cost, decayed alike.")
    ] = None
    price_band: PriceBand | None = None
    categories: Annotated[list[Preference], doc("Preferred categories, best first, at most 5.")]
    interests: Annotated[list[Preference], doc("Terms searched for, best first, at most 5.")]
    day_part: DayPart | None = None
    country: Annotated[str | None, doc("As registered.")] = None
    recent_looks: Annotated[
        float, doc("Looks at products, each counted half for every 4 weeks since.", ge=0.0)
    ] = 0.0
    probability_then: Annotated[
        Share | None, doc("Chance of buying again, as said at the last order.")
    ] = None
    foretold: Annotated[
        int, doc("Orders with a category, placed when there was a preference.", ge=0)
    ] = 0
    fitted: Annotated[
        int,
        doc("Those whose main category was one of the three that were preferred before.", ge=0),
    ] = 0
    quality: DataQuality


PERSONA_OUTCOMES: tuple[type[Outcome], ...] = (PersonaChanged,)
