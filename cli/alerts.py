"""The commands about alerts: list, show, tail, judge, clear, budget, conformance."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cli.asking import no_such, tables
from cli.installation import Installation
from cli.json_actions import derived_id
from cli.sending import send, shown, time_of
from cli.terminal import AsJson, Data, print_json, say, show, when
from cli.trouble import Trouble
from schemas.risk import (
    AbuseKind,
    AlertBudgetChanged,
    AlertJudged,
    Evidence,
    Judgement,
    JudgementRefused,
)
from sinks.postgres import alert_queries
from sinks.postgres.alert_queries import Alert, Judged
from streams.settings import Settings

app = typer.Typer(help="What a fraud team is to look at, and its answers.", no_args_is_help=True)
AlertId = Annotated[str, typer.Argument(help="The alert.")]
By = Annotated[str, typer.Option(help="Who does it: an operator's id.")]
Kind = Annotated[str, typer.Option(help="Only this kind of abuse, such as PAYMENT.")]
OPERATOR = "operator"
STATES = {
    "open": ("OPEN",),
    "suppressed": ("SUPPRESSED",),
    "ended": ("CONFIRMED", "CLEARED", "EXPIRED"),
    "all": (),
}
COLUMNS = ["alert", "member", "kind", "verdict", ">score", ">count", "last seen", "state"]
REASONS_SHOWN = 3
NO_ALERT = "memberstream alerts list --state all shows them."


@app.command("list")
def list_alerts(
    data: Data = None,
    state: Annotated[
        Literal["open", "suppressed", "ended", "all"], typer.Option(help="Only these.")
    ] = "open",
    kind: Kind = "",
    member: Annotated[str, typer.Option(help="Only of this member.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Rows at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List alerts with their first reasons: the strictest verdict and the highest score first."""
    with tables(data) as views:
        found = alert_queries.alerts(
            views,
            limit,
            states=STATES[state],
            kind=_kind(kind) if kind else None,
            member_id=member or None,
        )
        newest = alert_queries.newest_evidence(views, [alert.alert_id for alert in found])
        counted = alert_queries.states(views)
    if as_json:
        print_json(found)
        return
    rows = [_row(alert, newest.get(alert.alert_id)) for alert in found]
    if rows:
        show("", [*COLUMNS, "why"], rows)
    every = ", ".join(f"{count:,} {name}" for name, count in counted.items())
    say(f"Alerts: {every}." if every else "There are no alerts.")


def _row(alert: Alert, newest: Evidence | None) -> tuple[object, ...]:
    why = "" if newest is None else _reasons(newest)
    return *_facts(alert), why


def _facts(alert: Alert) -> tuple[object, ...]:
    """What stands in `COLUMNS`."""
    what = alert.kind, alert.verdict, alert.score, alert.count, alert.last_seen_at
    return alert.alert_id, alert.member_id, *what, alert.state


def _reasons(evidence: Evidence) -> str:
    """Of the rules, which are why there is an alert, and of features the first with their contributions."""
    named = [one for one in evidence.reasons if one.source not in ("base", "feature:")]
    named.sort(key=lambda one: not one.source.startswith("rule:"))
    return "; ".join(f"{one.contribution:+d} {one.reason}" for one in named[:REASONS_SHOWN])


@app.command("show")
def show_alert(
    alert_id: AlertId,
    data: Data = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Pieces of evidence at most.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Show an alert with its evidence: reasons, contributions, and its score computed again.

    Exit code 1 when a score does not follow from its evidence.
    """
    with tables(data) as views:
        found = alert_queries.alert(views, alert_id)
        if found is None:
            raise no_such("alert", alert_id, NO_ALERT)
        evidence = alert_queries.evidence(views, alert_id, limit)
        judged = alert_queries.judgements(views, alert_id)
    wrong = [one for one in evidence if not _follows(one)]
    if as_json:
        follows = {one.subject_id: _follows(one) for one in evidence}
        print_json(
            {"alert": found, "evidence": evidence, "judgements": judged, "score_follows": follows}
        )
    else:
        _show(found, evidence, judged)
    if wrong:
        raise typer.Exit(1)


def _show(alert: Alert, evidence: list[Evidence], judged: list[Judged]) -> None:
    say(f"{alert.alert_id}  {alert.kind}  {alert.state}\nmember {alert.member_id}: {alert.summary}")
    say(
        f"first seen {alert.first_seen_at:%Y-%m-%d %H:%M}, last {alert.last_seen_at:%Y-%m-%d %H:%M}"
    )
    if alert.ended_at is not None:
        by = alert.analyst or "time"
        say(f"{alert.state} at {alert.ended_at:%Y-%m-%d %H:%M} by {by}: {alert.reason or '-'}")
    elif alert.expires_at is not None:
        say(f"Without a judgement it ends at {alert.expires_at:%Y-%m-%d %H:%M}.")
    for one in judged:
        say(
            f"{one.occurred_at:%Y-%m-%d %H:%M}  {one.judgement} by {one.analyst}: {one.reason or '-'}"
        )
    for piece in evidence:
        _show_evidence(piece)
    if len(evidence) < alert.count:
        say(f"{len(evidence)} of {alert.count} pieces are shown: --limit shows more.")


def _show_evidence(piece: Evidence) -> None:
    from agents.risk.alert_summary import money
    from agents.risk.scoring import words

    about = [piece.subject_id, piece.order_id, piece.redemption_id]
    named = " ".join(word for word in about if word)
    if piece.amount_minor is not None and piece.currency is not None:
        named += f"  {money(piece.amount_minor, piece.currency)}"
    values = {f"feature:{one.name}": one for one in piece.weights}
    rows = [
        (
            one.source,
            one.contribution,
            None if one.source not in values else values[one.source].value,
            one.reason,
        )
        for one in piece.reasons
    ]
    rows += [
        (name, 0, one.value, words(one.name, one.value))
        for name, one in values.items()
        if not one.weight  # no part of the score: a rule asked about it
    ]
    rows.append(("sum", sum(one.contribution for one in piece.reasons), None, ""))
    title = f"\n{named}  {piece.verdict} {piece.score}, {when(piece.scored_at)}"
    show(title, ["source", ">adds", ">value", "reason"], rows)
    version = f"{piece.model} {piece.variant} {piece.model_version}" if piece.model else "no model"
    rules = ", ".join(f"{r.rule_id} {r.version}" for r in piece.rules if not r.shadow) or "none"
    stale = ", older than it should be" if piece.stale else ""
    again = "same" if _follows(piece) else "NOT the same"
    say(f"model: {version}{stale}; rules: {rules}; recomputed: {again}")


def _follows(evidence: Evidence) -> bool:
    from agents.risk.rescoring import adds_up, rescore

    return rescore(evidence) == evidence.score and adds_up(evidence)


@app.command("judge")
def judge(
    alert_id: AlertId,
    found: Annotated[Literal["confirmed", "cleared"], typer.Argument(help="What was found.")],
    data: Data = None,
    by: By = OPERATOR,
    reason: Annotated[str, typer.Option(help="Why, for others to read.")] = "",
    member: Annotated[
        str, typer.Option(help="The alert's member; without it Postgres is asked.")
    ] = "",
) -> None:
    """Judge an alert, and say what followed. It may be late, and it may differ from the last time.

    Exit code 1 when it was refused.
    """
    settings = Installation.of(data).settings()
    now = time_of(settings)
    member_id = member or _member_of(alert_id, data)
    _judge(settings, [_judged(alert_id, member_id, Judgement[found.upper()], by, reason, now)])


def _judge(settings: Settings, judged: list[AlertJudged]) -> None:
    """Raises `typer.Exit` with 1 when one is refused, with the reasons."""
    followed = send(settings, judged)
    shown(followed)
    refused = [o for o in followed.outcomes if isinstance(o, JudgementRefused)]
    for why in dict.fromkeys(why for one in refused for why in one.reasons):
        say(f"  {why}")
    if refused or followed.dead_letters:
        raise typer.Exit(1)


@app.command("clear")
def clear(
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="The risk rule that was wrong.")],
    data: Data = None,
    by: By = OPERATOR,
    reason: Annotated[str, typer.Option(help="Why, for others to read.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it they are listed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Alerts at most.")] = 1_000,
) -> None:
    """Judge all undecided alerts that rest on one rule alone as cleared: what it stopped is let go.

    For a rule that hit the wrong people, also before it was switched off. An alert on which another rule
    fired as well is left for an analyst. Without --yes nothing is changed. Exit code 1 when one is refused.
    """
    with tables(data) as views:
        found = alert_queries.of_rule_alone(views, rule_id, limit)
    if not found:
        say(f"No undecided alert rests on {rule_id} alone.")
        return
    if not yes:
        show(f"They rest on {rule_id} alone", COLUMNS, map(_facts, found))
        say(f"{len(found):,} alerts. --yes clears them.")
        return
    settings = Installation.of(data).settings()
    now = time_of(settings)
    cleared = Judgement.CLEARED
    judged = [_judged(o.alert_id, o.member_id, cleared, by, reason, now) for o in found]
    _judge(settings, judged)


def _judged(
    alert_id: str, member_id: str, found: Judgement, by: str, reason: str, now: int
) -> AlertJudged:
    return AlertJudged(
        event_id=derived_id(alert_id, found.value.lower(), by, reason, now),
        member_id=member_id,
        occurred_at=now,
        alert_id=alert_id,
        judgement=found,
        analyst=by,
        reason=reason,
    )


def _member_of(alert_id: str, data: Data) -> str:
    with tables(data) as views:
        found = alert_queries.alert(views, alert_id)
    if found is None:
        raise no_such("alert", alert_id, NO_ALERT)
    return found.member_id


@app.command("budget")
def budget(
    kind: Annotated[str, typer.Argument(help="The kind of abuse, such as PAYMENT.")],
    alerts_a_day: Annotated[int, typer.Argument(min=0, help="Over the whole installation.")],
    data: Data = None,
    by: By = OPERATOR,
) -> None:
    """Set how many alerts of a kind a day may open; what is beyond is counted, and held all the same."""
    wanted = AbuseKind[_kind(kind)]
    settings = Installation.of(data).settings()
    now = time_of(settings)
    changed = AlertBudgetChanged(
        event_id=derived_id(kind, alerts_a_day, now),
        kind=wanted,
        occurred_at=now,
        alerts_a_day=alerts_a_day,
        changed_by=by,
    )
    followed = send(settings, [changed])
    if followed.dead_letters or not followed.passed:
        shown(followed)
    else:
        say(f"{changed.kind}: {alerts_a_day:,} alerts a day, shared by the partitions.")
    if followed.dead_letters:
        raise typer.Exit(1)


@app.command("tail")
def tail(
    data: Data = None,
    start: Annotated[
        bool, typer.Option("--from-start", help="All there ever were, then those that come.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="End after so many; 0: never.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """Print what is said of alerts as it is said, until Ctrl-C."""
    from cli.alert_tail import follow

    follow(Installation.of(data).settings(), from_start=start, limit=limit, as_json=as_json)


def _kind(kind: str) -> str:
    known = [one.value for one in AbuseKind if one is not AbuseKind.UNKNOWN]
    if kind.upper() not in known:
        raise Trouble(
            f"There is no kind {kind!r}.",
            f"There are {', '.join(known)}.",
            "Give one of them.",
            exit_code=2,
        )
    return kind.upper()


@app.command("conformance")
def conformance(
    data: Data = None,
    consumer: Annotated[
        str, typer.Option(help="The command of your consumer; default: the example.")
    ] = "",
    judge: Annotated[
        str,
        typer.Option(help="A command that answers an alert, given ALERT MEMBER CONFIRMED WHO WHY."),
    ] = "",
    kafka: Annotated[str, typer.Option(help="Another Kafka than the installation's.")] = "",
    patience_seconds: Annotated[float, typer.Option(min=1, help="For what is to come.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Try a consumer of alerts: it is given golden records on a topic of its own, and watched.

    What it must print is in docs/alerts.md. Exit code 1 when it broke a rule of the contract.
    """
    from conformance.contract import EXAMPLE, run, told

    address = kafka or Installation.of(data).settings().kafka
    tried = consumer or EXAMPLE
    answering = judge or ("" if consumer else f"{EXAMPLE} judge")
    try:
        findings = run(address, tried, answering, patience_seconds=patience_seconds)
    except OSError as error:
        raise Trouble(
            "The command cannot be started.",
            f"{error.strerror}: {error.filename}.",
            "Give it as you would type it, in quotes.",
            exit_code=2,
        ) from error
    if as_json:
        print_json([one._asdict() for one in findings])
    else:
        for line in told(findings):
            say(line)
    if any(not one.kept for one in findings):
        raise typer.Exit(1)
