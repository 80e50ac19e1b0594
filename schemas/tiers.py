"""The words of tiers: what operators set, and where a member stands in the programme.

Qualifying points are what kept purchases earn by the points rules, before caps and without a tier's own
ratio: so no tier pays for itself, and spending or expiry of points takes no tier away.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Struct

from schemas.record import (
    IDENTIFIER,
    Cause,
    Event,
    MemberOutcome,
    Outcome,
    Points,
    Timestamp,
    Word,
    doc,
)

PROGRAMME = "tiers"
Programme = Annotated[str, doc("There is one programme of tiers: tiers.", **IDENTIFIER)]
Version = Annotated[int, doc("Version of the rule, counted from 1.", ge=1)]
TierName = Annotated[str, doc("The tier's name, such as gold.", **IDENTIFIER)]


class Period(Word):
    """What the programme counts by, in its zone: a tier is reviewed at the end of each."""

    UNKNOWN = "UNKNOWN"
    YEAR = "YEAR"
    MONTH = "MONTH"


class Downgrade(Word):
    """What happens at a period's end to a tier for which the points are not there."""

    UNKNOWN = "UNKNOWN"
    ONE_STEP = "ONE_STEP"
    TO_QUALIFIED = "TO_QUALIFIED"
    NEVER = "NEVER"


class Tier(Struct, frozen=True, kw_only=True):
    """A tier and its benefits."""

    tier: TierName
    threshold_points: Annotated[int, doc("Qualifying points it takes; the first: 0.", ge=0)]
    earn_percent: Annotated[
        int,
        doc("Points earned by a purchase: 100 as the rules say, 150 half more.", ge=0, le=1_000),
    ] = 100


class TierRule(Struct, frozen=True, kw_only=True):
    """One version of the programme of tiers."""

    tiers: Annotated[list[Tier], doc("In rising order.", min_length=1, max_length=20)]
    period: Period = Period.YEAR
    periods: Annotated[
        int,
        doc(
            "Points of so many periods count, the running one included; 12 months roll.",
            ge=1,
            le=36,
        ),
    ] = 1
    downgrade: Downgrade = Downgrade.ONE_STEP
    zone: Annotated[str, doc("IANA time zone of the programme: where its periods end.")] = "UTC"


class TierRuleChanged(Event, frozen=True, kw_only=True):
    """An operator set a version of the programme; it holds from the next period after `effective_at`."""

    KEY: ClassVar[str] = "programme"
    STAGE: ClassVar[str] = "members"
    BROADCAST: ClassVar[bool] = True
    programme: Programme = PROGRAMME
    occurred_at: Timestamp
    version: Version
    effective_at: Timestamp
    changed_by: Annotated[str, doc("The operator.", **IDENTIFIER)]
    rule: Annotated[TierRule, doc("What holds.")]


TIER_ACTIONS: tuple[type[Event], ...] = (TierRuleChanged,)


class TierRuleOutcome(Outcome, frozen=True, kw_only=True):
    """First fields of what is said of the programme."""

    KEY: ClassVar[str] = "programme"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    programme: Programme = PROGRAMME
    occurred_at: Timestamp
    caused_by: Cause = ""
    version: Version
    changed_by: str


class TierRuleAccepted(TierRuleOutcome, frozen=True, kw_only=True):
    """The version holds from the first period that begins at `effective_at` or later.

    The first version holds from `effective_at` itself on.
    """

    effective_at: Timestamp
    rule: TierRule


class TierRuleRefused(TierRuleOutcome, frozen=True, kw_only=True):
    """The change of the programme was refused, with all reasons."""

    reasons: Annotated[list[str], doc("Sentences for people.")]


class TierChange(Word):
    """Why a tier changed."""

    UNKNOWN = "UNKNOWN"
    JOINED = "JOINED"
    QUALIFIED = "QUALIFIED"
    RETURNED = "RETURNED"
    STOPPED = "STOPPED"
    PERIOD_ENDED = "PERIOD_ENDED"
    RULE_CHANGED = "RULE_CHANGED"


class TierOutcome(MemberOutcome, frozen=True, kw_only=True):
    """First fields of what is said of a member's tier: how it is after the event."""

    tier: TierName
    qualifying_points: Annotated[Points, doc("What counts in the running period.")]
    review_at: Annotated[
        int, doc("End of the running period: the tier is reviewed then.", avro="timestamp-millis")
    ]
    next_tier: Annotated[str | None, doc("The tier above; none: this is the highest.")] = None
    next_threshold_points: Annotated[
        int | None, doc("Qualifying points that the tier above takes.")
    ] = None
    rule_version: Version


class TierChanged(TierOutcome, frozen=True, kw_only=True):
    """The member's tier is another from the next event on."""

    from_tier: Annotated[str | None, doc("The tier before; none: the member joins.")] = None
    reason: TierChange
    earn_percent: Annotated[int, doc("Points earned by a purchase from now on; 100 is usual.")]


class TierProgressed(TierOutcome, frozen=True, kw_only=True):
    """Qualifying points or the review changed, and the tier did not."""


TIER_OUTCOMES: tuple[type[Outcome], ...] = (
    TierRuleAccepted,
    TierRuleRefused,
    TierChanged,
    TierProgressed,
)
