"""The agents of candidates together, over bytes and partitions: touches travel to products and back."""

from __future__ import annotations

from collections import Counter
from functools import cache
from math import inf
from random import Random

import pytest

from agents import Stage
from agents.candidates.assortment import ASSORTMENT, OFFER
from agents.candidates.listing import OFFERED
from agents.candidates.neighbours import NEIGHBOURS
from agents.candidates.offers import OFFERS
from agents.candidates.reach import REACHED
from agents.candidates.touches import TOUCHES
from agents.candidates.training import MIXING, MIXTURES
from agents.candidates.trends import GATHERING, TRENDING, TRENDS
from agents.orders import ORDERS
from agents.popularity import OF_PRODUCTS
from agents.stock import STOCK
from schemas import codec
from schemas.actions import ProductBrowsed, ProductListed, PurchaseLine, PurchaseMade, StockReceived
from schemas.candidates import (
    AvailabilityChanged,
    CandidatesChanged,
    MixturePublished,
    NeighboursTold,
    ProductHidden,
    ProductTouched,
    ReachPublished,
    TouchSurrounded,
    TrendsPublished,
)
from schemas.outcomes import ProductViewed
from schemas.record import Event
from streams.plan import Topology
from streams.simulate import Simulation, Worker
from tests.simulation.schedule import played

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_323_432_000_000
UNTIL = START + 72 * HOUR
STAGES = (
    Stage(
        "members", "member_id", (ORDERS, TOUCHES, OFFERS), (TRENDS, REACHED, MIXTURES, ASSORTMENT)
    ),
    Stage("products", "product_id", (STOCK, OFFER, OF_PRODUCTS, NEIGHBOURS, TRENDING)),
    Stage("training", "model", (GATHERING, MIXING)),
)
TOPOLOGY = Topology(STAGES, {"members": 3, "products": 3, "training": 2})


class Forgetful(Simulation):
    """One record a transaction; encodes and decodes everything after each."""

    def step(self, worker: Worker, topic: str, most: int = 1, deadline: float = inf) -> int:
        taken = super().step(worker, topic, 1, 0.0)
        worker.reopen()
        return taken


class OneByOne(Simulation):
    """One record a transaction."""

    def step(self, worker: Worker, topic: str, most: int = 1, deadline: float = inf) -> int:
        return super().step(worker, topic, 1, 0.0)


def history(seed: int) -> list[tuple[int, Event]]:
    """Ten members walk through aisles and now and then buy; one product is hidden, one sells out."""
    random = Random(seed)
    found: list[tuple[int, Event]] = []
    for aisle in range(4):
        for n in range(8):
            product = f"p{aisle}-{n}"
            found += [(START, one) for one in _listed(product)]
    for n in range(240):
        at, member, aisle = START + n * 3 * MINUTE, f"m{random.randrange(10)}", random.randrange(4)
        product = f"p{aisle}-{random.randrange(8)}"
        found.append((at, _look(n, member, product, at)))
        if n % 9 == 0:
            lines = random.sample(range(8), k=3)
            found.append((at, _order(n, member, [f"p{aisle}-{line}" for line in lines], at)))
    hide = ProductHidden(event_id="hide", product_id="p0-0", occurred_at=START + HOUR)
    return [*found, (START + HOUR, hide)]


def ordered(seed: int) -> list[tuple[int, Event]]:
    """The same in the order of time."""
    return sorted(history(seed), key=lambda one: one[0])


def _listed(product: str) -> list[Event]:
    listed = ProductListed(
        event_id=f"list-{product}",
        product_id=product,
        occurred_at=START,
        name=product,
        price_minor=100,
        currency="GBP",
    )
    quantity = 2 if product == "p1-1" else 1_000
    stocked = StockReceived(
        event_id=f"stock-{product}", product_id=product, occurred_at=START, quantity=quantity
    )
    return [listed, stocked]


def _look(n: int, member: str, product: str, at: int) -> ProductBrowsed:
    return ProductBrowsed(event_id=f"l{n}", member_id=member, occurred_at=at, product_id=product)


def _order(n: int, member: str, products: list[str], at: int) -> PurchaseMade:
    return PurchaseMade(
        event_id=f"o{n}",
        member_id=member,
        occurred_at=at,
        order_id=f"o{n}",
        currency="GBP",
        lines=[
            PurchaseLine(line_number=i, product_id=one, quantity=1, amount_minor=100)
            for i, one in enumerate(products, 1)
        ],
    )


@cache
def lived(kind: type[Simulation], seed: int = 1) -> Simulation:
    return played(TOPOLOGY, ordered(seed), kind=kind, until=UNTIL)


def test_each_touch_is_asked_answered_and_told() -> None:
    """Nothing is lost on the way; after silence every touch was told with its surroundings."""
    simulation = lived(Simulation)
    assert not simulation.dead_letters()
    said = list(simulation.outcomes())
    asks = (ProductViewed, ProductTouched)
    asked = [one for one in said if isinstance(one, asks) and one.recent is not None]
    answered = [one for one in said if isinstance(one, NeighboursTold)]
    told = [one for one in said if isinstance(one, TouchSurrounded)]
    assert len(asked) == len(answered) > 200
    assert sorted(one.product_id for one in told) == sorted(one.product_id for one in asked)
    after = Counter((one.product_id, near.product_id) for one in told for near in one.after)
    before = Counter((near.product_id, one.product_id) for one in told for near in one.before)
    assert after
    assert after <= before  # what came after an hour of silence is told to the later one alone


def test_lists_come_and_hold_nothing_that_is_out() -> None:
    """Once every partition has heard of it."""
    said = list(lived(Simulation).outcomes())
    lists = [one for one in said if isinstance(one, CandidatesChanged)]
    assert len({one.member_id for one in lists}) == 10
    assert any(len(one.candidates) == OFFERED for one in lists)
    late = [one for one in lists if one.occurred_at > START + 3 * HOUR]
    assert late
    assert all(one.product_id != "p0-0" for each in late for one in each.candidates)


def test_what_is_broadcast_reaches_members() -> None:
    """Availability, trends, reach and the mixture, each published and held in every partition alike."""
    simulation = lived(Simulation)
    topic = {record.topic for record in simulation.committed}
    assert "models" in topic
    words = [codec.decode(r.value) for r in simulation.committed if r.topic == "models"]
    kinds = {type(word) for word in words}
    assert kinds == {AvailabilityChanged, TrendsPublished, ReachPublished, MixturePublished}
    out = {word.product_id for word in words if isinstance(word, AvailabilityChanged)}
    assert out >= {"p0-0", "p1-1"}


@pytest.mark.parametrize("kind", [Forgetful])
def test_encoding_at_any_point_changes_nothing(kind: type[Simulation]) -> None:
    """A state that was written and read back after every record is the state that was kept."""
    forgetful, kept = lived(kind), lived(OneByOne)
    assert [w.store.values for w in forgetful.workers] == [w.store.values for w in kept.workers]
    assert [r.value for r in forgetful.committed] == [r.value for r in kept.committed]


def test_the_same_again() -> None:
    """The same actions give the same words, byte by byte."""
    again = played(TOPOLOGY, ordered(1), until=UNTIL)
    assert [r.value for r in again.committed] == [r.value for r in lived(Simulation).committed]


@pytest.mark.parametrize("seed", range(3))
def test_crashes_and_schedules(seed: int) -> None:
    """Whatever dies when: every touch is asked once, answered once, told once."""
    calm = lived(Simulation, 7)
    wild = played(TOPOLOGY, ordered(7), Random(seed), until=UNTIL, holdings_most=4)
    assert not wild.dead_letters()
    for kind in (ProductViewed, ProductTouched, TouchSurrounded, NeighboursTold):
        ids = [
            sorted(one.event_id for one in each.outcomes() if isinstance(one, kind))
            for each in (calm, wild)
        ]
        assert ids[0] == ids[1], f"seed {seed}: {kind.__name__}"
