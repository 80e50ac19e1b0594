"""How a demo looks while it runs: a live picture in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from cli.terminal import console, say, table, when
from cli.watching import Seen
from sinks.postgres.alert_queries import Alert

LINE_SECONDS = 2.0
RATE_SECONDS = 5.0
ALERTS_LINES = 5


@dataclass
class Rate:
    """Actions a second over the last seconds."""

    _counted: list[tuple[float, int]] = field(default_factory=list)

    def of(self, actions: int) -> float:
        """The rate now, with so many actions so far."""
        now = time.monotonic()
        self._counted.append((now, actions))
        while now - self._counted[0][0] > RATE_SECONDS:
            self._counted.pop(0)
        since, before = self._counted[0]
        return (actions - before) / (now - since) if now > since else 0.0


@dataclass
class News:
    """Alerts that were not told yet; of many at once only the newest are."""

    _told: set[str] = field(default_factory=set)

    def of(self, seen: Seen) -> list[str]:
        """A line for each new alert, the oldest first."""
        fresh = [alert for alert in reversed(seen.alerts) if alert.alert_id not in self._told]
        self._told.update(alert.alert_id for alert in fresh)
        lines = [alert_line(alert) for alert in fresh[-ALERTS_LINES:]]
        more = len(fresh) - len(lines)
        return [f"  … {more} more alerts", *lines] if more else lines


def alert_line(alert: Alert) -> str:
    """An alert in one line."""
    return (
        f"  ! {alert.first_seen_at:%Y-%m-%d %H:%M} {alert.verdict} {alert.kind} {alert.score} "
        f"member {alert.member_id}: {alert.summary}"
    )


class Screen:
    """Shows looks; `show` may be called as often as one likes."""

    def __init__(self, begins_at: int, ends_at: int) -> None:
        self._rate = Rate()
        self._said = 0.0
        self._news = News()
        self._begins_at = begins_at
        self._bar = Progress(BarColumn(40), TextColumn("{task.percentage:>3.0f} %"))
        self._task = self._bar.add_task("", total=ends_at - begins_at)
        self._live = Live(console=console, refresh_per_second=4) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, text: str, at: int, actions: int, seen: Seen) -> None:
        """A look: what is being done, the hour of the year, actions so far, the views."""
        if self._live is not None:
            self._live.update(self._picture(text, at, actions, seen))
        elif time.monotonic() - self._said > LINE_SECONDS:
            self._said = time.monotonic()
            say(_line(text, at, actions, self._rate.of(actions), seen))
            for line in self._news.of(seen):
                say(line)

    def _picture(self, text: str, at: int, actions: int, seen: Seen) -> Group:
        self._bar.update(self._task, completed=max(0, at - self._begins_at))
        grid = Table.grid(padding=(0, 3))
        grid.add_row(self._figures(actions, seen), _board(seen), _hot(seen))
        head = Table.grid(padding=(0, 2))
        head.add_row(f"{when(at)}", self._bar, text)
        return Group(head, Panel(grid, title="memberstream", title_align="left"), _alerts(seen))

    def _figures(self, actions: int, seen: Seen) -> Table:
        rows: list[tuple[object, ...]] = [
            ("actions", actions),
            ("actions a second", int(self._rate.of(actions))),
            ("ledger sum", seen.ledger_sum),
            ("dead letters", seen.dead_letters),
        ]
        rows += [(f"behind: {name}", count) for name, count in (seen.stages | seen.views).items()]
        if seen.restarts:
            rows.append(("restarts", seen.restarts))
        return table(["", ">"], rows)


def _board(seen: Seen) -> Table:
    rows = [(one.rank, one.member_id, one.points) for one in seen.first]
    return table([">", seen.board or "board", ">points"], rows)


def _hot(seen: Seen) -> Table:
    rows = [(seen.names.get(one.item, one.item)[:32], f"{one.weight:.1f}") for one in seen.hot]
    return table(["hot products", ">weight"], rows)


def _alerts(seen: Seen) -> Table:
    rows = [
        (f"{a.first_seen_at:%m-%d %H:%M}", a.verdict, a.kind, a.score, a.member_id, a.summary[:70])
        for a in seen.alerts[:ALERTS_LINES]
    ]
    return table(["newest alerts", "verdict", "kind", ">score", "member", "why"], rows)


def _line(text: str, at: int, actions: int, rate: float, seen: Seen) -> str:
    """All of it in one line, for logs."""
    behind = " ".join(f"{name} {count:,}" for name, count in (seen.stages | seen.views).items())
    first = ", ".join(f"{one.member_id} ({one.points:,})" for one in seen.first[:3])
    hot = ", ".join(seen.names.get(one.item, one.item) for one in seen.hot[:2])
    parts = [
        f"{text}: {when(at)}, {actions:,} actions, {rate:,.0f}/s",
        f"behind: {behind or 'nothing'}",
        f"ledger sum {seen.ledger_sum}, dead letters {seen.dead_letters}",
        f"{seen.board}: {first}" if first else "",
        f"hot: {hot}" if hot else "",
        f"{seen.restarts} restarts" if seen.restarts else "",
    ]
    return " | ".join(part for part in parts if part)
