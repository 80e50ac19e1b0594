"""Processes that are started again when they end, and a seeded fire that kills and stops them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LOOK_SECONDS = 0.1


@dataclass(slots=True)
class Process:
    """One process; its output is appended to `log`."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    exits: list[int] = field(default_factory=list)

    def start(self, **extra: str) -> Process:
        """Start it, with variables for this start only."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment, **extra},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    @property
    def running(self) -> bool:
        """False when it has not been started, or has ended (its exit is then noted)."""
        if self.process is None:
            return False
        code = self.process.poll()
        if code is not None:
            self.exits.append(code)
            self.process = None
        return code is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process, if it is there."""
        if self.running:
            assert self.process is not None
            self.process.send_signal(number)

    def ends(self, seconds: float = 60) -> int:
        """Wait for its end; the exit code, or minus the signal."""
        assert self.process is not None
        code = self.process.wait(seconds)
        self.exits.append(code)
        self.process = None
        return code

    def stopped(self) -> bool:
        """True while SIGSTOP holds it."""
        if not self.running or self.process is None:
            return False
        status = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8")
        return status.rpartition(")")[2].split()[0] == "T"

    def close(self) -> None:
        """Kill it, whatever it does."""
        if self.running:
            self.send(signal.SIGKILL)
            self.ends()

    def said(self) -> str:
        """All that it logged, over all starts."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def acquired(self) -> int:
        """How often it has acquired partitions."""
        return self.said().count("partitions_acquired")


@dataclass(slots=True)
class Fleet:
    """Processes that are started again when they end."""

    processes: list[Process]

    def tend(self) -> None:
        """Start what is not running."""
        for process in self.processes:
            if not process.running:
                process.start()

    def close(self) -> None:
        """Kill all."""
        for process in self.processes:
            process.close()


class Blow(NamedTuple):
    """What happens to which process, and how long after the beginning."""

    at: float
    target: int
    signal: signal.Signals


@dataclass(frozen=True, slots=True)
class Fire:
    """How it rages: each time one process, SIGKILL, or SIGSTOP beyond the session timeout."""

    seed: int
    least_seconds: float = 3.0
    most_seconds: float = 9.0
    stop_share: float = 0.25
    stop_seconds: float = 8.0

    def schedule(self, seconds: float, targets: int) -> list[Blow]:
        """All blows in so much time: of the seed alone, so that the same one gives the same."""
        chance = random.Random(self.seed)
        blows: list[Blow] = []
        at = chance.uniform(self.least_seconds, self.most_seconds)
        while at < seconds:
            stops = chance.random() < self.stop_share
            number = signal.SIGSTOP if stops else signal.SIGKILL
            blows.append(Blow(at, chance.randrange(targets), number))
            at += chance.uniform(self.least_seconds, self.most_seconds)
        return blows

    def rage(
        self, fleet: Fleet, seconds: float, meanwhile: Callable[[], None] = lambda: None
    ) -> list[Blow]:
        """Deal every blow of the schedule while the fleet is tended; at the end all run."""
        began = time.monotonic()
        blows = self.schedule(seconds, len(fleet.processes))
        waiting = list(blows)
        stopped: list[tuple[float, Process]] = []
        while (passed := time.monotonic() - began) < seconds or waiting:
            meanwhile()
            fleet.tend()
            while waiting and waiting[0].at <= passed:
                blow = waiting.pop(0)
                target = fleet.processes[blow.target]
                target.send(blow.signal)
                if blow.signal is signal.SIGSTOP:
                    stopped.append((passed + self.stop_seconds, target))
            stopped = _resume(stopped, passed)
            time.sleep(LOOK_SECONDS)
        _resume(stopped, float("inf"))
        fleet.tend()
        return blows


def _resume(stopped: list[tuple[float, Process]], now: float) -> list[tuple[float, Process]]:
    for due, process in stopped:
        if due <= now:
            process.send(signal.SIGCONT)
    return [(due, process) for due, process in stopped if due > now]


def eventually(holds: Callable[[], bool], seconds: float = 60, pause: float = 0.1) -> bool:
    """Wait until it holds; False when it never did."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(pause)
    return True
