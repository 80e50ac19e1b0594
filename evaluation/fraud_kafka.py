"""The same payments through the running system: Kafka, a worker process, exactly once; the same figures.

Step by step (`fraud_steps.py`) payments, chargebacks and a tick are written in one transaction, and the next
step begins when all that follows from this one is done. In production time itself sees to that; here an hour
takes a second. At the hour's end the training stage gets its tick last, when all labels of the hour have
come: it learns from them what it learns in process. What can still differ is said in `fraud_agreement.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from agents.calendar import HOUR
from agents.risk.publication import FIRST, First
from evaluation.fraud_play import Hearing, Lived
from evaluation.fraud_steps import steps
from local.kafka import Kafka
from local.process import PlatformError
from schemas import codec, topics
from schemas.record import Event, Outcome
from schemas.risk import AbuseKind, FraudScored, PaymentCaptured
from streams.clock import Ticks
from streams.settings import Settings, read_settings
from streams.topics import all_topics, create_topics

PARTITIONS = 2
LEARNING = ("training",)
OTHERS = tuple(stage for stage in topics.STAGES if stage not in LEARNING)
SECONDS = 30.0
START_SECONDS = 120.0
QUIET_SECONDS = 0.02
QUIET_LOOKS = 2  # wake-ups come in bounded passes: one look may fall between two of them
STEP_SECONDS = 300.0
QUIETLY = {"log_level": 2}  # a Kafka that starts and ends with us is away before and after
Told = Callable[[str], None]
Place = tuple[str, int]


def live(
    payments: Sequence[PaymentCaptured],
    fraud: Sequence[bool],
    label_delay_days: int,
    tell: Told,
    *,
    first: First = FIRST,
    bootstrap: str | None = None,
    prefix: str = "",
    keep_examples: bool = True,
) -> Lived:
    """Through all of them, and until the last label has come; with a Kafka of its own unless one is named.

    Raises `PlatformError` when a part does not start or ends, `KafkaException`.
    """
    with (
        TemporaryDirectory(prefix="memberstream-") as folder,
        _kafka(Path(folder), bootstrap) as at,
    ):
        settings = read_settings(
            kafka=at,
            data=Path(folder) / "data",
            app=f"{prefix}evaluation",
            topic_prefix=prefix,
            partitions=PARTITIONS,
        )
        create_topics(settings.kafka, all_topics(settings))
        with _worker(settings, Path(folder), label_delay_days, first) as worker:
            run = Run(settings, Hearing(keep_examples=keep_examples), worker)
            try:
                return run.live(payments, fraud, label_delay_days, tell)
            finally:
                run.close()


@contextmanager
def _kafka(folder: Path, bootstrap: str | None) -> Iterator[str]:
    if bootstrap is not None:
        yield bootstrap
        return
    kafka = Kafka(folder / "kafka")
    kafka.start()
    try:
        yield kafka.bootstrap
    finally:
        kafka.stop()


@contextmanager
def _worker(
    settings: Settings, folder: Path, days: int, first: First
) -> Iterator[subprocess.Popen[bytes]]:
    log = folder / "worker.log"
    environment = {
        f"MEMBERSTREAM_{name.upper()}": str(getattr(settings, name))
        for name in ("kafka", "data", "app", "topic_prefix", "partitions")
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "evaluation.fraud_worker", *map(str, (days, *first))],
            env=_inherited() | environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    except PlatformError as error:
        raise PlatformError(f"{error}\n{log.read_text(errors='replace')[-2_000:]}") from error
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _inherited() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith("MEMBERSTREAM")
    }


class Run:
    """Writes steps and waits for what follows from each."""

    def __init__(
        self, settings: Settings, hearing: Hearing, worker: subprocess.Popen[bytes]
    ) -> None:
        self._settings = settings
        self._hearing = hearing
        self._worker = worker
        self._log = Log(settings)
        self._producer = Producer(
            {
                **QUIETLY,
                "bootstrap.servers": settings.kafka,
                "transactional.id": f"{settings.topic_prefix}evaluation",
                "partitioner": "murmur2_random",
                "linger.ms": 5,
            }
        )
        self._ticks = Ticks(self._producer, settings.topic_prefix, "evaluation", OTHERS)
        self._learning = Ticks(self._producer, settings.topic_prefix, "evaluation", LEARNING)
        self._producer.init_transactions(SECONDS)

    def live(
        self,
        payments: Sequence[PaymentCaptured],
        fraud: Sequence[bool],
        label_delay_days: int,
        tell: Told,
    ) -> Lived:
        """All steps, the first one only when the worker is at work."""
        opens_at = payments[0].occurred_at // HOUR * HOUR
        self._write([], opens_at, START_SECONDS)
        self._end_hour(opens_at)
        started = time.perf_counter()
        told = 0
        for step in steps(payments, fraud, label_delay_days):
            self._write(step.events, step.until, STEP_SECONDS)
            told += len(step.events)
            if step.hour:
                self._end_hour(step.until)
                tell(f"{told:,} payments and chargebacks of {len(payments) + sum(fraud):,} …")
        return self._hearing.lived(time.perf_counter() - started)

    def close(self) -> None:
        """Let go of the readers."""
        self._log.close()

    def _write(self, events: Sequence[Event], until: int, seconds: float) -> None:
        """One transaction, a tick at its end; then until nothing is left to do."""
        prefix = self._settings.topic_prefix
        self._producer.begin_transaction()
        for event in events:
            self._producer.produce(
                prefix + topics.actions(event.STAGE), codec.encode(event), event.key.encode()
            )
            self._producer.poll(0)
        self._ticks.write(until)
        self._wait(until, seconds)

    def _end_hour(self, at: int) -> None:
        """The training stage's tick, when it has heard all of the hour."""
        self._producer.begin_transaction()
        self._learning.write(at)
        self._wait(at, STEP_SECONDS)

    def _wait(self, at: int, seconds: float) -> None:
        """Commit, and wait for what follows. Raises `PlatformError`."""
        self._producer.flush(SECONDS)
        self._producer.commit_transaction(SECONDS)
        committed_at = time.perf_counter_ns()
        until, quiet = time.monotonic() + seconds, 0
        while quiet < QUIET_LOOKS:
            quiet = quiet + 1 if self._log.quiet() else 0
            self._hear(committed_at)
            if self._worker.poll() is not None:
                raise PlatformError(f"The worker ended with {self._worker.returncode}.")
            if time.monotonic() > until:
                raise PlatformError(f"The worker did not come to {at} in {seconds:.0f} s.")
            time.sleep(QUIET_SECONDS)

    def _hear(self, committed_at: int) -> None:
        """What has come since; a payment's time goes from its transaction's end to its score's."""
        now = time.perf_counter_ns()
        for value in self._log.outcomes():
            said = codec.decode(value)
            if isinstance(said, FraudScored) and said.kind is AbuseKind.PAYMENT:
                self._hearing.nanoseconds.append(now - committed_at)
            if isinstance(said, Outcome):
                self._hearing.hear(said)


class Log:
    """What lies in the log, and how far the worker has come in it."""

    def __init__(self, settings: Settings) -> None:
        prefix = settings.topic_prefix
        self._outcomes = {prefix + topics.outcomes(stage) for stage in topics.STAGES}
        self._sources = {prefix + name for stage in topics.STAGES for name in topics.sources(stage)}
        self._last: dict[Place, int] = {}  # the newest record of each partition that is read here
        self._heard: list[Message] = []
        self._member = Consumer(
            {**QUIETLY, "bootstrap.servers": settings.kafka, "group.id": settings.app}
        )
        self._reader = Consumer(
            {
                **QUIETLY,
                "bootstrap.servers": settings.kafka,
                "group.id": f"{settings.app}-reader",  # asked for by the client; nothing joins it
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 10,
            }
        )
        self._places = [
            TopicPartition(name, number, 0)
            for name in sorted(self._sources | self._outcomes)
            for number in range(settings.partitions)
        ]
        self._reader.assign(self._places)

    def close(self) -> None:
        """Let go of the connections."""
        self._member.close()
        self._reader.close()

    def quiet(self) -> bool:
        """True when the worker is past every record, and nothing new has come of that."""
        if self._read():
            return False
        asked = [TopicPartition(*place) for place in self._last if place[0] in self._sources]
        found = self._member.committed(asked, timeout=SECONDS)
        past = all(one.offset > self._last[one.topic, one.partition] for one in found)
        return bool(asked) and past and not self._read()

    def outcomes(self) -> Iterator[bytes]:
        """Outcomes since the last call, as they lie there."""
        heard, self._heard = self._heard, []
        for message in heard:
            value = message.value()
            if value is not None:
                yield value

    def _read(self) -> bool:
        """True when there was something new. Raises `KafkaException`."""
        new = False
        while messages := self._reader.consume(5_000, QUIET_SECONDS):
            new = True
            for message in messages:
                if message.error() is not None:
                    raise KafkaException(message.error())
                place = (str(message.topic()), int(message.partition() or 0))
                self._last[place] = int(message.offset() or 0)
                if place[0] in self._outcomes:
                    self._heard.append(message)
        return new
