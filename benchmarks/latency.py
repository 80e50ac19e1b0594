"""From an action's send to its trace in Redis, at a stated rate of actions: a probe is a purchase by a
member of its own, sent among the mix, whose balance and list of candidates are then read from the views
until they are there (a list that a product's answer has made: `degraded` is 0).

One thread sends and looks, in turn, so that neither waits for the other's lock. It looks every four
milliseconds, for lists every twenty, which the figures contain. Event time runs as real time does, and a
clock ticks every second as in service.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

import psutil
from confluent_kafka import Producer

from benchmarks.job import Job
from benchmarks.loader import QUIET
from benchmarks.mix import CURRENCY, Mix, product_name
from schemas import topics
from schemas.actions import PurchaseLine, PurchaseMade
from schemas.codec import encode
from schemas.record import Event
from sinks.redis_sink import keys
from sinks.redis_sink.connection import connect
from streams.clock import Ticks

PROBES_PER_SECOND = 25
LOOK_SECONDS = 0.004
LIST_LOOK_SECONDS = 0.02  # lists take longer, so more of them wait, and a look costs more
NAP_SECONDS = 0.001
AT_ONCE = 64
SETTLE_SECONDS = 3.0  # what is sent before is not counted
ARRIVES_SECONDS = 120.0
TRANSACTION_SECONDS = 30.0

Sent = tuple[float, str, bytes, bytes, str]  # due, topic, key, value, the probe's member or none


@dataclass(frozen=True)
class Latency:
    """Seconds from send to Redis at a rate, to the balance and to the list of candidates; and cores in use
    meanwhile, by process.
    """

    actions_per_second: float
    balances: list[float]
    lists: list[float]
    cores: dict[str, float]


def share(seconds: list[float], percent: int) -> float:
    """The time within which so many of a hundred probes were there."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


@dataclass
class _Awaited:
    """What is looked for of each probe: a field that has a value, in a family of keys."""

    family: str
    name: str
    value: str | None  # none: any
    look_seconds: float
    looked_at: float = 0.0
    start: str = ""  # of the keys' names
    waiting: dict[str, float] = field(default_factory=dict)
    seconds: list[tuple[float, float]] = field(default_factory=list)  # sent at, took

    def counted(self, since: float) -> list[float]:
        """How long it took for those that were sent later."""
        return [took for at, took in self.seconds if at > since]


def _awaited() -> tuple[_Awaited, _Awaited]:
    balance = _Awaited("balances", "active", None, LOOK_SECONDS)
    return balance, _Awaited("candidates", "degraded", "0", LIST_LOOK_SECONDS)


class Probing:
    """Sends a paced mix with probes and watches the view."""

    def __init__(self, job: Job, mix: Mix, event_at: int) -> None:
        """`mix` goes on where the load ended; `event_at`: the event time that was reached."""
        self._job = job
        self._mix = mix
        self._event_at = event_at
        self._probes = 0
        self._prefix = job.settings.topic_prefix
        self._redis = connect(job.addresses.redis, decoded=True)
        self._version = ""
        self._producer = Producer(_like_the_emitter(job.settings.kafka))
        self._clock = Producer(
            {
                "bootstrap.servers": job.settings.kafka,
                "transactional.id": f"{self._prefix}clock",
                "log_level": QUIET,
            }
        )
        self._ticks = Ticks(self._clock, self._prefix)
        self._clock.init_transactions(TRANSACTION_SECONDS)
        self._ticker = ThreadPoolExecutor(1)
        self._ticking: Future[None] | None = None

    def caught_up(self) -> None:
        """Wait until probes come through as they are sent. Raises `TimeoutError`."""
        root = self._job.redis_root
        gives_up_at = time.perf_counter() + ARRIVES_SECONDS
        while (version := self._redis.get(keys.pointer(root))) is None:
            if time.perf_counter() > gives_up_at:
                raise TimeoutError("the Redis sink opened no view")
            time.sleep(NAP_SECONDS)
        self._version = str(version)
        sent = self._plan(PROBES_PER_SECOND, 1.0)
        self._drive(sent, ARRIVES_SECONDS)

    def measure(self, rate: float, seconds: float, processes: dict[str, psutil.Process]) -> Latency:
        """Send at `rate` for so long. Raises `TimeoutError` when a probe never arrives."""
        planned = self._plan(rate, SETTLE_SECONDS + seconds)
        before = {name: _used(process) for name, process in processes.items()}
        started = time.perf_counter()
        balances, lists = self._drive(planned, ARRIVES_SECONDS)
        lasted = time.perf_counter() - started
        cores = {name: (_used(p) - before[name]) / lasted for name, p in processes.items()}
        since = started + SETTLE_SECONDS
        return Latency(rate, balances.counted(since), lists.counted(since), cores)

    def _plan(self, rate: float, seconds: float) -> deque[Sent]:
        """What is to be sent when, encoded ahead, so that sending costs little."""
        planned: list[Sent] = []
        step = 1 / rate
        others = self._mix.actions(self._event_at, step * 1000)
        every = max(1, round(rate / PROBES_PER_SECOND))
        for number, action in enumerate(islice(others, int(rate * seconds))):
            probe = number % every == 0
            said = self._probe(self._event_at + int(number * step * 1000)) if probe else action
            topic = self._prefix + topics.actions(said.STAGE)
            marked = said.key if probe else ""
            planned.append((number * step, topic, said.key.encode(), encode(said), marked))
        return deque(planned)

    def _probe(self, at: int) -> Event:
        self._probes += 1
        name = f"probe-{self._prefix}{self._probes}"
        line = PurchaseLine(
            line_number=1, product_id=product_name(1), quantity=1, amount_minor=5_000
        )
        return PurchaseMade(
            event_id=name,
            member_id=name,
            occurred_at=at,
            order_id=name,
            currency=CURRENCY,
            lines=[line],
        )

    def _drive(self, planned: deque[Sent], patience: float) -> tuple[_Awaited, _Awaited]:
        awaited = _awaited()
        for one in awaited:
            one.start = keys.key(self._job.redis_root, self._version, one.family)
        started = time.perf_counter()
        ticked, ends = 0, started + planned[-1][0] + patience
        while planned or any(one.waiting for one in awaited):
            now = time.perf_counter()
            while planned and planned[0][0] <= now - started:
                self._send(awaited, *planned.popleft()[1:])
            self._producer.poll(0)
            if int(now - started) >= ticked:
                ticked += 1
                self._tick_aside(self._event_at + int((now - started) * 1000))
            self._look([one for one in awaited if now - one.looked_at >= one.look_seconds])
            if now > ends:
                missing = ", ".join(f"{len(one.waiting)} {one.family}" for one in awaited)
                raise TimeoutError(f"these of probes never came to Redis: {missing}")
            time.sleep(NAP_SECONDS)
        self._event_at += int((time.perf_counter() - started) * 1000)
        return awaited

    def _send(
        self, awaited: Sequence[_Awaited], topic: str, key: bytes, value: bytes, probe: str
    ) -> None:
        if probe:
            for one in awaited:
                one.waiting[probe] = time.perf_counter()
        self._producer.produce(topic, value, key)

    def _tick_aside(self, at: int) -> None:
        """In a thread of its own: a commit would hold up the probes."""
        if self._ticking is not None:
            self._ticking.result()
        self._ticking = self._ticker.submit(self._tick, at)

    def _tick(self, at: int) -> None:
        self._clock.begin_transaction()
        self._ticks.write(at)
        self._clock.commit_transaction(TRANSACTION_SECONDS)

    def _look(self, awaited: Sequence[_Awaited]) -> None:
        """Read what the oldest ones wait for, all in one call."""
        sought = [(one, member) for one in awaited for member in islice(one.waiting, AT_ONCE)]
        if not sought:
            return
        asked = self._redis.pipeline(transaction=False)
        for one, member in sought:
            asked.hget(one.start + member, one.name)
        answers = asked.execute()
        now = time.perf_counter()
        for one in awaited:
            one.looked_at = now
        for (one, member), answer in zip(sought, answers, strict=True):
            if answer is not None and one.value in (None, answer):
                one.seconds.append((one.waiting[member], now - one.waiting.pop(member)))


def _like_the_emitter(kafka: str) -> dict[str, str | int | bool]:
    """The settings of `schemas.emitter`: what a platform service sends with."""
    return {
        "bootstrap.servers": kafka,
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "linger.ms": 5,
        "log_level": QUIET,
    }


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
