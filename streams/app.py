"""A worker: Faust's app with our transport, one loop over all stages, and what starts and ends them.

`build(settings, stages)` makes it, `run(settings, stages)` runs it until SIGTERM. Nothing exists at
import time.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NoReturn

import faust
import structlog
from faust.types import TP

from schemas import codec, topics
from streams import garbage
from streams.acquire import Acquirer
from streams.ending import ExitCode, end_process
from streams.engine import Engine
from streams.failpoints import Failpoints
from streams.health import Health, serve
from streams.offset_commit import Membership
from streams.plan import Topology
from streams.restore import Cancelled
from streams.settings import Settings
from streams.share import Share
from streams.slots import Slot, hold_slot
from streams.stage import StageSpec
from streams.store import open_cache
from streams.topics import TopicFacts, TopicSpec, check_topics, read_facts
from streams.transaction import TransactionalProducer
from streams.transport import BatchTransport
from streams.work import StageBehaviour

BEAT_SECONDS = 0.5
REBALANCE_SECONDS = 60.0
POLL_SECONDS = 600.0
LOOP_ENDS_SECONDS = 20.0


def stage_specs(topology: Topology, schema_registry: str = "") -> list[StageSpec]:
    """The stages of a topology, as the engine runs them; one registry, if any, for all of them."""
    registry = _registry(schema_registry) if schema_registry else None
    specs = []
    for stage in topology.stages:
        behaviour = StageBehaviour(stage.name, topology, registry=registry)
        plan = behaviour.plan
        changelog = topology.prefix + topics.changelog(stage.name)
        sources = (*plan.inside_topics, plan.actions_topic)
        specs.append(StageSpec(stage.name, sources, changelog, plan.partitions, behaviour))
    return specs


def _registry(url: str) -> codec.Registry:
    """Loaded here, as most workers need none of its client."""
    from schemas.registry import ConfluentRegistry

    return ConfluentRegistry(url)


class App(faust.App):  # type: ignore[misc]  # faust ships no types
    """Faust's app for one worker; it is what the transport and Faust's callbacks see."""

    def __init__(self, settings: Settings, stages: Sequence[StageSpec]) -> None:
        session = settings.session_timeout_seconds
        super().__init__(
            settings.app,
            broker=[f"kafka://{server}" for server in settings.kafka.split(",")],
            datadir=str(settings.data),
            key_serializer="raw",
            value_serializer="raw",
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            stream_wait_empty=False,
            consumer_auto_offset_reset="earliest",
            broker_session_timeout=session,
            broker_heartbeat_interval=session / 4,
            broker_request_timeout=max(session, 40.0),
            broker_rebalance_timeout=REBALANCE_SECONDS,
            broker_max_poll_interval=POLL_SECONDS,
        )
        self.worker_settings = settings
        self.specs = list(stages)
        self.engine: Engine | None = None
        self.failure: asyncio.Future[BaseException] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._acquiring: list[asyncio.Task[None]] = []
        self.transport = BatchTransport(self.conf.broker_consumer, self)
        self.on_partitions_revoked.connect(self._revoked)
        self.on_partitions_assigned.connect(self._assigned)
        self.on_before_shutdown.connect(self._drain)
        for spec in self.specs:
            self._subscribe(spec)

    @property
    def intake(self) -> Engine:
        """What the transport asks."""
        assert self.engine is not None, "not prepared"
        return self.engine

    def _subscribe(self, spec: StageSpec) -> None:
        """A stage is one Faust agent; it files batches for the engine."""
        topic = self.topic(*spec.sources, key_serializer="raw", value_serializer="raw", acks=False)

        async def file(batches: Any) -> None:
            async for batch in batches:
                self.intake.file(batch)

        self.agent(topic, name=spec.name)(file)

    async def prepare(self, slot: Slot) -> None:
        """Check what is there, connect the producer, start the loop."""
        settings = self.worker_settings
        facts = await asyncio.to_thread(_check, settings, self.specs)
        cache = open_cache(settings.cache_bytes)
        failpoints = Failpoints.parse(settings.test_failpoint)
        folder = slot.folder / "stores"
        shares = [
            Share(
                spec,
                settings,
                facts,
                Acquirer(spec, settings, facts, folder, cache, self._seek, failpoints),
            )
            for spec in self.specs
        ]
        producer = TransactionalProducer(settings, f"{settings.app}-{settings.host}.{slot.number}")
        self.engine = Engine(shares, settings, producer, failpoints, self._fetch)
        await producer.start()
        self._tasks.append(self._guarded(self.engine.run(), "the loop"))

    def _guarded(self, work: Coroutine[Any, Any, None], where: str) -> asyncio.Task[None]:
        """A task whose failure ends the process at once."""

        async def run() -> None:
            try:
                await work
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                end_process(error, where)

        return asyncio.get_running_loop().create_task(run())

    async def _seek(self, positions: Any, membership: Membership) -> bool:
        found: bool = await self.consumer._thread.start_at(positions, membership)
        return found

    def _fetch(self) -> None:
        self.consumer._thread.gate.open()

    # ---- rebalances ------------------------------------------------------------------------------

    async def _revoked(self, sender: Any, revoked: set[TP], **_: Any) -> None:
        try:
            await self._let_go()
        except BaseException as error:
            end_process(error, "revocation")

    async def _let_go(self) -> None:
        """Stop what is being acquired, then release what is owned."""
        await self._stop_acquiring()
        await self.intake.release()
        self.consumer._thread.forget_positions()

    async def _assigned(self, sender: Any, assigned: set[TP], **_: Any) -> None:
        """Acquire in the background: there are no heartbeats in this callback."""
        membership = self.consumer._thread.membership
        structlog.get_logger().info(
            "partitions_assigned", count=len(assigned), generation=membership.generation
        )
        found = {spec.name: owned_whole(spec, assigned) for spec in self.specs}
        owned = {name: partitions for name, partitions in found.items() if partitions}
        self.intake.expect(owned)
        for stage, partitions in owned.items():
            work = _acquire(self.intake, stage, partitions, membership)
            self._acquiring.append(self._guarded(work, f"acquiring {stage}"))

    async def _stop_acquiring(self) -> None:
        for task in self._acquiring:
            task.cancel()
        await asyncio.gather(*self._acquiring, return_exceptions=True)
        self._acquiring.clear()

    # ---- the end ---------------------------------------------------------------------------------

    async def _drain(self, sender: Any, **_: Any) -> None:
        """Before the consumer leaves the group: finish what is in hand."""
        await self._stop_acquiring()
        await self.intake.stop()


def build(settings: Settings, stages: Sequence[StageSpec]) -> App:
    """The app of one worker for these stages."""
    return App(settings, stages)


def owned_whole(spec: StageSpec, assigned: set[TP]) -> frozenset[int]:
    """The partitions of a stage of which every source topic is assigned here."""
    found = [{tp.partition for tp in assigned if tp.topic == topic} for topic in spec.sources]
    return frozenset(set.intersection(*found))


async def _acquire(
    engine: Engine, stage: str, partitions: frozenset[int], membership: Membership
) -> None:
    try:
        await engine.acquire(stage, partitions, membership)
    except Cancelled:
        return
    structlog.get_logger().info("partitions_acquired", stage=stage, partitions=sorted(partitions))


def _check(settings: Settings, specs: Sequence[StageSpec]) -> dict[str, TopicFacts]:
    """Every topic that is read or written is there, with the right partitions."""
    own = [
        TopicSpec(topic, spec.partitions)
        for spec in specs
        for topic in (*spec.sources, spec.changelog)
    ]
    facts = check_topics(settings.kafka, own)
    written = {topic for spec in specs for topic in spec.behaviour.topics_written()} - facts.keys()
    there = read_facts(settings.kafka, written)
    missing = [TopicSpec(topic, 1) for topic in written - there.keys()]
    check_topics(settings.kafka, missing)
    return facts


def set_up_logging(level: str) -> None:
    """Events with fields on standard error; libraries from warnings up."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    for name in ("aiokafka", "faust", "mode", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
    )


def run(
    settings: Settings, stages: Sequence[StageSpec] | Callable[[], Sequence[StageSpec]]
) -> NoReturn:
    """Run a worker until SIGTERM or SIGINT; always ends the process, see `ExitCode`."""
    set_up_logging(settings.log_level)
    try:
        slot = hold_slot(settings.data, settings.slot)
        asyncio.run(_serve(settings, stages() if callable(stages) else stages, slot))
    except BaseException as error:
        end_process(error, "start or stop")
    structlog.get_logger().info("worker_stopped", slot=slot.number)
    logging.shutdown()
    sys.exit(ExitCode.STOPPED)


async def _serve(settings: Settings, stages: Sequence[StageSpec], slot: Slot) -> None:
    garbage.begin()
    app = build(settings, stages)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await app.prepare(slot)
    shares = app.intake.shares
    health = Health({name: _reader(share) for name, share in shares.items()})
    if settings.http_port:
        serve(health, settings.http_host, settings.http_port)
    structlog.get_logger().info("worker_starts", slot=slot.number, stages=list(shares))
    await app.start()
    crashed = asyncio.ensure_future(app._crashed.wait())
    stopping = asyncio.ensure_future(stop.wait())
    while not (stopping.done() or crashed.done()):
        await asyncio.wait({stopping, crashed}, timeout=BEAT_SECONDS, return_when="FIRST_COMPLETED")
        health.beat()
    if crashed.done():
        end_process(app.crash_reason or RuntimeError("Faust crashed"), "Faust's app")
    await asyncio.wait_for(app.stop(), LOOP_ENDS_SECONDS)
    crashed.cancel()


def _reader(share: Share) -> Callable[[], Any]:
    return lambda: share.progress
