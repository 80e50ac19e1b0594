"""The commands about campaigns: list, start, end, and what came of one."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from msgspec import structs

from cli.asking import no_such, tables
from cli.definitions import set_definitions
from cli.installation import Installation
from cli.json_actions import derived_id
from cli.sending import time_of
from cli.terminal import AsJson, Data, milliseconds, moment, print_json, say, show
from reports.lift import Lift, lift
from schemas.campaigns import Campaign, CampaignEnded, CampaignRefused, CampaignStarted
from schemas.record import Event
from sinks.postgres import campaign_queries as queries
from sinks.postgres import segment_queries
from sinks.postgres.campaign_queries import GroupFigures
from streams.settings import Settings

app = typer.Typer(help="Writing to a segment, and what came of it.", no_args_is_help=True)
CampaignId = Annotated[str, typer.Argument(help="The campaign.")]
By = Annotated[str, typer.Option(help="The operator who does it.")]
OPERATOR = "operator"
DAY = timedelta(days=1) // timedelta(milliseconds=1)


@app.command("list")
def list_campaigns(data: Data = None, as_json: AsJson = False) -> None:
    """List the campaigns, the newest first."""
    with tables(data) as views:
        found = queries.campaigns(views)
    if as_json:
        print_json(found)
        return
    if not found:
        say("There is no campaign: memberstream campaigns start sets one up.")
        return
    columns = ["campaign", "segment", "from", "until", ">held out", ">window days"]
    rows = [
        (
            c.campaign_id,
            c.segment_id,
            c.starts_at,
            c.ends_at,
            f"{c.holdout_share:.0%}",
            c.window_days,
        )
        for c in found
    ]
    show("", columns, rows)


@app.command("start")
def start(
    campaign_id: CampaignId,
    segment: Annotated[str, typer.Option(help="The segment that it is for.")],
    data: Data = None,
    name: Annotated[str, typer.Option(help="For people; default: its id.")] = "",
    at_moment: Annotated[str, typer.Option("--at", help="Starts then; default: now.")] = "",
    days: Annotated[int, typer.Option(min=1, help="Targets for so long.")] = 30,
    window: Annotated[int, typer.Option(min=1, max=365, help="Days for a conversion.")] = 30,
    holdout: Annotated[float, typer.Option(min=0.0, max=0.9, help="Part held out.")] = 0.1,
    salt: Annotated[str, typer.Option(help="Decides who is held out; default: its id.")] = "",
    contacts: Annotated[int, typer.Option(min=1, help="At most so many contacts …")] = 2,
    contact_days: Annotated[int, typer.Option(min=1, max=90, help="… within these days.")] = 7,
    by: By = OPERATOR,
) -> None:
    """Set up a campaign; it cannot be changed, only ended."""
    settings = Installation.of(data).settings()
    with tables(data) as views:
        missing = segment not in {one.segment_id for one in segment_queries.segments(views)}
    now = time_of(settings)
    starts_at = milliseconds(moment(at_moment)) if at_moment else now
    campaign = Campaign(
        name=name or campaign_id,
        segment_id=segment,
        starts_at=starts_at,
        ends_at=starts_at + days * DAY,
        salt=salt or campaign_id,
        holdout_share=holdout,
        window_days=window,
        contacts_most=contacts,
        contact_days=contact_days,
    )
    started = CampaignStarted(
        event_id=derived_id("campaign", campaign_id, now, by, structs.asdict(campaign)),
        campaign_id=campaign_id,
        occurred_at=now,
        started_by=by,
        campaign=campaign,
    )
    _send(settings, started)
    if missing:
        say(
            f"There is no segment {segment} yet: nobody is targeted until it is defined "
            "(memberstream segments define)."
        )


@app.command("end")
def end(campaign_id: CampaignId, data: Data = None, by: By = OPERATOR) -> None:
    """End a campaign early: nobody more is targeted; windows that are open still count."""
    settings = Installation.of(data).settings()
    now = time_of(settings)
    ended = CampaignEnded(
        event_id=derived_id("campaign", campaign_id, "ended", now),
        campaign_id=campaign_id,
        occurred_at=now,
        ended_by=by,
    )
    _send(settings, ended)


@app.command("show")
def show_campaign(campaign_id: CampaignId, data: Data = None, as_json: AsJson = False) -> None:
    """Show both groups side by side, and the lift with its 95 % interval."""
    with tables(data) as views:
        known = {one.campaign_id: one for one in queries.campaigns(views)}
        groups = queries.groups(views, campaign_id)
    if campaign_id not in known:
        raise no_such("campaign", campaign_id, "See: memberstream campaigns list.")
    found = lift_of(groups)
    if as_json:
        figures = None if found is None else found._asdict()
        print_json({"campaign": known[campaign_id], "groups": groups, "lift": figures})
        return
    columns = ["group", ">members", ">shown", ">clicked", ">converted", ">share", ">orders",
               ">amount", ">satisfaction"]  # fmt: skip
    show(known[campaign_id].name, columns, [_row(one) for one in groups])
    say(told(found))


def _row(one: GroupFigures) -> tuple[object, ...]:
    share = f"{one.converted / one.members:.1%}"
    happy = None if one.satisfaction is None else f"{one.satisfaction:.1f}"
    amount = f"{one.amount_minor / 100:,.2f}"
    counts = one.members, one.shown, one.clicked, one.converted
    return one.lot, *counts, share, one.orders, amount, happy


def lift_of(groups: list[GroupFigures]) -> Lift | None:
    """The lift of the treated over the held out; none while a group is empty."""
    of = {one.lot: one for one in groups}
    if "TREATMENT" not in of or "HOLD_OUT" not in of:
        return None
    one, other = of["TREATMENT"], of["HOLD_OUT"]
    return lift(one.converted, one.members, other.converted, other.members)


def told(found: Lift | None) -> str:
    """The lift in a sentence."""
    if found is None:
        return "Nothing to compare yet: a group is empty."
    certain = "" if found.low > 0 or found.high < 0 else " It may be none at all."
    return (
        f"Lift {100 * found.difference:+.1f} percentage points, with 95 % confidence "
        f"{100 * found.low:+.1f} to {100 * found.high:+.1f}.{certain}"
    )


def _send(settings: Settings, event: Event) -> None:
    """Send and tell. Raises `typer.Exit` with 1 when it is refused."""
    set_definitions(settings, [event], CampaignRefused)
