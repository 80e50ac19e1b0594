"""The words of campaigns: what is done to a segment, who is left out by lot, and what came of it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Struct

from schemas.record import (
    IDENTIFIER,
    Cause,
    Event,
    MemberAction,
    MemberOutcome,
    Outcome,
    Timestamp,
    Word,
    doc,
)
from schemas.segments import Operator, SegmentId

CampaignId = Annotated[str, doc("The campaign.", **IDENTIFIER)]


class Campaign(Struct, frozen=True, kw_only=True):
    """To whom, when, and how many are left out to compare with."""

    name: Annotated[str, doc("For people.", max_length=100)]
    segment_id: SegmentId
    starts_at: Timestamp
    ends_at: Annotated[Timestamp, doc("Nobody is targeted from then on.")]
    salt: Annotated[str, doc("Decides, with the member, who is held out.", **IDENTIFIER)]
    holdout_share: Annotated[
        float, doc("Part of the members who are held out, 0 to 0.9.", ge=0.0, le=0.9)
    ] = 0.1
    window_days: Annotated[
        int, doc("A purchase so soon after targeting is a conversion.", ge=1, le=365)
    ] = 30
    contacts_most: Annotated[
        int, doc("Not while a member had so many contacts, of all campaigns …", ge=1, le=100)
    ] = 2
    contact_days: Annotated[int, doc("… within so many days.", ge=1, le=90)] = 7


class CampaignStarted(Event, frozen=True, kw_only=True):
    """An operator set up a campaign; it runs from `starts_at` to `ends_at`."""

    KEY: ClassVar[str] = "campaign_id"
    STAGE: ClassVar[str] = "members"
    BROADCAST: ClassVar[bool] = True
    campaign_id: CampaignId
    occurred_at: Timestamp
    started_by: Operator
    campaign: Annotated[Campaign, doc("What it is.")]


class CampaignEnded(Event, frozen=True, kw_only=True):
    """An operator ended a campaign early: nobody more is targeted."""

    KEY: ClassVar[str] = "campaign_id"
    STAGE: ClassVar[str] = "members"
    BROADCAST: ClassVar[bool] = True
    campaign_id: CampaignId
    occurred_at: Timestamp
    ended_by: Operator


class CampaignShown(MemberAction, frozen=True, kw_only=True):
    """A service showed or sent it to the member."""

    campaign_id: CampaignId


class CampaignClicked(MemberAction, frozen=True, kw_only=True):
    """The member followed it."""

    campaign_id: CampaignId


class SurveyAnswered(MemberAction, frozen=True, kw_only=True):
    """The member said how satisfied they are."""

    campaign_id: Annotated[str, doc("The campaign that the survey is about.", **IDENTIFIER)]
    satisfaction: Annotated[int, doc("1 (not at all) to 5 (very).", ge=1, le=5)]


class Group(Word):
    """On which side of the comparison a member is."""

    UNKNOWN = "UNKNOWN"
    TREATMENT = "TREATMENT"
    HOLD_OUT = "HOLD_OUT"


class CampaignAccepted(Outcome, frozen=True, kw_only=True):
    """A campaign is set up, or ended early."""

    KEY: ClassVar[str] = "campaign_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    campaign_id: CampaignId
    occurred_at: Timestamp
    caused_by: Cause = ""
    changed_by: Operator
    campaign: Annotated[Campaign, doc("What holds; its end is the early one.")]


class CampaignRefused(Outcome, frozen=True, kw_only=True):
    """A campaign was not set up or not ended, and why."""

    KEY: ClassVar[str] = "campaign_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    campaign_id: CampaignId
    occurred_at: Timestamp
    caused_by: Cause = ""
    changed_by: Operator
    reasons: Annotated[list[str], doc("Every reason, for people.")]


class MemberTargeted(MemberOutcome, frozen=True, kw_only=True):
    """The member takes part: services write to those in TREATMENT and to nobody else."""

    campaign_id: CampaignId
    segment_id: SegmentId
    group: Group
    converts_until: Annotated[
        int, doc("Purchases before this count as conversions.", avro="timestamp-millis", ge=0)
    ]


class MemberResponded(MemberOutcome, frozen=True, kw_only=True):
    """What has come of a campaign with a member so far, absolute."""

    campaign_id: CampaignId
    group: Group
    shown: Annotated[int, doc("How often it was shown.", ge=0)]
    clicked: Annotated[int, doc("How often it was followed.", ge=0)]
    orders: Annotated[int, doc("Orders within the window that are kept.", ge=0)]
    amount_minor: Annotated[int, doc("What was paid for those.", ge=0)]
    satisfaction: Annotated[int | None, doc("The last answer, 1 to 5.")] = None


CAMPAIGN_ACTIONS: tuple[type[Event], ...] = (
    CampaignStarted,
    CampaignEnded,
    CampaignShown,
    CampaignClicked,
    SurveyAnswered,
)
CAMPAIGN_OUTCOMES: tuple[type[Outcome], ...] = (
    CampaignAccepted,
    CampaignRefused,
    MemberTargeted,
    MemberResponded,
)
