"""From a look to a hot product, from a tick to a closed board: through all stages and partitions."""

from __future__ import annotations

from math import exp2, log2
from random import Random

import pytest

from agents.heat import HALF_LIVES
from agents.popularity import STEP
from schemas.actions import ProductBrowsed, SearchMade
from schemas.outcomes import BoardPartitionClosed, Heat, ProductHeated, TermHeated
from schemas.record import Event
from streams.simulate import Simulation
from streams.topology import topology
from tests.simulation.schedule import played
from tests.simulation.world import DAY, HOUR, MINUTE, START

PARTITIONS = 3
TOPOLOGY = topology(PARTITIONS)


def looks(seed: int) -> list[ProductBrowsed]:
    """Members look at a few products for two days, each at its own moment, all in order."""
    random = Random(seed)
    times = sorted(random.randrange(2 * DAY // MINUTE) for _ in range(200))
    return [
        ProductBrowsed(
            event_id=f"look-{seed}-{number}",
            member_id=f"member-{random.randrange(9)}",
            occurred_at=START + minute * MINUTE,
            product_id=f"product-{random.randrange(4)}",
        )
        for number, minute in enumerate(times)
    ]


def hot(simulation: Simulation) -> dict[tuple[str, str], Heat]:
    """The last said heat by product and list."""
    return {
        (said.product_id, heat.hot_list): heat
        for said in simulation.outcomes()
        if isinstance(said, ProductHeated)
        for heat in said.heats
    }


def counted(actions: list[ProductBrowsed], hot_list: str) -> dict[str, float]:
    """The weights by their definition: looks told once an hour, counted once a window."""
    half_life = HALF_LIVES[hot_list]
    told: dict[tuple[str, str], int] = {}
    seen: set[tuple[str, str, int]] = set()
    weights: dict[str, float] = {}
    for look in actions:
        member, product, at = look.member_id, look.product_id, look.occurred_at
        if at - told.get((member, product), at - HOUR) < HOUR:
            continue
        told[member, product] = at
        if (member, product, at // half_life) not in seen:
            seen.add((member, product, at // half_life))
            weights[product] = weights.get(product, 0.0) + exp2((at - START) / half_life)
    return {product: log2(weight) + START / half_life for product, weight in weights.items()}


@pytest.mark.parametrize("seed", range(3))
def test_looks_make_products_hot(seed: int) -> None:
    """Each list shows the weights by their definition, at most a step too low."""
    actions = looks(seed)
    found = hot(played(TOPOLOGY, [(look.occurred_at, look) for look in actions]))
    for hot_list in HALF_LIVES:
        expected = counted(actions, hot_list)
        assert {product for product, name in found if name == hot_list} == set(expected)
        for product, weight in expected.items():
            short = weight - found[product, hot_list].log2_weight
            assert -1e-6 < short < STEP, (product, hot_list)


@pytest.mark.parametrize("seed", range(3))
def test_under_fire_no_heat_is_lost(seed: int) -> None:
    """Served in any order, with crashes: a look may count twice a window when it is late, never less."""
    actions = looks(seed)
    delivered: list[tuple[int, Event]] = [(look.occurred_at, look) for look in actions]
    found = hot(played(TOPOLOGY, delivered, Random(seed)))
    for product, weight in counted(actions, "hour").items():
        assert weight - found[product, "hour"].log2_weight < STEP


def test_a_term_is_hot_from_three_members_on() -> None:
    """However they typed it, and on whatever partitions they are."""
    simulation = Simulation(TOPOLOGY)
    typed = ["Red  Lamp", "red lamp", "RED LAMP ", "clock", "clock"]
    for number, term in enumerate(typed):
        simulation.emit(
            SearchMade(event_id=f"s{number}", member_id=f"m{number}", occurred_at=START, term=term)
        )
    simulation.drain()
    hot_terms = [said for said in simulation.outcomes() if isinstance(said, TermHeated)]
    assert [said.term for said in hot_terms] == ["red lamp"]
    assert [heat.members for heat in hot_terms[0].heats] == [3, 3, 3]


def test_every_partition_closes_every_board_once() -> None:
    """A board is final when each members partition has said so."""
    simulation = Simulation(TOPOLOGY)
    for at in (START + HOUR, START + 25 * HOUR, START + 25 * HOUR, START + 49 * HOUR):
        simulation.tick(at)
        simulation.drain()
    said = [c for c in simulation.outcomes() if isinstance(c, BoardPartitionClosed)]
    places = sorted((closing.board, closing.partition) for closing in said)
    assert places == [
        (f"day:2010-12-0{day}", partition) for day in (1, 2) for partition in range(PARTITIONS)
    ]
    assert {closing.partitions for closing in said} == {PARTITIONS}
