"""The demo: a year of real orders through everything, then the auditor, then what it came to.

It has a data folder of its own kind: one that another demo left is made anew, one that was stopped goes
on, and one that holds a user's own installation is not touched.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from msgspec import Struct

from audit.auditor import Audit
from cli import asking, loyalty_end, misbehaviour, offers_told, startup, touch_timing
from cli.auditing import audited, shown
from cli.demo_screen import Screen
from cli.installation import DATA, Installation, Marker
from cli.replaying import reading, writer
from cli.status import Status, status
from cli.terminal import console, say, write_json
from cli.trouble import Trouble
from cli.watching import Watch, until_caught_up
from evaluation import caught
from replay.misbehaviour import truth
from replay.shop import OPENS_AT
from replay.writer import Progress
from replay.year import Year
from sinks.postgres import queries

READY_SECONDS = 90.0
LOOK_SECONDS = 0.2
INTRODUCTION = """\
A year of a real shop (Online Retail, UCI, CC BY 4.0): members' orders and returns, and what guests
bought, are real. What the data lacks is generated from a seed: registrations, looks, searches, stock,
deliveries, gifts and redemptions, log-ins and payments, and some who misbehave (docs/data.md)."""


class Figures(Struct, frozen=True, kw_only=True):
    """What the demo came to, for machines; what could not be asked is none."""

    actions: int
    actions_per_second: float  # from the first one written until workers and views had passed all
    ledger_sum: int | None
    dead_letters: int | None
    lag_records: dict[str, int] | None  # by view, at the end
    auditor_differences: int
    seconds: float  # all of it, from the start of the platform to the end of the audit
    replay_seconds: float  # what actions_per_second counts
    restarts: int  # of workers and sinks; 0 unless something went wrong
    risk: caught.Figures = caught.figures([], [], 0)  # who misbehaved, and was caught

    @property
    def right(self) -> bool:
        """The ledger holds, the auditor found nothing, and everything could be asked."""
        return self.ledger_sum == 0 and self.auditor_differences == 0 and not self.unknown

    @property
    def unknown(self) -> list[str]:
        """What could not be asked at the end."""
        asked = {
            "the ledger's sum": self.ledger_sum,
            "the dead letters": self.dead_letters,
            "the lag of every view": self.lag_records,
        }
        return [name for name, answer in asked.items() if answer is None]


def run(
    installation: Installation,
    *,
    orders: int | None,
    seed: int,
    leave: bool,
    figures: Path | None,
) -> bool:
    """The whole demo; False when a sum is not zero, not known, or something differs."""
    say(INTRODUCTION)
    began = time.monotonic()
    try:
        _make_room(installation, orders, seed)
        year = _started(installation, orders, seed)
        progress, seconds, restarts = _replayed(installation, year)
        say("The auditor recomputes everything from the log and compares it with the views …")
        with console.status("") as line:
            audit = audited(installation, progress=lambda text: line.update(f"Audit: {text} …"))
        asked = status(installation)
        found = figures_of(asked, progress, seconds, restarts, audit, began)
        found = msgspec.structs.replace(found, risk=misbehaviour.compared(installation))
        startup.finished(installation)
        _tell(installation, year, found, audit)
        offers_told.tell(installation)
        touch_timing.tell(_timed(installation, progress.at))
        if found.unknown:
            say(f"Could not be asked: {', '.join(found.unknown)}. {' '.join(asked.troubles)}")
        if figures is not None:
            write_json(figures, found)
        if not leave:
            _tell_next(installation)
    except KeyboardInterrupt:
        say("Stopped. The same command goes on; memberstream down ends everything.")
        raise
    finally:
        if leave:
            startup.down(installation, say)
    return found.right


def _make_room(installation: Installation, orders: int | None, seed: int) -> None:
    """An empty folder, or the one of the same demo that was stopped. Raises `Trouble`."""
    installation.check_ours()  # before the year is read
    marker = installation.marker
    if marker is None:
        return
    if marker.demo_orders is None:
        raise Trouble(
            f"{installation.folder} holds an installation of yours.",
            "The demo's replay is a clock of its own and would not go with it.",
            "Give the demo a folder: memberstream demo --data DIR. Or: memberstream down --erase.",
            exit_code=2,
        )
    same = (marker.demo_orders, marker.demo_seed) == (orders or 0, seed)
    if same and not marker.demo_finished:
        say("The demo that was stopped goes on.")
        return
    if installation.embedded:
        say("The last demo is removed.")
        startup.down(installation, lambda _: None, erase=True)


def _started(installation: Installation, orders: int | None, seed: int) -> Year:
    """Everything up; meanwhile the data are read."""
    marker = Marker(clock=False, demo_orders=orders or 0, demo_seed=seed)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(reading, orders, seed, risk=True)
        startup.up(installation, say, marker=marker)
        with console.status("Waiting for the workers …"):
            _until_ready(installation)
        year = read.result()
    truth.write(installation.folder, year.incidents())
    return year


def _until_ready(installation: Installation) -> None:
    """Until every process does what it is for. Raises `Trouble`."""
    until = time.monotonic() + READY_SECONDS
    while not (found := status(installation)).running:
        if time.monotonic() > until:
            states = ", ".join(f"{part.name} {part.state}" for part in found.processes)
            raise Trouble(
                "Not all processes have come up.",
                f"After {READY_SECONDS:g} s: {states}.",
                f"Their logs are in {installation.folder / 'logs'}.",
            )
        time.sleep(LOOK_SECONDS)


def _replayed(installation: Installation, year: Year) -> tuple[Progress, float, int]:
    """Write the year, show it, wait for the views; the seconds that took, and restarts meanwhile."""
    progress = Progress()
    with Watch(installation) as watch, Screen(OPENS_AT, year.ends_at) as screen:
        began = time.monotonic()

        def look(text: str) -> None:
            screen.show(text, progress.at, progress.actions, watch.seen)

        for progress in writer(installation.settings(), year).tell():  # noqa: B007  # look() reads it
            look("replaying")
        until_caught_up(installation, watch, lambda: look("catching up"))
        return progress, time.monotonic() - began, watch.seen.restarts


def _timed(installation: Installation, at: int) -> touch_timing.Timing:
    """Looks of members at what is hot, when all else is done and audited."""
    with queries.open_views(installation.view_settings) as views:
        members = [one.member_id for one in queries.board(views, "all", touch_timing.LOOKS)]
    with asking.redis_views(installation.views_in("redis")) as seen:
        products = [one.item for one in seen.hot("products", "week", touch_timing.LOOKS, at)]
    return touch_timing.measure(installation, members if products else [], products, at + 1)


def figures_of(
    found: Status, progress: Progress, seconds: float, restarts: int, audit: Audit, began: float
) -> Figures:
    """Of what was asked at the end; one that did not answer is none, and not zero."""
    lag = {view: behind.records for view, behind in found.views.items()}
    return Figures(
        actions=progress.actions,
        actions_per_second=round(progress.actions / seconds, 1),
        ledger_sum=audit.ledger_sum or found.ledger_sum,
        dead_letters=found.dead_letters,
        lag_records=lag if lag and not found.troubles else None,
        auditor_differences=len(audit.differences),
        seconds=round(time.monotonic() - began, 1),
        replay_seconds=round(seconds, 1),
        restarts=restarts,
    )


def _tell(installation: Installation, year: Year, found: Figures, audit: Audit) -> None:
    """The summary for people."""
    say("")
    say(f"The data: {year.orders:,} orders of members; of the file,")
    for rule, count in year.cleaned.items():
        say(f"  {count:9,} {rule}")
    say("")
    shown(audit)
    misbehaviour.tell(found.risk)
    loyalty_end.tell(installation)
    letters = "unknown" if found.dead_letters is None else found.dead_letters
    say(
        f"{found.actions:,} actions in {found.replay_seconds:.1f} s "
        f"({found.actions_per_second:,.0f} a second, until every view had them); "
        f"{letters} dead letters; all of it {found.seconds:.0f} s."
    )
    if found.restarts:
        say(f"{found.restarts} restarts: why is in {installation.folder / 'logs'}.")


def _tell_next(installation: Installation) -> None:
    """Commands that work now, about real members and boards of this run."""
    say("")
    say("Everything is still up. Look at it (what is above is real, so try any other id):")
    for command in _commands(installation):
        say(f"  {typed(installation)} {command}")


def typed(installation: Installation) -> str:
    """How the command is to be typed here, so that it speaks to this installation."""
    found = "memberstream" if shutil.which("memberstream") else os.path.relpath(sys.argv[0])
    own = installation.folder == Installation.of().folder
    return found if own else f"{DATA}={shlex.quote(str(installation.folder))} {found}"


def _commands(installation: Installation) -> Iterator[str]:
    with queries.open_views(installation.view_settings) as views:
        first = queries.board(views, "all", 1)
        closed = queries.closed_boards(views)
        offered = queries.gifts(views)
    yield "status"
    yield "board all"
    if first:
        member = first[0].member_id
        yield f"ledger balance {member}"
        yield f"ledger entries {member}"
        yield f"ledger at {member} 2011-06-30"
        yield f"orders {member}"
        yield f"board all --member {member}"
        yield f"candidates member {member}"
    seasons = [board.board for board in closed if board.board.startswith("season:")]
    if seasons:
        yield f"board {seasons[0]} --final"
    yield "candidates quality"
    yield "hot products"
    yield "hot searches"
    yield "alerts list"
    yield "risk rules list"
    yield "segments list"
    yield "segments overlaps"
    yield "loyalty letters"
    yield "loyalty report"
    if offered:
        yield f"stock {offered[0].product_id}"
    yield "dead-letters list"
    yield "audit"
    yield "down --erase"
