"""Schedules: in which order partitions are served, how much at once, and when a worker dies."""

from __future__ import annotations

from math import inf
from random import Random

from schemas.record import Event
from streams.intake import Bounds
from streams.plan import Topology
from streams.simulate import Simulation, Worker
from tests.simulation.world import DAY, HOUR

TICK = 6 * HOUR
BOUNDS = Bounds(ahead=10 * DAY)  # some ticks are missing on purpose
CRASHES = 0.05


def played(
    topology: Topology,
    delivered: list[tuple[int, Event]],
    random: Random | None = None,
    *,
    until: int = 0,
    holdings_most: int = 10_000,
    kind: type[Simulation] = Simulation,
) -> Simulation:
    """A world lived through: delivered in order, ticked, until nothing is left to do.

    Without `random` each tick's actions are drained as the engine would when it is never late; with
    it, partitions are served in any order, in batches of any size, and workers crash.
    """
    simulation = kind(topology, bounds=BOUNDS, holdings_most=holdings_most)
    tick_at = (delivered[0][0] // TICK + 1) * TICK
    for at, action in delivered:
        while tick_at <= at:
            _pass_time(simulation, tick_at, random)
            tick_at += TICK
        simulation.emit(action, at)
    ended_at = tick_at
    while tick_at <= max(until, delivered[-1][0] + TICK):
        _pass_time(simulation, tick_at, random)
        ended_at, tick_at = (
            tick_at,
            tick_at + (DAY if tick_at > delivered[-1][0] + 40 * DAY else TICK),
        )
    simulation.tick(ended_at)  # the last one is never missing
    simulation.drain()
    return simulation


def _pass_time(simulation: Simulation, at: int, random: Random | None) -> None:
    if random is None:
        simulation.drain()
        simulation.tick(at)
        simulation.drain()
        return
    if random.random() < 0.9:  # a tick may be missing
        for _ in range(random.choice([1, 1, 1, 2])):  # or doubled
            simulation.tick(at)
    serve(simulation, random, rounds=random.randrange(0, 40))


def serve(simulation: Simulation, random: Random, rounds: int) -> None:
    """Serve partitions at random: any topic, any size of batch, with crashes."""
    for _ in range(rounds):
        worker = random.choice(simulation.workers)
        plan = worker.behaviour.plan
        inside = [topic for topic in plan.inside_topics if simulation.waits(worker, topic)]
        topic = random.choice(inside) if inside and random.random() < 0.8 else plan.actions_topic
        if not simulation.waits(worker, topic) and not worker.work.waiting:
            continue
        if random.random() < CRASHES:
            _crash(simulation, worker, topic, random)
        else:
            deadline = random.choice([0.0, inf])
            simulation.step(worker, topic, random.randrange(1, 20), deadline)


def _crash(simulation: Simulation, worker: Worker, topic: str, random: Random) -> None:
    """The worker dies before the transaction, or right after it."""
    start = worker.read[topic]
    records = simulation.logs[topic, worker.partition][start : start + 10]
    taken = worker.work.run(records, inf)
    if random.random() < 0.5:
        simulation.commit(worker, {topic: start + taken})
    worker.reopen()
