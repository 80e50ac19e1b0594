"""The commands about tiers: sizes, a member's tier and why, the programme and its next version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cli.asking import Limit, Member, no_such, tables
from cli.definitions import read_definition, set_definitions
from cli.installation import Installation
from cli.json_actions import derived_id
from cli.sending import time_of
from cli.terminal import AsJson, Data, milliseconds, moment, print_json, say, show
from schemas.tiers import PROGRAMME, TierRule, TierRuleChanged, TierRuleRefused
from sinks.postgres import tier_queries as queries
from sinks.postgres.tier_queries import MemberTier, Size

app = typer.Typer(help="Tiers: who is where, why, and what holds.", no_args_is_help=True)
RuleFile = Annotated[
    Path, typer.Argument(help="The programme as JSON: fields of TierRule in schemas/tiers.py.")
]


TIER_COLUMNS = ["tier", ">members", ">mean points", ">came up", ">fell"]


@app.command("list")
def list_tiers(data: Data = None, as_json: AsJson = False) -> None:
    """List the tiers: their members, and how often somebody came up to them or fell to them."""
    with tables(data) as views:
        found = queries.sizes(views)
    if as_json:
        print_json(found)
    elif found:
        show("", TIER_COLUMNS, tier_rows(found))
    else:
        say("Nobody has a tier: memberstream tiers set FILE begins a programme.")


def tier_rows(found: list[Size]) -> list[tuple[object, ...]]:
    """Rows for people."""
    return [(s.tier, s.members, f"{s.qualifying_points:.0f}", s.raised, s.lowered) for s in found]


@app.command("show")
def show_member(
    member_id: Member, data: Data = None, limit: Limit = 20, as_json: AsJson = False
) -> None:
    """Show a member's tier, how far the next one is, and every change with its reason."""
    with tables(data) as views:
        found = queries.member(views, member_id)
        changes = queries.changes(views, member_id, limit)
    if found is None:
        raise no_such("tier of", member_id, "It may not be registered, or there is no programme.")
    if as_json:
        print_json({"tier": found, "changes": changes})
        return
    show(f"Member {member_id}", ["", ">"], _standing(found))
    columns = ["at", "from", "to", "reason", ">points", ">earns %"]
    rows = [
        (c.occurred_at, c.from_tier, c.tier, c.reason, c.qualifying_points, c.earn_percent)
        for c in changes
    ]
    show("Changes, newest first", columns, rows)


def _standing(found: MemberTier) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("tier", found.tier),
        ("qualifying points", found.qualifying_points),
        ("reviewed at", found.review_at),
    ]
    if found.next_tier is not None and found.next_threshold_points is not None:
        missing = found.next_threshold_points - found.qualifying_points
        rows.append((f"missing to {found.next_tier}", max(missing, 0)))
    return rows


@app.command("rules")
def list_rules(data: Data = None, as_json: AsJson = False) -> None:
    """List all versions of the programme: from when they hold, who set them, what holds."""
    with tables(data) as views:
        found = queries.rules(views)
    if as_json:
        print_json(found)
        return
    if not found:
        say("There is no programme: memberstream tiers set FILE begins one.")
        return
    rows = []
    for version in found:
        rule = msgspec.convert(version.rule, TierRule)
        steps = ", ".join(
            f"{t.tier} {t.threshold_points:,} ({t.earn_percent} %)" for t in rule.tiers
        )
        counts = f"{rule.periods} x {rule.period.value}"
        who = version.version, version.effective_at, version.changed_by
        rows.append((*who, counts, rule.downgrade.value, steps))
    show("", [">version", "effective at", "by", "counts", "down", "tiers"], rows)


@app.command("set")
def set_rule(
    file: RuleFile,
    data: Data = None,
    effective: Annotated[str, typer.Option(help="It holds from then on; default: now.")] = "",
    by: Annotated[str, typer.Option(help="The operator who sets it.")] = "operator",
) -> None:
    """Set the next version of the programme, and say whether it was accepted.

    A version holds from the first period that begins after it, the first one at once.
    """
    rule = read_rule(file)
    settings = Installation.of(data).settings()
    now = time_of(settings)
    effective_at = milliseconds(moment(effective)) if effective else now
    with tables(data) as views:
        version = max((found.version for found in queries.rules(views)), default=0) + 1
    changed = TierRuleChanged(
        event_id=derived_id(PROGRAMME, version, effective_at, msgspec.to_builtins(rule)),
        occurred_at=now,
        version=version,
        effective_at=effective_at,
        changed_by=by,
        rule=rule,
    )
    say(f"Version {version} of the tiers:")
    set_definitions(settings, [changed], TierRuleRefused)


def read_rule(file: Path) -> TierRule:
    """The programme in a file. Raises `Trouble`."""
    return read_definition(
        file,
        TierRule,
        "programme of tiers",
        "Its fields are in schemas/tiers.py; `memberstream tiers rules --json` shows some.",
    )
