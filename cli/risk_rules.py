"""The commands about risk rules: list, show, set, snooze, retire, first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from cli.asking import no_such, tables
from cli.definitions import read_definition, set_definitions
from cli.installation import Installation
from cli.json_actions import derived_id
from cli.sending import time_of
from cli.terminal import AsJson, Data, console, milliseconds, moment, print_json, say, show, when
from cli.trouble import Trouble
from schemas.risk import AbuseKind, RiskRule, RiskRuleChanged, RiskRuleRefused
from sinks.postgres import queries
from sinks.postgres.answers import RiskRuleVersion
from streams.settings import Settings

if TYPE_CHECKING:  # at run time only where it is needed: it brings the agents
    from evaluation.risk_dry_run import Hits

app = typer.Typer(help="Rules over features: list, try, set, snooze, retire.", no_args_is_help=True)
RuleId = Annotated[str, typer.Argument(help="The rule.")]
RuleFile = Annotated[
    Path, typer.Argument(help="The rule as JSON: fields of RiskRule in schemas/risk.py.")
]
By = Annotated[str, typer.Option(help="The operator who does it.")]
OPERATOR = "operator"
REASON_SHOWN = 60
ACTIONS = 100_000


@app.command("list")
def list_rules(
    data: Data = None,
    every: Annotated[bool, typer.Option("--all", help="Also versions that are over.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the rules: what holds, and what follows; and which were switched off of late."""
    with tables(data) as views:
        found = queries.risk_rules(views)
        switches = queries.risk_rule_switches(views, 10)
    now = time_of(Installation.of(data).settings())
    versions = found if every else _in_force(found, now)
    if as_json:
        print_json({"rules": versions, "switched_off": switches})
        return
    if not versions:
        say("There is no risk rule: memberstream risk rules first sets some to begin with.")
        return
    columns = ["rule", ">version", "state", "kind", "verdict", ">weight", "where", "reason"]
    show("", columns, [_row(version, now) for version in versions])
    if switches:
        show(
            "Switched off for the rest of a day in a partition, newest first",
            ["rule", ">version", "day", ">partition", ">stopped", ">payments", "at"],
            [
                (s.rule_id, s.version, s.day, s.log_partition, s.stopped, s.payments, s.occurred_at)
                for s in switches
            ],
        )


def _in_force(found: list[RiskRuleVersion], now: int) -> list[RiskRuleVersion]:
    """Of each rule the version that holds, and those that are still to come; no ended ones."""
    begun = {v.rule_id: v.version for v in found if milliseconds(v.effective_at) <= now}
    return [
        version
        for version in found
        if version.version >= begun.get(version.rule_id, 0)
        and not (version.retired and milliseconds(version.effective_at) <= now)
    ]


def _row(version: RiskRuleVersion, now: int) -> tuple[object, ...]:
    rule = msgspec.convert(version.rule, RiskRule)
    return (
        version.rule_id,
        version.version,
        _state(version, rule, now),
        rule.kind.value,
        rule.verdict.value,
        rule.weight,
        rule.expression,
        rule.reason,
    )


def _state(version: RiskRuleVersion, rule: RiskRule, now: int) -> str:
    effective_at = milliseconds(version.effective_at)
    if effective_at > now:
        return f"{'ends' if rule.retired else 'from'} {when(effective_at)}"
    if rule.retired:
        return "retired"
    if rule.snoozed_until is not None and rule.snoozed_until > now:
        return f"snoozed until {when(rule.snoozed_until)} by {rule.snoozed_by}"
    return "shadow" if rule.shadow else "in force"


@app.command("show")
def show_rule(rule_id: RuleId, data: Data = None, as_json: AsJson = False) -> None:
    """Show all versions of a rule; --json prints the newest as `set` takes it, to be changed."""
    with tables(data) as views:
        found = [version for version in queries.risk_rules(views) if version.rule_id == rule_id]
    if not found:
        raise _unknown(rule_id)
    if as_json:
        print_json(found[-1].rule)
        return
    for version in found:
        say(
            f"{rule_id} {version.version}, from {version.effective_at:%Y-%m-%d %H:%M}, "
            f"by {version.changed_by}"
        )
        rows = [(name, _word(value)) for name, value in version.rule.items()]
        show("", ["", "is"], rows)


def _word(value: Any) -> object:
    return when(value) if isinstance(value, int) and value > 10**11 else value


@app.command("set")
def set_rule(
    rule_id: RuleId,
    file: RuleFile,
    data: Data = None,
    effective: Annotated[str, typer.Option(help="It applies from then on; default: now.")] = "",
    by: By = OPERATOR,
) -> None:
    """Set the next version of a rule, and say whether it was accepted.

    It is checked before it is sent. A version with "shadow": true is only said: see whom it hits, or
    `dry-run` it, before it has an effect.
    """
    rule = read_rule(file)
    _change(data, rule_id, rule, by, effective)


@app.command("snooze")
def snooze(
    rule_id: RuleId,
    until: Annotated[
        str,
        typer.Argument(metavar="MOMENT", help="It has no effect before; as 2011-12-09, UTC."),
    ],
    data: Data = None,
    by: By = OPERATOR,
) -> None:
    """Let a rule have no effect for a while; it is still said. It wakes by itself."""
    with tables(data) as views:
        rule = _newest(views, rule_id)
    until_at = milliseconds(moment(until))
    _change(data, rule_id, msgspec.structs.replace(rule, snoozed_until=until_at, snoozed_by=by), by)


@app.command("retire")
def retire(rule_id: RuleId, data: Data = None, by: By = OPERATOR) -> None:
    """End a rule. `set` begins it anew."""
    with tables(data) as views:
        rule = _newest(views, rule_id)
    _change(data, rule_id, msgspec.structs.replace(rule, retired=True), by)


@app.command("dry-run")
def dry_run(
    rule: Annotated[
        str, typer.Argument(help="A rule of this installation, or a file as `set` takes it.")
    ],
    data: Data = None,
    last: Annotated[int, typer.Option(min=1, help="So many labelled payments.")] = 10_000,
    actions: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Live through the last so many actions instead. Rules of other kinds than PAYMENT "
            f"always do: {ACTIONS:,}, if not said.",
        ),
    ] = None,
    year: Annotated[
        bool, typer.Option("--year", help="Live through the year of the demo instead; any kind.")
    ] = False,
    orders: Annotated[
        int | None, typer.Option(min=1, help="With --year: only so many of its orders.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whom a rule would have hit; nothing is changed.

    A rule of PAYMENT is asked about the last payments that have a label, with what it would have seen when
    they were paid; the newest have none yet and are not among them. With --actions the agents live through
    the newest actions again, of any kind and without labels: what came before those is not known, so
    features fill as they go. With --year they live through the demo's year, where the truth is known; that
    takes minutes.
    """
    tried = _tried(rule, data)
    try:
        if year:
            _dry_run_year(tried, orders, as_json)
        elif actions or tried.kind is not AbuseKind.PAYMENT:
            _dry_run_actions(tried, Installation.of(data).settings(), actions or ACTIONS, as_json)
        else:
            _dry_run_labelled(tried, Installation.of(data).settings(), last, as_json)
    except ValueError as error:
        raise Trouble("The rule is refused.", str(error), "Correct it.", exit_code=2) from error


def _dry_run_labelled(tried: RiskRule, settings: Settings, last: int, as_json: bool) -> None:
    from evaluation.examples import newest_examples
    from evaluation.risk_dry_run import hits

    found = hits(
        tried,
        newest_examples(settings.kafka, settings.partitions, last, prefix=settings.topic_prefix),
    )
    if as_json:
        shares = {"share": found.share, "precision": found.precision, "recall": found.recall}
        print_json(msgspec.to_builtins(found) | shares)
        return
    _show_hits(found)


def _dry_run_actions(tried: RiskRule, settings: Settings, count: int, as_json: bool) -> None:
    from evaluation.newest_actions import newest_actions
    from evaluation.risk_trial import HEARD, trial

    with console.status(f"Living through the last {count:,} actions …"):
        told = newest_actions(
            settings.kafka, settings.partitions, count, HEARD, prefix=settings.topic_prefix
        )
        found = trial(tried, told)
    if as_json:
        print_json(found)
        return
    if not found.actions:
        say("Nothing is told yet that a rule is asked about.")
        return
    rows = [
        ("actions that count for risk", found.actions),
        ("hit", found.hits),
        ("… members", found.members),
        ("… amount, minor units", found.amount_minor),
    ]
    until = f"{when(found.from_at or 0)} to {when(found.until_at or 0)}"
    show(f"{found.kind}, verdict {found.verdict}, weight {found.weight}; {until}", ["", ">"], rows)
    if found.newest:
        newest = [(when(t.at), t.member_id, t.subject_id, t.amount_minor) for t in found.newest]
        show("The newest of them", ["at", "member", "what", ">amount"], newest)


def _tried(rule: str, data: Data) -> RiskRule:
    """A rule from a file, or of this installation."""
    if Path(rule).exists():
        return read_rule(Path(rule))
    with tables(data) as views:
        return _newest(views, rule)


def _dry_run_year(tried: RiskRule, orders: int | None, as_json: bool) -> None:
    from cli.replaying import reading
    from evaluation.misbehaviour import live
    from replay.year import SEED

    year = reading(orders, SEED, risk=True)
    with console.status(f"Living through {year.orders:,} orders …"):
        found = live(year, tried)
    if as_json:
        print_json(found)
        return
    rows = [
        ("hit", found.hits),
        ("… by who misbehaved", found.hits_true),
        ("… by others: false", found.hits - found.hits_true),
        ("… members", found.members),
        ("… amount, minor units", found.amount_minor),
        ("payments", found.payments),
        ("… of them fraud", found.true_payments),
    ]
    show(f"{tried.kind.value} over {year.orders:,} orders of the demo's year", ["", ">"], rows)
    if found.newest:
        columns = ["at", "member", "what", ">amount", "true"]
        newest = [
            (when(t.at), t.member_id, t.subject_id, t.amount_minor, t.true) for t in found.newest
        ]
        show("The newest of them", columns, newest)


def _show_hits(found: Hits) -> None:
    if not found.payments:
        say("No payment has a label yet.")
        return
    rows = [
        ("payments with a label", found.payments),
        ("… of them fraud", found.frauds),
        ("hit", found.hits),
        ("… of all payments", _percent(found.share)),
        ("… members", found.members),
        ("… amount, minor units", found.amount_minor),
        ("hit and fraud", found.hits_fraud),
        ("… of those hit (precision)", _percent(found.precision)),
        ("… of all fraud (recall)", _percent(found.recall)),
        ("… amount, minor units", found.fraud_amount_minor),
        ("… that no alert had", found.hits_new),
    ]
    until = f"{when(found.from_at or 0)} to {when(found.until_at or 0)}"
    show(f"Verdict {found.verdict}, weight {found.weight}; paid {until}", ["", ">"], rows)
    if found.newest:
        show(
            "The newest of them",
            ["paid at", "member", "payment", ">amount", "fraud", "says", "alert"],
            [
                (when(h.paid_at), h.member_id, h.payment_id, h.amount_minor, h.fraud, h.source.value,
                 h.alerted)
                for h in found.newest
            ],
        )  # fmt: skip


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


@app.command("first")
def first(data: Data = None, by: By = OPERATOR) -> None:
    """Set the rules of schemas/risk_rules.json that this installation does not have yet."""
    from schemas.risk_rules import first_versions

    settings = Installation.of(data).settings()
    with tables(data) as views:
        known = {version.rule_id for version in queries.risk_rules(views)}
    every = list(first_versions(time_of(settings), by))
    missing = [event for event in every if event.rule_id not in known]
    if not missing:
        say(f"All {len(every)} are there.")
        return
    _send(settings, missing)


def _change(data: Data, rule_id: str, rule: RiskRule, by: str, effective: str = "") -> None:
    """Send the next version. Raises `typer.Exit` with 1 when it is refused."""
    settings = Installation.of(data).settings()
    now = time_of(settings)
    effective_at = milliseconds(moment(effective)) if effective else now
    with tables(data) as views:
        versions = [v.version for v in queries.risk_rules(views) if v.rule_id == rule_id]
    version = max(versions, default=0) + 1
    changed = RiskRuleChanged(
        event_id=derived_id("risk", rule_id, version, effective_at, msgspec.to_builtins(rule)),
        rule_id=rule_id,
        occurred_at=now,
        version=version,
        effective_at=effective_at,
        changed_by=by,
        rule=rule,
    )
    check(changed)
    say(f"Version {version} of {rule_id}:")
    _send(settings, [changed])


def _send(settings: Settings, changes: list[RiskRuleChanged]) -> None:
    set_definitions(settings, changes, RiskRuleRefused)


def check(changed: RiskRuleChanged) -> None:
    """What the workers would say of the rule in itself, before it is sent. Raises `Trouble`."""
    from agents.risk.rules import wrong

    reasons = list(wrong(changed))
    if reasons:
        raise Trouble(
            f"The rule {changed.rule_id} is refused.",
            " ".join(reasons),
            "Correct it; docs/risk.md has the language and all features.",
            exit_code=2,
        )


def _newest(views: queries.Views, rule_id: str) -> RiskRule:
    found = [version for version in queries.risk_rules(views) if version.rule_id == rule_id]
    if not found:
        raise _unknown(rule_id)
    return msgspec.convert(found[-1].rule, RiskRule)


def _unknown(rule_id: str) -> Trouble:
    return no_such("risk rule", rule_id, "See: memberstream risk rules list --all.")


def read_rule(file: Path) -> RiskRule:
    """The rule in a file. Raises `Trouble`."""
    return read_definition(
        file,
        RiskRule,
        "risk rule",
        "memberstream risk rules show RULE --json prints one as it is to be.",
    )
