"""What the main job's run found, for people and for machines."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.account import Account
from benchmarks.latency import Latency, share
from benchmarks.main_job import QUIET_RATE, MainJob, Paid

RATE_GOAL = 20_000
P50_GOAL, P99_GOAL = 0.1, 0.25
LIST_P99_GOAL = 1.0
RESTORE_GOAL = 200_000
WARM_GOAL = 5.0
QUIET_CORES_GOAL = 0.5
PAID_SHARE_GOAL = 2 / 3


def print_main_job(console: Console, found: MainJob) -> None:
    """A row a figure, with its goal; then what the time goes into."""
    table = Table(title="Main job: all agents, Avro, exactly once, one worker process")
    for heading in ("", "figure", "goal", ""):
        table.add_column(heading, justify="right" if heading in ("figure", "goal") else "left")
    table.add_row(
        "actions/s",
        f"{found.actions_per_second:,.0f}",
        f"{RATE_GOAL:,}",
        f"{found.actions:,} actions in {found.seconds:.1f} s, "
        f"{found.processor_seconds / found.seconds:.2f} cores of the worker",
    )
    if found.paid is not None:
        _paid(table, found, found.paid)
    table.add_row("memory, peak", f"{found.bytes_peak / 2**20:,.0f} MiB", "", "of the worker")
    for latency in (found.at_quiet_rate, found.at_half_load):
        if latency is not None:
            _latency(table, latency)
    _restore(table, found)
    table.add_row("outcomes", f"{found.account.outcomes.total():,}", "", _outcomes(found.account))
    console.print(table)
    _costs(console, found)


def _paid(table: Table, found: MainJob, paid: Paid) -> None:
    """What risk costs: the same mix with a payment behind every purchase."""
    part = paid.actions_per_second / found.actions_per_second
    table.add_row(
        "  with payments",
        f"{paid.actions_per_second:,.0f}",
        f"{found.actions_per_second * PAID_SHARE_GOAL:,.0f}",
        f"{part:.0%} of it, each purchase paid and scored: {_outcomes(paid.account)}",
    )


def _latency(table: Table, latency: Latency) -> None:
    at = f"to Redis at {latency.actions_per_second:,.0f}/s"
    probes = f"{len(latency.balances)} purchases, to the balance"
    table.add_row(f"{at}, p50", _ms(share(latency.balances, 50)), _ms(P50_GOAL), probes)
    table.add_row(f"{at}, p99", _ms(share(latency.balances, 99)), _ms(P99_GOAL), "")
    said = f"{len(latency.lists)} of the same, to the list of candidates"
    table.add_row("  to the list, p50", _ms(share(latency.lists, 50)), "", said)
    table.add_row("  to the list, p99", _ms(share(latency.lists, 99)), _ms(LIST_P99_GOAL), "")
    cores = ", ".join(f"{name} {used:.2f}" for name, used in latency.cores.items())
    together = latency.cores["worker"] + latency.cores.get("broker", 0.0)
    quiet = latency.actions_per_second == QUIET_RATE
    goal = f"{QUIET_CORES_GOAL:g}" if quiet else ""
    table.add_row("  cores, worker and broker", f"{together:.2f}", goal, cores)


def _restore(table: Table, found: MainJob) -> None:
    restored = found.restored
    if restored is None:
        return
    table.add_row(
        "restore, records/s",
        f"{restored.records_per_second:,.0f}",
        f"{RESTORE_GOAL:,}",
        f"{restored.records:,} records; {restored.cold_seconds:.1f} s from start to owning all",
    )
    table.add_row("warm restart", f"{restored.warm_seconds:.1f} s", f"{WARM_GOAL:g} s", "the same")


def _outcomes(account: Account) -> str:
    if account.exact:
        return "each purchase, return, redemption and payment has one end; no dead letter"
    return (
        f"[red]{account.missing:,} missing, {account.doubled:,} doubled, "
        f"{account.dead_letters:,} dead letters"
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def _costs(console: Console, found: MainJob) -> None:
    table = Table(title="What the worker's processor time goes into")
    for heading in ("", "share"):
        table.add_column(heading, justify="right" if heading == "share" else "left")
    for part in found.costs.parts:
        table.add_row(part.what, f"{part.share:.1%}")
    console.print(table)
    console.print(found.costs.words(), style="dim")


def figures(found: MainJob) -> dict[str, Any]:
    """The `main_job` and `restore` parts of the figures for machines."""
    main: dict[str, Any] = {
        "actions_per_second": round(found.actions_per_second, 1),
        "bytes_peak": found.bytes_peak,
        "actions": found.actions,
        "outcomes": found.account.outcomes.total(),
        "outcomes_missing": found.account.missing,
        "outcomes_doubled": found.account.doubled,
        "dead_letters": found.account.dead_letters,
        "costs": {part.what: round(part.share, 4) for part in found.costs.parts},
    }
    if found.paid is not None:
        main["actions_per_second_with_payments"] = round(found.paid.actions_per_second, 1)
        main["payments_exact"] = found.paid.account.exact
    main |= _latency_figures(found.at_half_load, "")
    main |= _latency_figures(found.at_quiet_rate, "_at_200")
    restored = found.restored
    return {
        "main_job": main,
        "restore": {
            "records_per_second": restored and round(restored.records_per_second, 1),
            "records": restored and restored.records,
            "cold_start_seconds": restored and round(restored.cold_seconds, 2),
            "warm_start_seconds": restored and round(restored.warm_seconds, 2),
        },
    }


def _latency_figures(latency: Latency | None, end: str) -> dict[str, Any]:
    found = latency or Latency(0.0, [], [], {})
    times = {"redis": found.balances, "list": found.lists}
    return {
        f"seconds_to_{where}_p{percent}{end}": round(share(seconds, percent), 4)
        if seconds
        else None
        for where, seconds in times.items()
        for percent in (50, 99)
    } | {f"cores{end or '_at_half_load'}": {name: round(n, 3) for name, n in found.cores.items()}}
