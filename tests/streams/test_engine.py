"""The engine on a real Kafka: whatever happens to workers, each event counts exactly once."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.fleet import Fire, Fleet, Process, eventually
from streams.ending import ExitCode
from streams.settings import Settings, read_settings
from streams.topics import create_topics
from tests.streams.counting_worker import counting_topics
from tests.streams.harness import produce, read_committed

PARTITIONS = 3
KEYS = 30
SESSION_SECONDS = 2.0
TRANSACTION_SECONDS = 6.0


@dataclass(slots=True)
class Counting:
    """The counting stage of one test: its topics, its workers, and what its log says."""

    settings: Settings
    folder: Path
    workers: list[Process] = field(default_factory=list)
    sent: list[tuple[bytes, bytes]] = field(default_factory=list)

    def worker(self, **extra: str) -> Process:
        """One more worker, not yet started."""
        settings = self.settings
        environment = {
            "MEMBERSTREAM_KAFKA": settings.kafka,
            "MEMBERSTREAM_DATA": str(settings.data),
            "MEMBERSTREAM_APP": settings.app,
            "MEMBERSTREAM_TOPIC_PREFIX": settings.topic_prefix,
            "MEMBERSTREAM_PARTITIONS": str(settings.partitions),
            "MEMBERSTREAM_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
            "MEMBERSTREAM_TRANSACTION_TIMEOUT_SECONDS": str(TRANSACTION_SECONDS),
            "MEMBERSTREAM_TESTING": "1",
            **extra,
        }
        command = [sys.executable, "-m", "tests.streams.counting_worker"]
        made = Process(command, environment, self.folder / f"worker-{len(self.workers)}.log")
        self.workers.append(made)
        return made

    def emit(self, count: int) -> None:
        """So many actions more."""
        first = len(self.sent)
        rows = [(b"key-%d" % (n % KEYS), b"%d" % n) for n in range(first, first + count)]
        self.sent += rows
        produce(self.settings.kafka, self._topic("actions"), rows)

    def _topic(self, name: str) -> str:
        return f"{self.settings.topic_prefix}{name}.counting"

    def said(self) -> list[tuple[bytes, bytes]]:
        """All committed outcomes, partition by partition in order."""
        topic = self._topic("outcomes")
        found = read_committed(self.settings.kafka, topic, self.settings.partitions)
        return [(message.key() or b"", message.value() or b"") for message in found]

    def finished(self, seconds: float = 90) -> bool:
        """Wait until twice as many outcomes are there as actions (or more: `faults` tells)."""
        return eventually(lambda: len(self.said()) >= 2 * len(self.sent), seconds, 0.3)

    def faults(self) -> dict[str, int]:
        """What is missing, doubled, or counted wrongly; empty when each event counted once."""
        said = self.said()
        ids = Counter(value.rpartition(b"|")[0] for _, value in said)
        wanted = {b for _, n in self.sent for b in (n, b"inside|" + n)}
        counts = defaultdict(list)
        for key, value in said:
            counts[key, value.startswith(b"inside|")].append(int(value.rpartition(b"|")[2]))
        found = {
            "missing": len(wanted - ids.keys()),
            "foreign": len(ids.keys() - wanted),
            "doubled": sum(n - 1 for n in ids.values() if n > 1),
            "miscounted": sum(got != list(range(1, len(got) + 1)) for got in counts.values()),
        }
        return {fault: number for fault, number in found.items() if number}


@pytest.fixture
def counting(kafka: str, unique: str, tmp_path: Path) -> Iterator[Counting]:
    settings = read_settings(
        kafka=kafka,
        data=tmp_path / "data",
        app=unique + "app",
        topic_prefix=unique,
        partitions=PARTITIONS,
    )
    create_topics(kafka, counting_topics(settings))
    made = Counting(settings, tmp_path)
    yield made
    for worker in made.workers:
        worker.close()


def test_one_worker_end_to_end(counting: Counting) -> None:
    """Each action is counted once: in one go, over a graceful stop, a kill, and the loss of its stores.

    SIGTERM commits what is in hand and exits 0; a store that is there is kept and reads the tail of
    the changelog, one that is lost is rebuilt from it.
    """
    counting.emit(500)
    worker = counting.worker().start()
    assert counting.finished(), worker.said()
    counting.emit(200)
    time.sleep(0.05)
    worker.send(signal.SIGTERM)
    assert worker.ends() == ExitCode.STOPPED, worker.said()
    worker.start()
    assert counting.finished(), worker.said()
    worker.close()
    cold(counting)
    counting.emit(100)
    worker.start()
    assert counting.finished(), worker.said()
    assert counting.faults() == {}


def test_a_second_worker_takes_over_its_share(counting: Counting) -> None:
    """A worker that joins gets partitions, one that leaves gives them back; nothing counts twice."""
    first = counting.worker(MEMBERSTREAM_PASS_SECONDS="0.01").start()
    counting.emit(300)
    assert counting.finished()
    second = counting.worker().start()
    assert eventually(lambda: "partitions_acquired" in second.said())
    counting.emit(300)
    assert counting.finished()
    first.send(signal.SIGTERM)
    assert first.ends() == ExitCode.STOPPED, first.said()
    counting.emit(300)
    assert counting.finished(), second.said()
    assert counting.faults() == {}


FAILPOINTS = (
    "after-decode:kill:2",
    "mid-outputs:kill:2",
    "before-commit:kill:2",
    "between-commit-and-store:kill:2",
    "in-restore:kill:1",
    "in-revoke:kill:1",
    "before-commit:raise:2",
)


def test_each_failpoint_loses_and_doubles_nothing(counting: Counting) -> None:
    """Killed at each named place, a worker that is started again goes on as if nothing was.

    Each start recovers from the end before it and then meets an end of its own.
    """
    counting.emit(200)
    worker = counting.worker().start()
    assert counting.finished(), worker.said()
    worker.close()
    for failpoint in FAILPOINTS:
        counting.emit(50)
        ended_at(failpoint, counting, worker)
        assert counting.faults().keys() <= {"missing"}, failpoint
    worker.start()
    assert counting.finished(), worker.said()
    assert counting.faults() == {}


def ended_at(failpoint: str, counting: Counting, worker: Process) -> None:
    """Start the worker, and see it end where it should."""
    if failpoint.startswith("in-restore"):
        cold(counting)
    before = worker.acquired()
    worker.start(MEMBERSTREAM_TEST_FAILPOINT=failpoint)
    if failpoint.startswith("in-revoke"):  # a rebalance may come before the SIGTERM
        eventually(lambda: worker.acquired() > before or not worker.running)
        worker.send(signal.SIGTERM)
    ended = eventually(lambda: not emit_until_ended(counting, worker), 60)
    assert ended, f"{failpoint} was not reached: {worker.said()}"
    killed = -signal.SIGKILL if ":kill:" in failpoint else ExitCode.UNEXPECTED
    assert worker.exits[-1] == killed, f"{failpoint}: {worker.said()}"


def emit_until_ended(counting: Counting, worker: Process) -> bool:
    """A few more actions while the worker runs, so that there is a next pass."""
    if worker.running:
        counting.emit(5)
    return worker.running


def cold(counting: Counting) -> None:
    """Lose every store."""
    for path in counting.settings.data.glob("worker-*/stores"):
        os.rename(path, path.with_name(f"lost-{time.monotonic_ns()}"))


def test_a_stale_owner_is_refused_in_mid_transaction(counting: Counting) -> None:
    """Stopped with a transaction open, beyond the session timeout: the broker refuses its commit."""
    stale = counting.worker().start(MEMBERSTREAM_TEST_FAILPOINT="mid-outputs:stop:2")
    assert stopped_at_failpoint(counting, stale), stale.said()
    counting.worker().start()
    time.sleep(SESSION_SECONDS + 1)
    stale.send(signal.SIGCONT)
    assert stale.ends() == ExitCode.FENCED, stale.said()
    assert counting.finished(), counting.workers[1].said()
    assert counting.faults() == {}


@pytest.mark.parametrize("fencing", ["on", "off"])
def test_only_fencing_keeps_a_stale_batch_out(counting: Counting, fencing: str) -> None:
    """Stopped between taking a batch and its first produce: with fencing off it counts twice.

    That is the control of this whole file: the harness sees what the fence prevents.
    """
    stale = counting.worker(MEMBERSTREAM_TEST_FENCING=fencing)
    stale.start(MEMBERSTREAM_TEST_FAILPOINT="after-decode:stop:2")
    assert stopped_at_failpoint(counting, stale), stale.said()
    other = counting.worker().start()
    assert counting.finished(), other.said()
    stale.send(signal.SIGCONT)
    if fencing == "on":
        assert stale.ends() == ExitCode.FENCED, stale.said()
        assert "(25)" in stale.said()
        assert counting.faults() == {}
    else:
        assert eventually(lambda: "doubled" in counting.faults(), 60), stale.said()


def stopped_at_failpoint(counting: Counting, worker: Process) -> bool:
    """Emit until the worker stops itself."""

    def stopped() -> bool:
        counting.emit(10)
        return worker.stopped()

    return eventually(stopped, 60, 0.3)


def test_fire(counting: Counting) -> None:
    """Two workers, killed and stopped at random: each event counts exactly once."""
    fleet = Fleet([counting.worker(), counting.worker()])
    fire = Fire(seed=1, least_seconds=1.0, most_seconds=2.5, stop_seconds=4.0)
    blows = fire.rage(fleet, 15, lambda: counting.emit(10))
    assert {blow.signal for blow in blows} == {signal.SIGKILL, signal.SIGSTOP}
    ended = eventually(
        lambda: (fleet.tend(), len(counting.said()) >= 2 * len(counting.sent))[1], 120
    )
    assert ended, [worker.said()[-2000:] for worker in fleet.processes]
    assert counting.faults() == {}
