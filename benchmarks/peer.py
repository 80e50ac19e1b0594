"""A peer: how it is started, and whether it can be here.

Every peer is a process of its own that counts until it is stopped, and all are called alike. What
a machine lacks (a JDK, a package index) makes a peer absent, with the reason, and fails nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.kafka import cache_folder, jars
from local.process import PlatformError

HERE = Path(__file__).parent
ROOT = HERE.parent
QUIX_STREAMS = "3.28.0"
KAFKA_STREAMS = "org.apache.kafka:kafka-streams:4.1.1"


class Absent(Exception):
    """A peer cannot run here; the text says why and what to do."""


@dataclass(frozen=True)
class Peer:
    """One way to do the work; `prepare` returns the command, or raises `Absent`."""

    name: str
    title: str
    prepare: Callable[[], Sequence[str]]
    positional: bool = False
    share: float = 1.0  # of the events: a slow peer gets fewer
    quiet_seconds: float = 3.0  # all is there and nothing moved for so long: it is done

    def arguments(self, bootstrap: str, topic_in: str, topic_out: str, data: Path) -> list[str]:
        """The arguments that every peer understands, after its command."""
        given = {
            "bootstrap": bootstrap,
            "topic-in": topic_in,
            "topic-out": topic_out,
            "data": str(data),
            "group": topic_out,
        }
        if self.positional:
            return list(given.values())
        return [word for name, value in given.items() for word in (f"--{name}", value)]


@contextmanager
def running(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` in a process group of its own, its output in `log`; stop it at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def prepare_quix_streams() -> Sequence[str]:
    """An environment of its own, made once: Quix pins older clients than ours."""
    home = cache_folder() / f"quix-streams-{QUIX_STREAMS}"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        _call([sys.executable, "-m", "venv", str(home)])
        wanted = str(HERE / "peers" / "quix-streams.txt")
        _call([str(python), "-m", "pip", "install", "-q", "-r", wanted])
        (home / "ready").touch()
    return [str(python), str(HERE / "peers" / "quix_streams.py")]


def prepare_faust() -> Sequence[str]:
    """Faust is a dependency of ours: nothing to do."""
    return [sys.executable, "-m", "benchmarks.peers.faust_counting"]


def prepare_kafka_streams() -> Sequence[str]:
    """Compile our one Java file against the library's jars, with the JDK found here."""
    javac = find_javac()
    classpath = ":".join(resolve_jars())
    classes = cache_folder() / "kafka-streams-classes"
    classes.mkdir(parents=True, exist_ok=True)
    source = str(HERE / "peers" / "CountPerKey.java")
    try:
        _call([str(javac), "-cp", classpath, "-d", str(classes), source])
    except Absent as error:  # our own file: nothing that the machine lacks
        raise RuntimeError(str(error)) from error
    return [
        str(javac.with_name("java")),
        "-Xmx1g",
        "-cp",
        f"{classes}:{classpath}",
        "CountPerKey",
    ]


def find_javac() -> Path:
    """`javac` of JAVA_HOME or of the path; raises `Absent` where there is none."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("javac", path=f"{home}/bin") if home else shutil.which("javac")
    if found is None:
        raise Absent("no JDK here: javac is neither in JAVA_HOME nor on the path")
    return Path(found).resolve()


def resolve_jars() -> list[str]:
    """The jars of Kafka Streams and all that it needs, fetched once."""
    try:
        return [str(jar) for jar in jars(KAFKA_STREAMS)]
    except PlatformError as error:
        raise Absent(str(error)) from error


def _call(command: Sequence[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().splitlines()
        raise Absent(f"{command[0]} failed: {said[-1] if said else 'no message'}")


PEERS = (
    Peer(
        "quix_streams",
        f"Quix Streams {QUIX_STREAMS}, exactly-once",
        prepare_quix_streams,
        share=0.5,
    ),
    Peer(
        "kafka_streams",
        "Kafka Streams 4.1.1, exactly_once_v2, 1 thread",
        prepare_kafka_streams,
        positional=True,
    ),
    Peer("faust", "Faust 0.15.3, exactly_once, rocksdict", prepare_faust, share=0.01),
)
