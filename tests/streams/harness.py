"""Worker processes to start, kill, stop and wait for, and the log's own account of what they did.

`Fleet` keeps workers running as a supervisor does, while a seeded `Fire` kills and stops them. What
holds is read from the log, read_committed: nothing here asks a worker what it did.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

ROOT = Path(__file__).parent.parent.parent
COUNTING = ("-m", "tests.streams.counting_worker")


@dataclass(slots=True)
class Worker:
    """One worker process; its output is appended to `log`."""

    environment: Mapping[str, str]
    log: Path
    command: Sequence[str] = COUNTING
    process: subprocess.Popen[bytes] | None = None
    exits: list[int] = field(default_factory=list)

    def start(self, **extra: str) -> Worker:
        """Start it, with variables for this start only."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
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

    def ends(self, seconds: float = 20) -> int:
        """Wait for its end; the exit code, or minus the signal."""
        assert self.process is not None
        code = self.process.wait(seconds)
        self.exits.append(code)
        self.process = None
        return code

    def stopped(self) -> bool:
        """True while SIGSTOP holds it."""
        if self.process is None:
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


@dataclass(slots=True)
class Fleet:
    """Workers that are started again when they end."""

    workers: list[Worker]

    def tend(self) -> None:
        """Start what is not running."""
        for worker in self.workers:
            if not worker.running:
                worker.start()

    def close(self) -> None:
        """Kill all."""
        for worker in self.workers:
            worker.close()


@dataclass(slots=True)
class Fire:
    """Random kills and stops, the same for the same seed."""

    fleet: Fleet
    seed: int
    least_seconds: float = 3.0
    most_seconds: float = 9.0
    stop_share: float = 0.25
    stop_seconds: float = 8.0
    kills: int = 0
    stops: int = 0

    def rage(self, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """For so long: each time to one worker, SIGKILL, or SIGSTOP beyond the session timeout."""
        chance = random.Random(self.seed)
        ends = time.monotonic() + seconds
        due = time.monotonic() + chance.uniform(self.least_seconds, self.most_seconds)
        resume: list[tuple[float, Worker]] = []
        while time.monotonic() < ends:
            meanwhile()
            resume = _resume(resume, time.monotonic())
            self.fleet.tend()
            if time.monotonic() > due:
                worker = chance.choice(self.fleet.workers)
                if chance.random() < self.stop_share:
                    worker.send(signal.SIGSTOP)
                    resume.append((time.monotonic() + self.stop_seconds, worker))
                    self.stops += 1
                else:
                    worker.send(signal.SIGKILL)
                    self.kills += 1
                due = time.monotonic() + chance.uniform(self.least_seconds, self.most_seconds)
            time.sleep(0.1)
        _resume(resume, float("inf"))
        self.fleet.tend()


def _resume(waiting: list[tuple[float, Worker]], now: float) -> list[tuple[float, Worker]]:
    for due, worker in waiting:
        if due <= now:
            worker.send(signal.SIGCONT)
    return [(due, worker) for due, worker in waiting if due > now]


def produce(kafka: str, topic: str, records: Iterable[tuple[bytes, bytes]]) -> None:
    """Write records as every producer of ours does; raises when one is not acknowledged."""
    producer = Producer(
        {"bootstrap.servers": kafka, "partitioner": "murmur2", "enable.idempotence": True}
    )
    for key, value in records:
        producer.produce(topic, value, key)
        producer.poll(0)
    assert producer.flush(30) == 0


def read_committed(kafka: str, topic: str, partitions: int) -> list[Message]:
    """All committed records, waiting for transactions that are open to be decided."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "harness",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    ends = {
        at: consumer.get_watermark_offsets(TopicPartition(topic, at), timeout=10)[1]
        for at in range(partitions)
    }
    consumer.assign([TopicPartition(topic, at, 0) for at in ends])
    found: list[Message] = []
    deadline = time.monotonic() + 30
    while ends and time.monotonic() < deadline:
        for message in consumer.consume(5000, 0.2):
            error = message.error()
            if error is None:
                found.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                at = message.partition()
                if message.offset() >= ends.get(at, 0):
                    ends.pop(at, None)
    consumer.close()
    return found


def eventually(holds: Callable[[], bool], seconds: float = 20, pause: float = 0.1) -> bool:
    """Wait until it holds; False when it never did."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(pause)
    return True
