"""The entry of the benchmark: the platform, the engine beside its peers, the main job, the report.

    python -m benchmarks.run --json figures.json

It never fails on time, as times belong to a machine. It fails when something is lost or doubled, or
when a part did not run that this machine lacks nothing for.
"""

from __future__ import annotations

import argparse
import json as json_format
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import main_job, main_report
from benchmarks.engine import EVENTS, TITLES, compare
from benchmarks.report import OURS, EngineReport, print_engine
from local.platform import Platform
from local.process import end_in_order_on_sigterm

PARTS = ("engine", "main-job")
WIDTH = 130


def run(
    json: Path | None = None,
    *,
    events: int = EVENTS,
    actions: int = main_job.ACTIONS,
    parts: tuple[str, ...] = PARTS,
) -> int:
    """Measure, print, write the figures to `json`; returns the exit code.

    The platform is one of its own, in a folder that is removed at the end, so that nothing that
    runs elsewhere is touched. Raises `PlatformError` when it cannot start.
    """
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    figures: dict[str, Any] = {}
    sound = True
    with platform() as started:
        if "engine" in parts:
            engine = compare(started.kafka.bootstrap, started.folder, events, console)
            print_engine(console, engine, TITLES)
            figures["engine"] = engine.figures()
            sound = exact(engine)
        if "main-job" in parts:
            sound = _main_job(started, actions, console, figures) and sound
    if json is not None:
        json.write_text(json_format.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if sound else 1


def _main_job(started: Platform, actions: int, console: Console, figures: dict[str, Any]) -> bool:
    """Measure the main job into `figures`; whether it ran, and nothing of it is missing or doubled."""
    try:
        job = main_job.measure(started, actions, console)
    except (RuntimeError, TimeoutError) as error:
        console.print(f"[red]The main job did not come to its end: {error}")
        return False
    main_report.print_main_job(console, job)
    figures |= main_report.figures(job)
    return job.account.exact and job.paid is not None and job.paid.account.exact


def exact(engine: EngineReport) -> bool:
    """The engine's counts are all there and each once, and no peer failed that could run."""
    ours = engine.rates.get(OURS)
    return ours is not None and ours.verdict.exact and not engine.failed


@contextmanager
def platform() -> Iterator[Platform]:
    """A platform in a temporary folder, stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="memberstream-bench-") as folder:
        started = Platform(Path(folder))
        try:
            started.start()
            yield started
        finally:
            started.stop()


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures for machines to this file")
    parser.add_argument(
        "--events", type=int, default=EVENTS, help="events of the counting pipeline"
    )
    parser.add_argument(
        "--actions", type=int, default=main_job.ACTIONS, help="actions of the main job"
    )
    parser.add_argument(
        "--only", choices=PARTS, help="one of the two parts; without it both are measured"
    )
    given = parser.parse_args()
    end_in_order_on_sigterm()
    parts = (given.only,) if given.only else PARTS
    sys.exit(run(given.json, events=given.events, actions=given.actions, parts=parts))


if __name__ == "__main__":
    main()
