"""The supervisor: what fails comes back, what is done stays, the end is graceful."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.supervisor import Child, ProcessState, Supervisor


class Watched:
    """A supervisor in a thread, and all states it told."""

    def __init__(self, children: list[Child]) -> None:
        self.told: list[list[ProcessState]] = []
        self.supervisor = Supervisor(children, self.told.append)
        self._thread = threading.Thread(target=self.supervisor.run)
        self._thread.start()

    def until(self, holds: Callable[[ProcessState], bool]) -> ProcessState:
        """Wait until the first child's state is so."""
        ends = time.monotonic() + 15
        while time.monotonic() < ends:
            if self.told and holds(self.told[-1][0]):
                return self.told[-1][0]
            time.sleep(0.02)
        pytest.fail(f"never so; last told: {self.told[-1:]}")

    def end(self) -> ProcessState:
        """Stop it and wait."""
        self.supervisor.stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.told[-1][0]


def child(folder: Path, script: str) -> Child:
    """A Python process that runs `script`."""
    return Child("child", [sys.executable, "-c", script], os.environ, folder / "logs" / "child.log")


def test_a_failed_process_is_started_again(tmp_path: Path) -> None:
    """Exit code 3 twice, then it stays: two restarts, and the log holds what all three said."""
    script = (
        f"import pathlib, sys, time; runs = pathlib.Path({str(tmp_path / 'runs')!r}); "
        "number = len(runs.read_text()) if runs.exists() else 0; runs.write_text('x' * (number + 1)) and "
        "print('run', number, flush=True); sys.exit(3) if number < 2 else time.sleep(60)"
    )
    watched = Watched([child(tmp_path, script)])
    log = tmp_path / "logs" / "child.log"
    state = watched.until(lambda state: state.restarts == 2 and "run 2" in log.read_text())
    assert state.pid is not None
    ended = watched.end()
    assert not ended.running
    assert log.read_text() == "run 0\nrun 1\nrun 2\n"


def test_a_finished_process_is_not_started_again(tmp_path: Path) -> None:
    """Exit code 0 means done."""
    watched = Watched([child(tmp_path, "pass")])
    watched.until(lambda state: state.exit_code == 0)
    time.sleep(1.0)
    assert watched.end().restarts == 0


def test_the_end_is_graceful(tmp_path: Path) -> None:
    """SIGTERM first: a process that tidies up may do so."""
    script = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); "
        "print('ready', flush=True); time.sleep(60)"
    )
    watched = Watched([child(tmp_path, script)])
    log = tmp_path / "logs" / "child.log"
    watched.until(lambda state: log.exists() and "ready" in log.read_text())
    assert watched.end().exit_code == 7
