"""A server process that outlives who started it: found again by its pid file, never mistaken.

A pid alone may belong to somebody else by now, so the file holds the process's start time too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil

START_SECONDS = 180.0  # a busy machine needs minutes for what an idle one does in ten seconds
STOP_SECONDS = 20.0
LOG_TAIL_BYTES = 2_000


class PlatformError(RuntimeError):
    """A part of the platform did not do what was asked; the text says what to do."""


@contextlib.contextmanager
def in_turn(lock: Path) -> Iterator[None]:
    """One process at a time, as long as all name the same file; the others wait."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def end_in_order_on_sigterm() -> None:
    """SIGTERM ends this process as an error does: what it started is stopped, what it lent is removed.

    Once: who is asked again meanwhile goes on with that, and `timeout` asks twice.
    """

    def end(number: int, _: object) -> None:
        signal.signal(number, lambda *_: None)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)


class ServerProcess:
    """One server: a command, a log file and a pid file in a folder."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.log = folder / f"{name}.log"
        self._pid_file = folder / f"{name}.pid"
        self._child: subprocess.Popen[bytes] | None = None  # when it was started by this object

    @property
    def process(self) -> psutil.Process | None:
        """The running process, or none."""
        try:
            noted = json.loads(self._pid_file.read_text(encoding="utf-8"))
            process = psutil.Process(noted["pid"])
            alive = process.create_time() == noted["started"] and process.is_running()
        except (FileNotFoundError, psutil.NoSuchProcess, ValueError, KeyError):
            return None
        return process if alive and process.status() != psutil.STATUS_ZOMBIE else None

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self.process is not None

    def start(
        self,
        command: Sequence[str],
        ready: Callable[[], bool],
        *,
        user: str | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        """Start it and wait until `ready`; what is not ready is ended.

        Raises `PlatformError` with the end of its log.
        """
        if self.running:
            return
        self._reap()
        with self.log.open("ab") as log:
            self._child = child = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                env=env,
            )
        try:
            started = psutil.Process(child.pid).create_time()
            self._pid_file.write_text(json.dumps({"pid": child.pid, "started": started}))
            self._wait(ready, child)
        except BaseException:  # an interrupt too: nobody else would know of it
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            self.kill()
            raise

    def _wait(self, ready: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_SECONDS
        while not ready():
            if child.poll() is not None:
                raise PlatformError(f"{self.name} ended with {child.returncode}: {self.log_tail()}")
            if time.monotonic() > until:
                raise PlatformError(
                    f"{self.name} is not ready after {START_SECONDS:g} s: {self.log_tail()}"
                )
            time.sleep(0.05)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, wait, and kill it when it does not."""
        process = self.process
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(sign)
                self._reap()
        self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut does, with all that it started."""
        process = self.process
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        self._reap()
        self._pid_file.unlink(missing_ok=True)

    def _reap(self) -> None:
        """Wait for its end; a child of ours is collected whoever ended it, so that no zombie stays."""
        until = time.monotonic() + STOP_SECONDS
        while self.running and time.monotonic() < until:
            time.sleep(0.02)
        if self._child is not None:  # a leader is a zombie while its threads still end
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(max(0.0, until - time.monotonic()))
                self._child = None

    def log_tail(self) -> str:
        """The end of its log, for an error message; the whole is in the folder."""
        text = self.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
        return f"the log {self.log} ends with:\n{text}"


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """True when somebody answers on this loopback port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False
