"""What a run of the benchmark found: a table for people and figures for machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Rate

GOALS = {"quix_streams": 4.0, "kafka_streams": 1.5, "faust": 50.0}
OURS = "ours"


@dataclass
class EngineReport:
    """The counting pipeline on the engine and on its peers.

    `absent`: what the machine lacks for a peer; `failed`: why one that could run did not.
    """

    rates: dict[str, Rate] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def ratio(self, name: str) -> float | None:
        """How many times as fast as this peer the engine is; None when one of them is absent."""
        ours, theirs = self.rates.get(OURS), self.rates.get(name)
        if ours is None or theirs is None or not theirs.events_per_second:
            return None
        return ours.events_per_second / theirs.events_per_second

    def figures(self) -> dict[str, float | None]:
        """Events a second by name, None where a peer is absent."""
        return {
            name: round(self.rates[name].events_per_second, 1) if name in self.rates else None
            for name in (OURS, *GOALS)
        }


def print_engine(console: Console, report: EngineReport, titles: Mapping[str, str]) -> None:
    """The table of the counting pipeline, a row a peer, with its goal."""
    table = Table(title="Count per key, state, changelog, one output an event, exactly once")
    for heading in ("", "events/s", "second half", "events", "cores", "ours is", "goal", "outputs"):
        table.add_column(heading, justify="left" if heading in ("", "outputs") else "right")
    for name, title in titles.items():
        table.add_row(title, *_cells(report, name))
    console.print(table)
    console.print(
        "Timed by the broker's committed ends, from the first committed outputs to the last: what was "
        "committed first (start-up, joining, an empty restore, the first transaction) is not counted. "
        "Second half: the rate after half of the outputs, when a JVM is warm. Cores: processor seconds "
        "of the process a second; all share this machine with the broker.",
        style="dim",
    )


def _cells(report: EngineReport, name: str) -> list[str]:
    rate = report.rates.get(name)
    if rate is None:
        if name in report.failed:
            return ["-"] * 6 + [f"[red]failed: {report.failed[name]}"]
        return ["-"] * 6 + [f"not run: {report.absent.get(name, 'not asked for')}"]
    ratio = report.ratio(name)
    ours = name == OURS
    return [
        f"{rate.events_per_second:,.0f}",
        f"{rate.second_half:,.0f}" if rate.second_half else "-",
        f"{rate.events:,}",
        f"{rate.processor_seconds / rate.seconds:.2f}",
        "" if ours or ratio is None else f"{ratio:.1f} x",
        "" if ours else _goal(ratio, GOALS[name]),
        _outputs(rate),
    ]


def _goal(ratio: float | None, goal: float) -> str:
    if ratio is None:
        return f"{goal:g} x"
    return f"[green]{goal:g} x reached" if ratio >= goal else f"[yellow]{goal:g} x not reached"


def _outputs(rate: Rate) -> str:
    verdict = rate.verdict
    if verdict.exact:
        return "each count once"
    return f"[red]{verdict.missing:,} missing, {verdict.doubled:,} doubled"
