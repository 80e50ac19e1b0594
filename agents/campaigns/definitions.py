"""The campaigns: data that every members partition holds whole.

What a campaign is cannot be changed once it is set up: its figures would compare what is not alike. It can be
ended early. One whose end is more than a year past makes room when room is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, assert_never

from msgspec import Struct, field, structs

from agents import Place, StateMap, Table, Tables
from agents.calendar import DAY
from schemas.campaigns import (
    Campaign,
    CampaignAccepted,
    CampaignEnded,
    CampaignRefused,
    CampaignStarted,
)

NAME = "campaigns"
CAMPAIGNS_MOST = 200
KEPT_AFTER_END = 366 * DAY


class Campaigns(Struct):
    """The ids in the order in which they were set up, and what each is."""

    ids: list[str] = field(default_factory=list)
    known: StateMap[Campaign] = field(default_factory=StateMap)


class Running(NamedTuple):
    """A campaign that targets now."""

    campaign_id: str
    campaign: Campaign


Change = CampaignStarted | CampaignEnded
Answer = CampaignAccepted | CampaignRefused


def running(tables: Tables, at: int) -> list[Running]:
    """The campaigns that target at a moment, in the order in which they were set up."""
    state: Campaigns = tables[NAME]
    found = [Running(one, state.known[one]) for one in state.ids]
    return [one for one in found if one.campaign.starts_at <= at < one.campaign.ends_at]


def react(state: Campaigns, event: Change, place: Place) -> Iterator[Answer]:
    """Keep it, or refuse it with every reason; partition 0 says so."""
    match event:
        case CampaignStarted():
            reasons = list(_wrong(state, event))
            if not reasons:
                _make_room(state, event.occurred_at)
                state.ids.append(event.campaign_id)
                state.known[event.campaign_id] = event.campaign
        case CampaignEnded():
            reasons = list(_cannot_end(state, event))
            if not reasons:
                before = state.known[event.campaign_id]
                state.known[event.campaign_id] = structs.replace(before, ends_at=event.occurred_at)
        case _:
            assert_never(event)
    if place.partition == 0:
        yield _answer(state, event, reasons)


def _answer(state: Campaigns, event: Change, reasons: list[str]) -> Answer:
    by = event.started_by if isinstance(event, CampaignStarted) else event.ended_by
    if reasons:
        return CampaignRefused(
            campaign_id=event.campaign_id,
            occurred_at=event.occurred_at,
            changed_by=by,
            reasons=reasons,
        )
    return CampaignAccepted(
        campaign_id=event.campaign_id,
        occurred_at=event.occurred_at,
        changed_by=by,
        campaign=state.known[event.campaign_id],
    )


def _wrong(state: Campaigns, event: CampaignStarted) -> Iterator[str]:
    campaign = event.campaign
    if event.campaign_id in state.ids:
        yield "There is such a campaign already, and it cannot be changed: give it another id."
    if campaign.ends_at <= campaign.starts_at:
        yield "It ends before it starts: set ends_at to later than starts_at."
    if campaign.starts_at < event.occurred_at:
        yield "It would start before it was made: set starts_at to the time of making or later."
    if len(_kept(state, event.occurred_at)) >= CAMPAIGNS_MOST:
        yield f"There are {CAMPAIGNS_MOST} campaigns of the last year: no more are kept."


def _cannot_end(state: Campaigns, event: CampaignEnded) -> Iterator[str]:
    known = state.known.get(event.campaign_id)
    if known is None:
        yield "There is no such campaign."
    elif known.ends_at <= event.occurred_at:
        yield "It is over already."


def _kept(state: Campaigns, at: int) -> list[str]:
    return [one for one in state.ids if state.known[one].ends_at + KEPT_AFTER_END > at]


def _make_room(state: Campaigns, at: int) -> None:
    kept = _kept(state, at)
    for campaign_id in state.ids:
        if campaign_id not in kept:
            del state.known[campaign_id]
    state.ids = kept


CAMPAIGNS: Table[Any] = Table(NAME, Campaigns, frozenset({CampaignStarted, CampaignEnded}), react)
