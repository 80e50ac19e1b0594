"""What a demo came to about those who misbehave: the truth of its data folder against its alerts."""

from __future__ import annotations

from cli.installation import Installation
from cli.terminal import milliseconds, say, show
from evaluation.caught import Alarm, Caught, Figures, figures
from replay.misbehaviour import truth
from sinks.postgres import queries
from sinks.postgres.alert_queries import opened

ALERTS_MOST = 1_000_000


def compared(installation: Installation) -> Figures:
    """Ask the views for all alerts and compare. Raises what the views raise."""
    incidents = truth.read(installation.folder)
    with queries.open_views(installation.view_settings) as views:
        alarms = [
            Alarm(alert.member_id, alert.kind, milliseconds(alert.first_seen_at))
            for alert in opened(views, ALERTS_MOST)
        ]
        members = queries.counts(views)["members"]
    return figures(incidents, alarms, members - len({m for i in incidents for m in i.members}))


def tell(found: Figures) -> None:
    """The summary for people."""
    told = sum(caught.incidents for caught in found.schemes.values())
    if not told:
        say("Nobody misbehaved in so short a time.")
        return
    columns = [
        "who misbehaved",
        ">times",
        ">caught",
        ">in kind",
        ">hours",
        ">before GBP",
        ">of GBP",
    ]
    show("", columns, [_row(name, caught) for name, caught in found.schemes.items()])
    false = ", ".join(f"{count} {kind}" for kind, count in found.false_by_kind.items())
    share = f" ({100 * found.false_share:.0f} %)" if found.false_share is not None else ""
    say(
        f"{found.alerts:,} alerts, {found.false_alarms:,} of them false alarms{share}"
        f"{f': {false}' if false else ''}; {found.members:,} honest members. "
        "The truth is in truth.json of the data folder; no worker has seen it."
    )


def _row(name: str, caught: Caught) -> tuple[object, ...]:
    return (
        name.lower().replace("_", " "),
        caught.incidents,
        caught.caught,
        caught.in_kind,
        caught.hours,
        _pounds(caught.taken_before_minor),
        _pounds(caught.taken_minor),
    )


def _pounds(minor: int) -> str:
    return f"{minor / 100:,.0f}"
