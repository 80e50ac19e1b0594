"""Steps keep apart what partitions that work side by side could confuse: every score is as in process."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest
from pyarrow import parquet

from agents.risk.publication import First
from evaluation.fraud_agreement import agreement
from evaluation.fraud_data import Payments, read
from evaluation.fraud_play import Hearing, live, stages
from evaluation.fraud_steps import Step, steps
from evaluation.fraud_worker import BOUNDS
from schemas import codec, topics
from schemas.actions import ClockTicked
from streams.plan import Topology
from streams.simulate import Simulation
from tests.evaluation.payments_made import made, table

DELAY_DAYS = 1
AT_ONCE = First(1, 1)
PARTITIONS = 3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Payments:
    path = tmp_path_factory.mktemp("steps") / "p.parquet"
    parquet.write_table(table(made(3, members=20, terminals=4)), path)
    return read(path)


class Interleaved(Simulation):
    """Whoever has something to read reads a few records of it, in any order; ticks as they are told."""

    def __init__(self, seed: int) -> None:
        whole = stages(DELAY_DAYS, AT_ONCE)
        super().__init__(
            Topology(whole, {stage.name: PARTITIONS for stage in whole}), bounds=BOUNDS
        )
        self.random = Random(seed)

    def tick_in(self, names: Iterable[str], at: int) -> None:
        for name in names:
            for partition in range(PARTITIONS):
                tick = ClockTicked(event_id=f"{at}-{partition}", occurred_at=at)
                where, data = topics.actions(name), codec.encode(tick)
                self.append(where, partition, at, tick.key.encode(), data)

    def settle(self) -> None:
        while waiting := [
            (worker, topic)
            for worker in self.workers
            for topic in (*worker.behaviour.plan.inside_topics, worker.behaviour.plan.actions_topic)
            if self.waits(worker, topic)
            or (topic == worker.behaviour.plan.actions_topic and worker.work.waiting)
        ]:
            worker, topic = self.random.choice(waiting)
            self.step(worker, topic, self.random.randint(1, 5))


def lived(seed: int, told: Iterable[Step]) -> Hearing:
    """Step by step, each to its end, the training stage's tick last."""
    simulation, hearing = Interleaved(seed), Hearing(keep_examples=False)
    for step in told:
        for event in step.events:
            simulation.emit(event)
        simulation.tick_in(("members", "tokens"), step.until)
        simulation.settle()
        if step.hour:
            simulation.tick_in(("training",), step.until)
            simulation.settle()
    assert not simulation.dead_letters()
    for said in simulation.outcomes():
        hearing.hear(said)
    return hearing


@pytest.mark.parametrize("seed", range(3))
def test_as_in_process(data: Payments, seed: int) -> None:
    """Whichever partition is quicker, to the last bit: scores, challengers, versions, what was learned."""
    here = live(data.payments, data.fraud, DELAY_DAYS, lambda _: None, first=AT_ONCE)
    there = lived(seed, steps(data.payments, data.fraud, DELAY_DAYS)).lived(1.0)
    found = agreement(there.probabilities, here.probabilities)
    assert found.alike == found.payments == len(data.payments), found
    assert there.challengers == here.challengers
    assert (there.versions, there.frauds, there.honest) == (here.versions, here.frauds, here.honest)
    assert sum(one is not None for one in here.probabilities.values()) > len(data.payments) / 3
    assert here.versions > 1


def test_without_cuts_it_would_differ(data: Payments) -> None:
    """The control: whole hours at once, and tokens answer in the order in which they are reached."""
    whole: list[Step] = []
    events = []
    for step in steps(data.payments, data.fraud, DELAY_DAYS):
        events += step.events
        if step.hour:
            whole.append(step._replace(events=events))
            events = []
    here = live(data.payments, data.fraud, DELAY_DAYS, lambda _: None, first=AT_ONCE)
    there = lived(1, whole).lived(1.0)
    found = agreement(there.probabilities, here.probabilities)
    assert found.alike < found.payments
    assert found.most_apart is not None
