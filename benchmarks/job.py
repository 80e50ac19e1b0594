"""The main job under measure: its topics, its one worker process and its Redis sink.

Everything has a prefix of its own, so that it could run beside other jobs on the same platform.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.peer import running
from local.platform import Addresses
from local.process import free_port
from schemas import topics
from sinks.redis_sink.keys import root
from sinks.settings import read_settings as read_sink_settings
from streams.settings import Settings, read_settings
from streams.topics import all_topics, create_topics

LOOK_SECONDS = 0.05
START_SECONDS = 120.0


@dataclass(frozen=True)
class Worker:
    """A worker process that runs, and what it says of itself."""

    pid: int
    port: int
    started_at: float
    log: Path

    def said(self) -> str:
        """The end of what it logged."""
        return self.log.read_text(errors="replace")[-2_000:]

    def owned(self) -> dict[str, int]:
        """Stage → partitions in work; empty while it does not answer yet."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/working", timeout=5) as said:
                found: dict[str, int] = json.load(said)["partitions"]
                return found
        except OSError:
            return {}

    def metric(self, name: str) -> dict[str, float]:
        """Stage → value of one of its metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as said:
            lines = said.read().decode().splitlines()
        rows = [line.rpartition(" ") for line in lines if line.startswith(f'{name}{{stage="')]
        return {labels.split('"')[1]: float(value) for labels, _, value in rows}

    def processor_seconds(self) -> float:
        """Processor time so far."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def bytes_peak(self) -> int:
        """The most memory it ever had resident; where the kernel does not say, what it has now."""
        status = Path(f"/proc/{self.pid}/status")
        if status.exists():
            for line in status.read_text(encoding="utf-8").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return int(psutil.Process(self.pid).memory_info().rss)


@dataclass(frozen=True)
class Job:
    """Where the job's parts are; `settings` are its worker's."""

    addresses: Addresses
    folder: Path
    settings: Settings

    @property
    def profile(self) -> Path:
        """Where the worker's profile is written."""
        return self.folder / "profile.json"

    @property
    def redis_root(self) -> str:
        """Start of the names of the job's keys in Redis."""
        kafka, prefix = self.settings.kafka, self.settings.topic_prefix
        return root(read_sink_settings(kafka=kafka, topic_prefix=prefix))

    def environment(self) -> dict[str, str]:
        """What the worker and the sink are told."""
        return self.addresses.environment() | {
            "MEMBERSTREAM_DATA": str(self.settings.data),
            "MEMBERSTREAM_APP": self.settings.app,
            "MEMBERSTREAM_TOPIC_PREFIX": self.settings.topic_prefix,
        }

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """Run a worker under the sampler until the block ends."""
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.sampled", str(self.profile)]
        environment = self.environment() | {"MEMBERSTREAM_HTTP_PORT": str(port)}
        log = self.folder / f"worker-{port}.log"
        started_at = time.perf_counter()
        with running([*command, "benchmarks.worker"], log, environment) as process:
            yield Worker(process.pid, port, started_at, log)

    def owns_all(self, worker: Worker) -> float:
        """Wait until it owns every partition; the seconds since its start. Raises `RuntimeError`."""
        while not self._whole(worker):
            if time.perf_counter() - worker.started_at > START_SECONDS:
                raise RuntimeError(f"The main job's worker did not start: {worker.said()}")
            time.sleep(LOOK_SECONDS)
        return time.perf_counter() - worker.started_at

    def _whole(self, worker: Worker) -> bool:
        owned = worker.owned()
        return {*owned} == {*topics.STAGES} and {*owned.values()} == {self.settings.partitions}

    @contextmanager
    def redis_sink(self) -> Iterator[psutil.Process]:
        """Run the Redis sink until the block ends."""
        command = [sys.executable, "-m", "sinks.redis_sink"]
        with running(command, self.folder / "redis-sink.log", self.environment()) as process:
            yield psutil.Process(process.pid)

    def lose_stores(self) -> None:
        """Delete every store of the worker."""
        for stores in self.settings.data.glob("worker-*/stores"):
            shutil.rmtree(stores)


def open_job(addresses: Addresses, folder: Path) -> Job:
    """A new job with its topics created."""
    name = f"benchmark-{time.time_ns()}"
    folder = folder / name
    folder.mkdir(parents=True)
    settings = read_settings(
        kafka=addresses.kafka, data=folder / "data", app=name, topic_prefix=f"{name}."
    )
    create_topics(settings.kafka, all_topics(settings))
    return Job(addresses, folder, settings)
