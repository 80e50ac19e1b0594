"""Who is most worth a letter, each with the reasons."""

from __future__ import annotations

from cli.asking import Limit, tables
from cli.terminal import AsJson, Data, print_json, say, show
from sinks.postgres.winback_queries import Winback, winbacks

COLUMNS = ["member", ">at stake", ">spends in 90 days", ">chance without silence", ">now", ">late by days",
           ">usual days", ">purchases", "prefers"]  # fmt: skip


def letters(limit: Limit = 20, data: Data = None, as_json: AsJson = False) -> None:
    """List the members most worth a letter: what is at stake, and how late they are."""
    with tables(data) as views:
        found = winbacks(views, limit)
    if as_json:
        print_json(found)
        return
    shown(found)


def shown(found: list[Winback]) -> None:
    """The list for people."""
    if not found:
        say("Nobody with a habit is late.")
        return
    show(
        f"Most worth a letter, as of {found[0].as_of:%Y-%m-%d}: at stake is what the member spends in "
        "90 days, times what silence took of the chance of buying again",
        COLUMNS,
        [_row(one) for one in found],
    )


def _row(one: Winback) -> tuple[object, ...]:
    return (
        one.member_id,
        f"{one.stake_minor / 100:,.0f} {one.currency}",
        f"{one.spend_rate_minor / 100:,.0f}",
        f"{one.probability_fresh:.0%}",
        f"{one.probability:.0%}",
        f"{one.late_days:.0f}",
        f"{one.interval_days:.0f}",
        one.purchases,
        ", ".join(one.categories) or "-",
    )
