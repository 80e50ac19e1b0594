"""The commands about points rules: list, dry-run, set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cli.asking import tables
from cli.definitions import read_definition, set_definitions
from cli.installation import Installation
from cli.json_actions import derived_id
from cli.sending import time_of
from cli.terminal import AsJson, Data, console, milliseconds, moment, print_json, say, show
from cli.trouble import Trouble
from schemas.actions import RuleChanged
from schemas.outcomes import RuleRefused
from schemas.rules import PointsRule
from sinks.postgres import queries

app = typer.Typer(help="Points rules: list, try, set.", no_args_is_help=True)
RuleFile = Annotated[Path, typer.Argument(help="The rule as JSON: fields of schemas/rules.py.")]
RULE = "standard"


@app.command("list")
def list_rules(data: Data = None, as_json: AsJson = False) -> None:
    """List all versions: from when they apply, who set them, what holds."""
    with tables(data) as views:
        found = queries.rules(views)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            r.rule_id,
            r.version,
            r.effective_at,
            r.changed_by,
            "retired" if r.retired else _brief(r.rule),
        )
        for r in found
    ]
    columns = ["rule", ">version", "effective at", "by", "what is not as usual"]
    if rows:
        show("", columns, rows)
    else:
        say("There is no rule: nothing earns points.")


def _brief(rule: dict[str, object] | None) -> str:
    """The fields that are not at their defaults."""
    usual = msgspec.to_builtins(PointsRule(earn_rates=[]))
    return ", ".join(
        f"{name}={msgspec.json.encode(value).decode()}"
        for name, value in (rule or {}).items()
        if value != usual.get(name)
    )


@app.command("set")
def set_rule(
    file: RuleFile,
    data: Data = None,
    rule_id: Annotated[str, typer.Option(help="The rule.")] = RULE,
    effective: Annotated[str, typer.Option(help="It applies from then on; default: now.")] = "",
    by: Annotated[str, typer.Option(help="The operator who sets it.")] = "operator",
) -> None:
    """Set the next version of a rule, and say whether it was accepted.

    Orders keep the version under which they were made. The same file with the same moment again is
    a repeat.
    """
    rule = read_rule(file)
    settings = Installation.of(data).settings()
    now = time_of(settings)
    effective_at = milliseconds(moment(effective)) if effective else now
    with tables(data) as views:
        versions = [found.version for found in queries.rules(views) if found.rule_id == rule_id]
    version = max(versions, default=0) + 1
    changed = RuleChanged(
        event_id=derived_id(rule_id, version, effective_at, msgspec.to_builtins(rule)),
        rule_id=rule_id,
        occurred_at=now,
        version=version,
        effective_at=effective_at,
        changed_by=by,
        rule=rule,
    )
    say(f"Version {version} of {rule_id}:")
    set_definitions(settings, [changed], RuleRefused)


@app.command("dry-run")
def dry_run(
    file: RuleFile,
    orders: Annotated[
        int | None, typer.Option(min=1, help="A sample: only so many orders. Default: the year.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what the data lacks and is generated.")] = 2011,
    as_json: AsJson = False,
) -> None:
    """Say what a rule would have cost over the year of real orders; nothing is changed.

    The very agents live through the year again, in this process: the same rule on a real run gives the
    same numbers.
    """
    from cli.replaying import reading
    from evaluation.dry_run import run

    rule = read_rule(file)
    year = reading(orders, seed)
    with console.status(f"Living through {year.orders:,} orders …"):
        try:
            cost = run(year.actions(), rule, until=year.ends_at)
        except ValueError as error:
            raise Trouble("The rule is refused.", str(error), "Correct it.", exit_code=2) from error
    if as_json:
        print_json(cost)
        return
    plain = {n: v for n, v in msgspec.to_builtins(cost).items() if not isinstance(v, dict)}
    title = f"{year.orders:,} orders under {file}"
    show(title, ["", ">"], [(n.replace("_", " "), v) for n, v in plain.items()])
    months = [(name, m.orders, m.issued, m.reversed) for name, m in cost.by_month.items()]
    show("", ["month", ">orders", ">issued", ">reversed"], months)
    show("", ["category", ">issued"], cost.by_category.items())
    show("", ["refused", ">times"], cost.refused.items())


def read_rule(file: Path) -> PointsRule:
    """The rule in a file. Raises `Trouble`."""
    return read_definition(
        file,
        PointsRule,
        "points rule",
        "Its fields are in schemas/rules.py; `memberstream rules list --json` shows some.",
    )
