"""The entry of the benchmark: the platform, the engine beside its peers, the main job, the report.

It never fails on time, as times belong to a machine. It fails when the engine lost or doubled a
count, or did not run at all.
"""

from __future__ import annotations

import json as json_format
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from benchmarks.engine import EVENTS, TITLES, compare
from benchmarks.report import OURS, EngineReport, print_engine
from local.platform import Platform


def run(json: Path | None = None, *, events: int = EVENTS) -> int:
    """Measure, print, write the figures to `json`; returns the exit code.

    The platform is one of its own, in a folder that is removed at the end, so that nothing that
    runs elsewhere is touched. Raises `PlatformError` when it cannot start.
    """
    console = Console()
    with platform() as started:
        engine = compare(started.kafka.bootstrap, started.folder, events, console)
        print_engine(console, engine, TITLES)
    if json is not None:
        found = {"engine": engine.figures()}
        json.write_text(json_format.dumps(found, indent=2) + "\n", encoding="utf-8")
    return exit_code(engine)


def exit_code(engine: EngineReport) -> int:
    """0 when the engine's counts are all there and each once; never anything about time."""
    ours = engine.rates.get(OURS)
    return 0 if ours is not None and ours.verdict.exact else 1


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
