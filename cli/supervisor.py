"""Keep processes running: what exits non-zero comes back, backing off; what exits zero is done.

Workers and sinks exit at anything unexpected rather than limp on; starting them again is the cure,
and the log of each says why. The state is in a file, so that other commands can show it.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from msgspec import Struct

LOOK_SECONDS = 0.2
FIRST_BACK_OFF_SECONDS = 0.5
MOST_BACK_OFF_SECONDS = 30.0
HEALTHY_SECONDS = 60.0
GRACE_SECONDS = 20.0


class ProcessState(Struct, frozen=True):
    """One supervised process, as others see it."""

    name: str
    pid: int | None
    running: bool
    restarts: int
    exit_code: int | None
    log: str
    created: float | None = None  # when the process began, by the kernel: a pid alone may be reused
    http_port: int = 0  # of /working and /metrics; 0: none


@dataclass(slots=True)
class Child:
    """A process to keep running; its output is appended to `log`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    http_port: int = 0
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    exit_code: int | None = None
    started: float = 0.0
    due: float = 0.0
    back_off: float = FIRST_BACK_OFF_SECONDS

    def start(self) -> None:
        """Start it; its standard output and error are appended to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started = time.monotonic()
        self.exit_code = None

    def look(self) -> bool:
        """See whether it exited, and start it again when that is due; True: something changed."""
        now = time.monotonic()
        if self.process is None:
            if now < self.due or self.exit_code == 0:
                return False
            self.restarts += self.started > 0
            self.start()
            return True
        code = self.process.poll()
        if code is None:
            return False
        self.process, self.exit_code = None, code
        if now - self.started > HEALTHY_SECONDS:
            self.back_off = FIRST_BACK_OFF_SECONDS
        self.due = now + self.back_off
        self.back_off = min(self.back_off * 2, MOST_BACK_OFF_SECONDS)
        return True

    def state(self) -> ProcessState:
        """For the file."""
        pid = None if self.process is None else self.process.pid
        return ProcessState(
            self.name,
            pid,
            pid is not None,
            self.restarts,
            self.exit_code,
            str(self.log),
            None if pid is None else _created(pid),
            self.http_port,
        )


@dataclass(slots=True)
class Supervisor:
    """Keeps children running until `stop` is set, then ends them gracefully."""

    children: list[Child]
    changed: Callable[[list[ProcessState]], None]
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Start and watch; returns when all have ended after `stop`."""
        try:
            while not self.stop.is_set():
                if sum(child.look() for child in self.children):  # look at every one
                    self._say()
                self.stop.wait(LOOK_SECONDS)
        finally:
            self._end()
            self._say()

    def _say(self) -> None:
        self.changed([child.state() for child in self.children])

    def _end(self) -> None:
        """SIGTERM to all at once, then SIGKILL to what has not ended in time."""
        running = [child for child in self.children if child.process is not None]
        for child in running:
            _end_process(child.process, kill=False)
        ends = time.monotonic() + GRACE_SECONDS
        for child in running:
            assert child.process is not None
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.1, ends - time.monotonic()))
            if child.process.poll() is None:
                _end_process(child.process, kill=True)
                child.process.wait()
            child.exit_code, child.process = child.process.returncode, None


def _created(pid: int) -> float | None:
    with suppress(psutil.NoSuchProcess):
        return float(psutil.Process(pid).create_time())
    return None


def _end_process(process: subprocess.Popen[bytes] | None, *, kill: bool) -> None:
    if process is not None:
        with suppress(ProcessLookupError):
            process.kill() if kill else process.terminate()
