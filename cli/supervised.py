"""The processes of an installation, kept running by one that is detached from the terminal.

`python -m cli.supervised FOLDER` is that one: it reads the plan in the folder, keeps its processes
running and notes their state in a file, which every command can read.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from cli.supervisor import GRACE_SECONDS, LOOK_SECONDS, Child, ProcessState, Supervisor
from local.process import ServerProcess, free_port

NAME = "supervisor"
PLAN = "processes.json"
STATE = "state.json"
END_SECONDS = GRACE_SECONDS + 5.0


class Process(Struct, frozen=True):
    """One process that is to run: its command, and its own variables."""

    name: str
    command: list[str]
    environment: dict[str, str]
    http_port: int = 0


class Supervised:
    """The detached supervisor of a folder, as seen from outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = ServerProcess(NAME, folder)

    def start(self, processes: Sequence[Process], environment: Mapping[str, str]) -> None:
        """Start it with these processes; nothing when it runs. Raises `PlatformError`."""
        if self.server.running:
            return
        end_left(self.folder)
        (self.folder / STATE).unlink(missing_ok=True)
        _write(self.folder / PLAN, msgspec.json.encode(list(processes)))
        command = [sys.executable, "-m", "cli.supervised", str(self.folder)]
        self.server.start(command, (self.folder / STATE).exists, env=dict(environment))

    def stop(self) -> None:
        """End it, which ends its processes gracefully first; then whatever a killed one left."""
        process = self.server.process
        if process is not None:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
                with suppress(psutil.TimeoutExpired):
                    process.wait(END_SECONDS)
        self.server.stop()
        end_left(self.folder)

    @property
    def running(self) -> bool:
        """True while the supervisor lives."""
        return self.server.running

    def states(self) -> list[ProcessState]:
        """The processes as they are now; one that died with its supervisor is told as it is."""
        return [_seen(state) for state in _states(self.folder)]


def processes_for(workers: int, *, clock: bool) -> list[Process]:
    """Workers in slots from 0, both sinks, and the clock unless a replay is it."""
    found = [
        _process(f"worker-{slot}", "streams", MEMBERSTREAM_SLOT=str(slot))
        for slot in range(workers)
    ]
    found.append(_process("sink-postgres", "sinks.postgres"))
    found.append(_process("sink-redis", "sinks.redis_sink"))
    if clock:
        found.append(Process("clock", [sys.executable, "-m", "cli.main", "clock"], {}))
    return found


def _process(name: str, module: str, **variables: str) -> Process:
    """A process that answers on a port of its own whether it works."""
    port = free_port()
    variables["MEMBERSTREAM_HTTP_PORT"] = str(port)
    return Process(name, [sys.executable, "-m", module], variables, port)


def end_left(folder: Path) -> None:
    """End processes whose supervisor was killed: they would hold slots and write views."""
    left = list(_alive(folder))
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, slow = psutil.wait_procs(left, GRACE_SECONDS)
    for process in slow:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(slow, GRACE_SECONDS)


def _alive(folder: Path) -> Iterator[psutil.Process]:
    for state in _states(folder):
        with suppress(psutil.NoSuchProcess):
            if state.pid is not None and _created(state.pid) == state.created:
                yield psutil.Process(state.pid)


def _created(pid: int) -> float | None:
    return float(psutil.Process(pid).create_time())


def _seen(state: ProcessState) -> ProcessState:
    """A state as it is: the file is as old as its supervisor's last word."""
    with suppress(psutil.NoSuchProcess):
        if state.pid is None or _created(state.pid) == state.created:
            return state
    return msgspec.structs.replace(state, pid=None, running=False)


def _states(folder: Path) -> list[ProcessState]:
    with suppress(FileNotFoundError):
        return msgspec.json.decode((folder / STATE).read_bytes(), type=list[ProcessState])
    return []


def _write(path: Path, data: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(data)
    draft.rename(path)


def run(folder: Path) -> None:
    """Keep the planned processes running until SIGTERM."""
    plan = msgspec.json.decode((folder / PLAN).read_bytes(), type=list[Process])
    children = [
        Child(
            process.name,
            process.command,
            {**os.environ, **process.environment},
            folder / "logs" / f"{process.name}.log",
            process.http_port,
        )
        for process in plan
    ]

    def changed(states: list[ProcessState]) -> None:
        _write(folder / STATE, msgspec.json.format(msgspec.json.encode(states)))
        for state in states:
            if not state.running and state.exit_code:
                print(f"{time.strftime('%FT%T%z')} {state.name} ended with {state.exit_code}")

    _until_asked(Supervisor(children, changed))


def _until_asked(supervisor: Supervisor) -> None:
    """Run it until SIGTERM or SIGINT; the handler only notes that, as an event's lock may be held."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked.append(number))
    running = threading.Thread(target=supervisor.run)
    running.start()
    while not asked and running.is_alive():
        time.sleep(LOOK_SECONDS)
    supervisor.stop.set()
    running.join()


if __name__ == "__main__":
    run(Path(sys.argv[1]))
