"""Kill and stop workers and sinks at random while actions stream in; then the auditor has its say.

    python -m benchmarks.chaos --seed 1 --duration 60 --json FILE

The same seed gives the same actions and the same blows. Each blow is SIGKILL to one process, or
SIGSTOP for longer than the session timeout, so that a stale owner wakes up. After it all is left in
quiet until it has caught up. Then both views are made anew of the log and compared with those that
lived through it. Any difference makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json as json_format
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from audit.auditor import Audit, NotPassed
from benchmarks import refilled
from benchmarks.fleet import Blow, Fire
from benchmarks.processes import Processes
from benchmarks.shop_hours import ShopHours
from local.platform import Platform
from local.process import end_in_order_on_sigterm

ACTIONS_AN_HOUR = 14  # of the mix; half as many more surround them
HOUR_SECONDS = 0.1
REST_DAYS = 40
WAIT_SECONDS = 300.0  # for workers and views to catch up: on a slow machine they do it slowly
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Chaos:
    """What a run came to."""

    blows: list[Blow]
    fenced: int
    told: ShopHours
    audit: Audit
    seconds: float

    @property
    def untold(self) -> int:
        """Actions that were written and are neither taken nor refused: zero."""
        return len(self.told.event_ids) - self.audit.actions

    @property
    def right(self) -> bool:
        """Nothing missing, nothing doubled, every view as the auditor makes it, all holds ended."""
        return self.audit.right and self.untold == 0 and self.audit.open_holds == 0

    def figures(self) -> dict[str, Any]:
        """For machines."""
        blows = [blow.signal for blow in self.blows]
        return {
            "kills": blows.count(signal.SIGKILL),
            "stops": blows.count(signal.SIGSTOP),
            "stale_owners_refused": self.fenced,
            "actions": self.audit.actions,
            "actions_untold": self.untold,
            "repeats": self.audit.repeats,
            "dead_letters": self.audit.dead_letters,
            "outcomes": self.audit.outcomes,
            "outcomes_missing": self.audit.outcomes_missing,
            "outcomes_doubled": self.audit.outcomes_doubled,
            "entries": self.audit.entries,
            "open_holds": self.audit.open_holds,
            "rows": self.audit.rows,
            "view_differences": self.audit.view_differences,
            "differences": len(self.audit.differences),
            "ledger_sum": self.audit.ledger_sum,
            "seconds": round(self.seconds, 1),
        }


def rage(job: Processes, told: ShopHours, fire: Fire, seconds: float) -> Chaos:
    """Fire over a stream of actions, then quiet, then the audit. Raises `NotPassed`."""
    began = time.monotonic()
    fleet = job.fleet
    stream = _paced(told)
    blows = fire.rage(fleet, seconds, lambda: next(stream))
    told.rest(REST_DAYS)
    audit = job.audit(WAIT_SECONDS, tend=fleet.tend)
    return Chaos(blows, job.fenced, told, audit, time.monotonic() - began)


def _paced(told: ShopHours) -> Iterator[None]:
    """An hour of the shop each tenth of a second, at most."""
    due = time.monotonic()
    while True:
        if time.monotonic() >= due:
            told.hour(ACTIONS_AN_HOUR)
            due = max(due + HOUR_SECONDS, time.monotonic())
        yield


@contextmanager
def own_platform(**options: Any) -> Iterator[tuple[Platform, Processes]]:
    """All of it in a temporary folder, on a platform of its own; stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="memberstream-chaos-") as folder:
        platform = Platform(Path(folder) / "platform")
        try:
            made = Processes(platform.start(), Path(folder) / "processes", **options)
            try:
                yield platform, made
            finally:
                made.close()
        finally:
            platform.stop()


def run(seed: int, duration: float, json: Path | None = None) -> int:
    """Rage, print, write the figures; returns the exit code."""
    console = Console()
    console.print(
        f"Chaos, seed {seed}: {duration:g} s of kills and stops, then quiet and the audit."
    )
    with own_platform() as (_, job):
        told = ShopHours(job.addresses.kafka, prefix=job.prefix, seed=seed)
        told.open()
        try:
            found = rage(job, told, Fire(seed), duration)
        except NotPassed as error:
            console.print(str(error), style="red", markup=False)
            _show_logs(console, job)
            return 1
        anew = refilled.differences(job)
        if not found.right:
            _show_logs(console, job)
    figures = found.figures() | {"refill_differences": len(anew)}
    for name, value in figures.items():
        console.print(f"  {name:<24}{value:>12,}")
    for sentence in [*found.audit.differences, *anew][:SHOWN]:
        console.print(sentence, style="red", markup=False)
    if json is not None:
        json.write_text(json_format.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if found.right and not anew else 1


def _show_logs(console: Console, made: Processes) -> None:
    for process in made.fleet.processes:
        console.print(f"The log {process.log.name} ends with:", style="red")
        console.print("\n".join(process.said().splitlines()[-SHOWN:]), markup=False)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--duration", type=float, default=60.0, help="seconds of fire")
    parser.add_argument("--json", type=Path, default=None, help="file for the figures")
    asked = parser.parse_args()
    end_in_order_on_sigterm()
    return run(asked.seed, asked.duration, asked.json)


if __name__ == "__main__":
    sys.exit(main())
