"""Campaigns where the member is: whether and when they are targeted, in which group, and what they do then.

Who is in a campaign's segment while it runs is targeted once: at once when they enter it, within a week when
they were in it before. Who has had as many contacts as the campaign allows waits, *before* the draw: so both
groups are the same kind of members, and the difference between them is the campaign's. Both are compared
from the same moment on, whether the treated were reached or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from msgspec import Struct, field, structs

from agents import Agent, Tables, Woken
from agents.calendar import DAY
from agents.campaigns.definitions import running
from agents.campaigns.lots import drawn
from agents.loyalty.snapshots import WEEK, begin_of, rhythm, week_of
from agents.marks import mark
from schemas.campaigns import (
    Campaign,
    CampaignClicked,
    CampaignShown,
    Group,
    MemberResponded,
    MemberTargeted,
    SurveyAnswered,
)
from schemas.candidates import ConsentGiven, ConsentPurpose, ConsentWithdrawn
from schemas.outcomes import OrderPlaced, OrderState, OrderStateChanged
from schemas.record import Event, Outcome
from schemas.segments import SegmentEntered, SegmentLeft

CONTACT_MOST = 90 * DAY  # the longest span in which a campaign counts contacts
CONTACTS_MOST = 100
KEPT_AFTER_WINDOW = 90 * DAY  # what comes back later changes no figure
TAKEN_MOST = 400
ORDERS_MOST = 40
AFTER_SEGMENTS = 120_000  # segments are looked at a minute before


class Converted(Struct, frozen=True, array_like=True):
    """An order within the window; a returned one no longer counts."""

    mark: bytes
    amount_minor: int
    kept: bool = True


class Taken(Struct, frozen=True, array_like=True):
    """A member's part in a campaign."""

    group: Group
    targeted_at: int
    converts_until: int
    shown: int = 0
    clicked: int = 0
    orders: tuple[Converted, ...] = ()
    satisfaction: int | None = None


class Targeting(Struct):
    """Segments that the member is in, campaigns taken part in, moments of contacts; the newest order."""

    inside: list[str] = field(default_factory=list)
    taken: dict[str, Taken] = field(default_factory=dict)
    contacts: list[int] = field(default_factory=list)
    refused: bool = False
    ordered_at: int = 0
    wakes_at: int | None = None


Answered = CampaignShown | CampaignClicked | SurveyAnswered
Heard = (
    SegmentEntered
    | SegmentLeft
    | OrderPlaced
    | OrderStateChanged
    | Answered
    | ConsentGiven
    | ConsentWithdrawn
    | Woken
)
Said = MemberTargeted | MemberResponded


def react(state: Targeting, event: Heard, tables: Tables) -> Iterator[Said]:
    """Target who is to be, and count what they do."""
    match event:
        case SegmentEntered():
            if event.segment_id not in state.inside:
                state.inside.append(event.segment_id)
            yield from _target(state, event.member_id, event.occurred_at, tables)
            _set_wake(state, event.member_id, event.occurred_at)
        case SegmentLeft():
            state.inside = [one for one in state.inside if one != event.segment_id]
        case OrderPlaced():
            yield from _converted(state, event)
        case OrderStateChanged():
            if event.state is OrderState.RETURNED:
                yield from _taken_back(state, event)
        case CampaignShown() | CampaignClicked() | SurveyAnswered():
            yield from _answered(state, event)
        case ConsentGiven() | ConsentWithdrawn():
            if event.purpose is ConsentPurpose.MARKETING:
                state.refused = isinstance(event, ConsentWithdrawn)
        case Woken(key=member_id, occurred_at=at):
            _forget(state, at, tables)
            yield from _target(state, member_id, at, tables)
            state.wakes_at = None
            _set_wake(state, member_id, at)
        case _:
            assert_never(event)


def wake_at(state: Targeting) -> int | None:
    """Just after the member's next week has begun, while they are in a segment or a campaign."""
    return state.wakes_at


def _set_wake(state: Targeting, member_id: str, at: int) -> None:
    if state.wakes_at is None and (state.inside or state.taken or state.contacts):
        own = rhythm(member_id)
        due = begin_of(own, week_of(own, at)) + AFTER_SEGMENTS
        state.wakes_at = due if due > at else due + WEEK


def _target(state: Targeting, member_id: str, at: int, tables: Tables) -> Iterator[MemberTargeted]:
    """Every campaign that is for a segment of the member's and has not targeted them yet.

    What is told late does not target from before an order that is known: that one is no answer.
    """
    if state.refused or not state.inside:
        return
    at = max(at, state.ordered_at)
    for campaign_id, campaign in running(tables, at):
        if campaign.segment_id not in state.inside or campaign_id in state.taken:
            continue
        if _tired(state, campaign, at) or len(state.taken) >= TAKEN_MOST:
            continue
        group = drawn(campaign, member_id)
        until = at + campaign.window_days * DAY
        state.taken[campaign_id] = Taken(group, at, until)
        if group is Group.TREATMENT:
            state.contacts = [*state.contacts, at][-CONTACTS_MOST:]
        yield MemberTargeted(
            member_id=member_id,
            occurred_at=at,
            campaign_id=campaign_id,
            segment_id=campaign.segment_id,
            group=group,
            converts_until=until,
        )


def _tired(state: Targeting, campaign: Campaign, at: int) -> bool:
    """Whether the member has had as many contacts lately as the campaign allows."""
    since = at - campaign.contact_days * DAY
    return sum(since < moment for moment in state.contacts) >= campaign.contacts_most


def _converted(state: Targeting, order: OrderPlaced) -> Iterator[MemberResponded]:
    """Orders within the window count, for both groups alike."""
    state.ordered_at = max(state.ordered_at, order.occurred_at)
    for campaign_id, taken in state.taken.items():
        within = taken.targeted_at < order.occurred_at < taken.converts_until
        if within and len(taken.orders) < ORDERS_MOST:
            made = Converted(mark(order.order_id), order.total_minor)
            changed = structs.replace(taken, orders=(*taken.orders, made))
            yield _put(state, campaign_id, changed, order.member_id, order.occurred_at)


def _taken_back(state: Targeting, change: OrderStateChanged) -> Iterator[MemberResponded]:
    """An order that came back whole is no conversion."""
    its = mark(change.order_id)
    for campaign_id, taken in state.taken.items():
        orders = tuple(
            structs.replace(one, kept=False) if one.mark == its else one for one in taken.orders
        )
        if orders != taken.orders:
            changed = structs.replace(taken, orders=orders)
            yield _put(state, campaign_id, changed, change.member_id, change.occurred_at)


def _answered(state: Targeting, event: Answered) -> Iterator[MemberResponded]:
    """What a service tells of a member who takes part; of others it says nothing."""
    taken = state.taken.get(event.campaign_id)
    if taken is None:
        return
    match event:
        case CampaignShown():
            taken = structs.replace(taken, shown=taken.shown + 1)
        case CampaignClicked():
            taken = structs.replace(taken, clicked=taken.clicked + 1)
        case SurveyAnswered():
            taken = structs.replace(taken, satisfaction=event.satisfaction)
    yield _put(state, event.campaign_id, taken, event.member_id, event.occurred_at)


def _put(
    state: Targeting, campaign_id: str, taken: Taken, member_id: str, at: int
) -> MemberResponded:
    state.taken[campaign_id] = taken
    kept = [one for one in taken.orders if one.kept]
    return MemberResponded(
        member_id=member_id,
        occurred_at=at,
        campaign_id=campaign_id,
        group=taken.group,
        shown=taken.shown,
        clicked=taken.clicked,
        orders=len(kept),
        amount_minor=sum(one.amount_minor for one in kept),
        satisfaction=taken.satisfaction,
    )


def _forget(state: Targeting, at: int, tables: Tables) -> None:
    """Old contacts; a part whose window is long past, unless the campaign would target again."""
    state.contacts = [one for one in state.contacts if one > at - CONTACT_MOST]
    on = {one.campaign_id for one in running(tables, at)}
    over = at - KEPT_AFTER_WINDOW
    state.taken = {
        name: one for name, one in state.taken.items() if name in on or one.converts_until > over
    }


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {
        SegmentEntered,
        SegmentLeft,
        OrderPlaced,
        OrderStateChanged,
        CampaignShown,
        CampaignClicked,
        SurveyAnswered,
        ConsentGiven,
        ConsentWithdrawn,
    }
)
TARGETING: Agent[Any] = Agent("targeting", Targeting, HEARS, react, wake_at)
