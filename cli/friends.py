"""The commands about friends: whose friends, and what invitations earned."""

from __future__ import annotations

import typer

from cli.asking import Limit, Member, tables
from cli.terminal import AsJson, Data, print_json, say, show
from sinks.postgres import friend_queries as queries

app = typer.Typer(help="Who is whose friend, and what invitations earned.", no_args_is_help=True)


@app.command("list")
def list_friends(
    member_id: Member, data: Data = None, limit: Limit = 100, as_json: AsJson = False
) -> None:
    """List a member's friends, the newest first."""
    with tables(data) as views:
        found = queries.friends(views, member_id, limit)
    if as_json:
        print_json(found)
    elif found:
        rows = [(one.friend_id, one.occurred_at, one.invitation_id) for one in found]
        show(f"Friends of {member_id}", ["friend", "since", "by invitation"], rows)
    else:
        say(f"{member_id} has no friends here: they come by accepted invitations.")


@app.command("referrals")
def list_referrals(
    member_id: Member, data: Data = None, limit: Limit = 100, as_json: AsJson = False
) -> None:
    """List what a member's invitations came to, on either side; why nothing, or taken back."""
    with tables(data) as views:
        found = queries.referrals(views, member_id, limit)
    if as_json:
        print_json(found)
    elif found:
        rows = [
            (one.occurred_at, one.friend_id, one.role, one.points, one.order_id, one.reason)
            for one in found
        ]
        columns = ["at", "with", "as", ">points", "for the order", "why not, or no more"]
        show(f"Invitations of {member_id}", columns, rows)
    else:
        say(f"No invitation of {member_id} has come to anything yet.")
