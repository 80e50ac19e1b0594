"""The commands that ask about loyalty: a member, the cohorts, who is drifting away, how good
chances were."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import loyalty_report, winbacks
from cli.asking import Limit, Member, no_such, tables
from cli.terminal import AsJson, Data, print_json, say, show
from sinks.postgres import loyalty_queries as queries
from sinks.postgres.loyalty_queries import Cohort, Loyalty, Quality

app = typer.Typer(help="Who comes back, and who is drifting away.", no_args_is_help=True)
app.command("letters")(winbacks.letters)
app.command("report")(loyalty_report.report)


@app.command("member")
def member(member_id: Member, data: Data = None, as_json: AsJson = False) -> None:
    """Show how a member's purchases stand, as it was last said."""
    with tables(data) as views:
        found = queries.member(views, member_id)
    if found is None:
        raise no_such("buyer", member_id, "It may have bought nothing yet.")
    if as_json:
        print_json(found)
        return
    rows = [(name.replace("_", " "), _shown(found, name)) for name in found.__struct_fields__]
    show("", ["", ">"], rows)


@app.command("cohorts")
def cohorts(data: Data = None, as_json: AsJson = False) -> None:
    """Show members by the month of their first purchase: how many came back, and how soon."""
    with tables(data) as views:
        found = queries.cohorts(views)
    if as_json:
        print_json(found)
        return
    if not found:
        say("Nobody has bought anything yet.")
        return
    columns, rows = cohort_rows(found)
    show("", columns, rows)


def cohort_rows(found: list[Cohort]) -> tuple[list[str], list[tuple[object, ...]]]:
    """Columns and rows for people."""
    rows: list[tuple[object, ...]] = [
        (
            c.month,
            c.members,
            *map(_percent, (c.repeat_rate, c.retained_7, c.retained_30, c.retained_90)),
            _percent(c.probability),
        )
        for c in found
    ]
    columns = ["first bought", ">members", ">ever again", ">in 7 days", ">in 30", ">in 90"]
    return [*columns, ">chance of the next 90"], rows


@app.command("drifting")
def drifting(limit: Limit = 20, data: Data = None, as_json: AsJson = False) -> None:
    """List regular buyers who are later than is usual for them, the most overdue first."""
    with tables(data) as views:
        found = queries.drifting(views, limit)
    if as_json:
        print_json(found)
        return
    if not found:
        say("Nobody with a habit is late.")
        return
    columns = ["member", ">chance", ">purchases", ">usual days", ">spread", ">silent days"]
    show("", columns, [_late(one) for one in found])


@app.command("quality")
def quality(
    weeks: Annotated[int, typer.Option(min=1, help="The last so many weeks.")] = 26,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show how good the chances were, by the week in which they were said and by what came of them."""
    with tables(data) as views:
        found = queries.quality(views, weeks)
    if as_json:
        print_json(found)
        return
    if not found:
        say("No chance is old enough yet: each is judged 13 weeks after it was said.")
        return
    columns = [
        "week of",
        ">chances",
        ">foretold",
        ">came",
        ">AUC",
        ">Brier",
        ">of the share",
        ">ECE",
    ]
    show(
        "Said by the model of its day, judged 13 weeks later",
        columns,
        [_judged(one) for one in found],
    )


def _judged(one: Quality) -> tuple[object, ...]:
    said = sum(tenth.chances * (tenth.probability or 0.0) for tenth in one.tenths)
    figures = (one.auc, one.brier, one.base_brier, one.ece)
    return (
        one.week,
        one.chances,
        _percent(said / one.chances),
        _percent(one.bought / one.chances),
        *(None if figure is None else f"{figure:.3f}" for figure in figures),
    )


def _late(one: Loyalty) -> tuple[object, ...]:
    assert one.last_purchase_at is not None
    silent = (one.occurred_at - one.last_purchase_at).total_seconds() / 86_400
    return (
        one.member_id,
        _percent(one.probability),
        one.repeat_purchases + 1,
        _short(one.interval_days),
        _short(one.interval_spread_days),
        _short(silent),
    )


def _shown(found: Loyalty, name: str) -> object:
    value = getattr(found, name)
    if name == "probability":
        return _percent(value)
    return _short(value) if isinstance(value, float) else value


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def _short(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"
