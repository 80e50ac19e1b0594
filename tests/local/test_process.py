"""A server's process is collected by who started it, whoever ended it; nobody mistakes it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from local.process import PlatformError, ServerProcess

T = TypeVar("T")
SERVER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    made = ServerProcess("sleeper", tmp_path)
    started(made)
    yield made
    made.kill()


def started(server: ServerProcess) -> psutil.Process:
    server.start(SERVER, lambda: b"up" in server.log.read_bytes())
    assert server.process is not None
    return server.process


def gone(process: psutil.Process) -> bool:
    """Not even a zombie is left."""
    return not psutil.pid_exists(process.pid)


def test_what_another_object_stopped_is_collected(server: ServerProcess, tmp_path: Path) -> None:
    """Two test processes share a platform, and it is the other one that stops it."""
    process = server.process
    assert process is not None
    command = "from local.process import ServerProcess; from pathlib import Path; import sys\n"
    command += "ServerProcess('sleeper', Path(sys.argv[1])).stop()"
    subprocess.run([sys.executable, "-c", command, str(tmp_path)], check=True, timeout=60)
    assert not server.running
    server.stop()
    assert gone(process)


def test_what_died_by_itself_is_collected_at_the_next_start(server: ServerProcess) -> None:
    before = server.process
    assert before is not None
    before.kill()
    while server.running:
        pass
    after = started(server)
    assert gone(before)
    assert after.pid != before.pid


def test_a_pid_that_is_anothers_by_now_is_not_ours(server: ServerProcess, tmp_path: Path) -> None:
    """The file names this very process, but not the time at which it began: it is not stopped."""
    server.stop()
    own = psutil.Process()
    (tmp_path / "sleeper.pid").write_text(f'{{"pid": {own.pid}, "started": 1.0}}')
    assert not server.running
    server.stop()
    assert own.is_running()
    assert not (tmp_path / "sleeper.pid").exists()


def test_a_server_that_ends_at_once_says_why(tmp_path: Path) -> None:
    server = ServerProcess("broken", tmp_path)
    with pytest.raises(PlatformError, match=r"(?s)broken ended with 3: .*no such port") as raised:
        server.start(
            [sys.executable, "-c", "import sys; print('no such port'); sys.exit(3)"], lambda: False
        )
    assert str(tmp_path / "broken.log") in str(raised.value)


WHO_STARTS_ONE = """
import sys, tempfile, time
from pathlib import Path
from local.process import ServerProcess, end_in_order_on_sigterm
end_in_order_on_sigterm()
with tempfile.TemporaryDirectory(dir=sys.argv[1]) as folder:
    server = ServerProcess("sleeper", Path(folder))
    try:
        server.start(SERVER, READY)
        time.sleep(600)
    finally:
        time.sleep(0.5)  # the second signal comes here
        server.stop()
"""


@pytest.mark.parametrize("ready", ["lambda: True", "lambda: False"])
def test_sigterm_leaves_nothing_behind(ready: str, tmp_path: Path) -> None:
    """Neither while the server comes up nor after; asked twice, as `timeout` does, it goes on with ending."""
    command = WHO_STARTS_ONE.replace("SERVER", repr(SERVER)).replace("READY", ready)
    starter = subprocess.Popen([sys.executable, "-c", command, str(tmp_path)])
    pid_file = until(lambda: next(tmp_path.glob("*/sleeper.pid"), None))
    pid = until(lambda: json.loads(pid_file.read_text() or "{}").get("pid"))
    assert psutil.pid_exists(pid)
    starter.terminate()
    time.sleep(0.2)
    starter.terminate()
    assert starter.wait(60) == 128 + signal.SIGTERM
    assert not psutil.pid_exists(pid)
    assert list(tmp_path.iterdir()) == []


def until(look: Callable[[], T | None]) -> T:
    """What it comes to see."""
    ends = time.monotonic() + 60
    while (seen := look()) is None:
        assert time.monotonic() < ends
        time.sleep(0.02)
    return seen
