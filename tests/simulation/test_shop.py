"""The whole topology in one process: purchases, returns, redemptions, expiry, in any order, under fire.

A failure names its seed: `world(seed)` and `Random(seed)` are the whole case.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from math import inf
from random import Random

import pytest
from msgspec import structs

from schemas import codec
from schemas.actions import StockReceived
from schemas.candidates import CandidatesChanged
from schemas.loyalty import LoyaltyScored
from schemas.outcomes import LEDGER, RewardRedeemed, ScoreChanged, StockChanged
from schemas.persona import PersonaChanged
from streams.simulate import BATCH, Simulation, Worker
from streams.topology import topology
from tests.simulation.auditor import Auditor
from tests.simulation.schedule import played
from tests.simulation.world import DAY, Shape, World, world

SILENCE = 500 * DAY  # longer than anything waits
TOPOLOGY = topology(3)
# Nobody is suspected here; the shops of test_verdicts.py have all of these.
OF_VERDICTS = {
    "PointsWithheld",
    "PointsReleased",
    "PointsForfeited",
    "PointsRestored",
    "RestorationReversed",
}
OF_FRIENDS = {"BonusReversed"}  # nobody is invited here; test_friends.py has it


def audited(made: World, simulation: Simulation) -> Auditor:
    """Everything that must hold of a world that has come to its end."""
    auditor = Auditor()
    auditor.hear(simulation.outcomes())
    assert simulation.dead_letters() == []
    auditor.settled(request.redemption_id for request in made.redemptions)
    bought = {(order.member_id, order.order_id) for order in made.orders}
    assert set(auditor.placed) == bought
    return auditor


def end_of(made: World) -> int:
    return made.delivered[-1][0] + SILENCE


@cache
def calm_of(seed: int) -> Simulation:
    """The world of a seed, served in order."""
    made = world(seed)
    return played(TOPOLOGY, made.delivered, until=end_of(made))


@pytest.mark.parametrize("seed", range(5))
def test_everything_adds_up(seed: int) -> None:
    """Ledger zero at each entry, each order once, returns within bounds, one end for each hold."""
    audited(world(seed), calm_of(seed))


@pytest.mark.parametrize("seed", range(5))
def test_everything_adds_up_under_fire(seed: int) -> None:
    """The same with partitions served in any order, missing and doubled ticks, and crashes."""
    made = world(seed)
    wild = played(TOPOLOGY, made.delivered, Random(seed), until=end_of(made), holdings_most=8)
    audited(made, wild)


@pytest.mark.parametrize("seed", range(3))
def test_order_across_members_is_irrelevant(seed: int) -> None:
    """Without redemptions nothing of a member depends on others: the same words, byte by byte.

    Late events are left out: a tick that comes before one of them, or is missing, may rightly decide
    whether it is before or after what fell due meanwhile.
    """
    made = world(seed, Shape(redemptions=False, late=0))
    calm = played(TOPOLOGY, made.delivered, until=end_of(made))
    wild = played(TOPOLOGY, made.delivered, Random(seed), until=end_of(made))
    assert of_members(wild) == of_members(calm), f"seed {seed}"
    assert final_stock(wild) == final_stock(calm), f"seed {seed}"


def of_members(simulation: Simulation) -> dict[bytes, list[bytes]]:
    """What was said about members, by member; but for candidates, which are made of what all touch."""
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for record in simulation.committed:
        key = record.key or b""
        if record.topic == "outcomes.members" and key.startswith(b"member-"):
            if codec.record_type(record.value) is CandidatesChanged:
                continue
            found[key].append(_without_others(record.value or b""))
    return {key: sorted(values) for key, values in found.items()}


def _without_others(value: bytes) -> bytes:
    """Without what others decide: which boards were closed, what was learned of all, what others pay."""
    match codec.decode(value):
        case ScoreChanged() as said:
            scores = [structs.replace(score, version=1) for score in said.scores]
            return codec.encode(structs.replace(said, scores=scores))
        case LoyaltyScored() as said:
            learned = {"probability": None, "probability_fresh": None, "model_version": 0}
            return codec.encode(structs.replace(said, **learned))
        case PersonaChanged() as said:
            return codec.encode(structs.replace(said, probability_then=None, price_band=None))
    return value


def final_stock(simulation: Simulation) -> dict[str, tuple[int, int]]:
    found = {}
    for outcome in simulation.outcomes():
        if isinstance(outcome, StockChanged):
            found[outcome.product_id] = (outcome.on_hand, outcome.reserved)
    return found


@pytest.mark.parametrize("seed", range(2))
def test_crashes_alone_change_nothing_at_all(seed: int) -> None:
    """The same order of service, with and without a crash before each commit."""
    made = world(seed, Shape(steps=120))
    calm = played(TOPOLOGY, made.delivered, until=end_of(made))
    crashing = played(TOPOLOGY, made.delivered, until=end_of(made), kind=Crashing)
    assert crashing.committed == calm.committed, f"seed {seed}"


class Crashing(Simulation):
    """Every batch is run twice: the first time the worker dies before its transaction."""

    def step(self, worker: Worker, topic: str, most: int = BATCH, deadline: float = inf) -> int:
        start = worker.read[topic]
        worker.work.run(self.logs[topic, worker.partition][start : start + most], deadline)
        worker.reopen()
        return super().step(worker, topic, most, deadline)


def test_the_last_gift_goes_to_one() -> None:
    """Two members want it at once: one redeems, the other gets the points back."""
    made = world(11, Shape(members=2, steps=200, days=20, late=0))
    simulation = played(TOPOLOGY, made.delivered, until=end_of(made))
    auditor = audited(made, simulation)
    redeemed = [o for o in simulation.outcomes() if isinstance(o, RewardRedeemed)]
    assert redeemed, "the seed must make some"
    for product, stock in auditor.stock.items():
        taken = sum(o.quantity for o in redeemed if o.product_id == product)
        if product.startswith("gift"):
            assert stock.on_hand == received(made, product) - taken


def received(made: World, product: str) -> int:
    seen = {a.event_id: a for _, a in made.delivered if isinstance(a, StockReceived)}
    return sum(action.quantity for action in seen.values() if action.key == product)


def test_prefixes_are_never_negative_and_repeats_change_nothing() -> None:
    """Each order sent ten times, by the same id: as if it had been sent once."""
    made = world(2, Shape(late=0, redemptions=False))
    once = played(TOPOLOGY, made.delivered, until=end_of(made))
    ten = [pair for pair in made.delivered for _ in range(10)]
    repeated = played(TOPOLOGY, ten, until=end_of(made))
    assert of_members(once) == of_members(repeated)
    assert sum(worker.work.counters.repeats for worker in repeated.workers) > 0


def test_the_world_is_worth_its_name() -> None:
    """Seeds must reach what they are meant to try: else the tests above show nothing."""
    kinds: set[str] = set()
    for seed in range(5):
        kinds |= {type(outcome).__name__ for outcome in calm_of(seed).outcomes()}
    ledger = {kind.__name__ for kind in LEDGER}
    assert ledger - kinds == OF_VERDICTS | OF_FRIENDS
    assert {"OrderPlaced", "RewardRedeemed", "RedemptionRefused", "GiftReleased"} <= kinds
    assert {"ReturnAccepted", "ReturnDeferred", "ReturnRefused", "BoardPartitionClosed"} <= kinds
    assert {"PointsCapped", "EarningRefused", "ScoreChanged", "ProductHeated"} <= kinds
