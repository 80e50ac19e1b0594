"""A table that listens to what agents of its stage say counts it for its own partition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from msgspec import Struct

from agents import Agent, Place, Table
from schemas.actions import ProductBrowsed
from schemas.outcomes import GiftRefused, MemberEnrolled, ProductViewed
from schemas.record import Outcome
from streams.identity import partition_of
from streams.plan import Plan, Topology
from streams.simulate import Simulation
from tests.streams.small_agents import COUNT, MEMBERS, PRODUCTS, look, said

PARTITIONS = 3


class Tally(Struct):
    """How many members' words were said in this partition."""

    words: int = 0


class Nothing(Struct):
    """No state."""


def tally(state: Tally, _event: MemberEnrolled, _place: Place) -> Iterable[Outcome]:
    state.words += 1
    return ()


def read(_state: Nothing, event: ProductBrowsed, tables: Any) -> Iterable[Outcome]:
    """Says what the table holds at this moment, twice: neither sees the other counted."""
    for _ in range(2):
        yield said(event.member_id, event.occurred_at, f"read {tables['tally'].words}")


TALLY = Table("tally", Tally, frozenset({MemberEnrolled}), tally)
READ = Agent("read", Nothing, frozenset({ProductBrowsed}), read)
STAGE = replace(MEMBERS, agents=(COUNT, READ), tables=(TALLY,))
TOPOLOGY = Topology((STAGE, PRODUCTS), {"members": PARTITIONS, "products": 1})


def run(*actions: ProductBrowsed, reopen: bool = False) -> Simulation:
    simulation = Simulation(TOPOLOGY)
    for action in actions:
        simulation.emit(action)
        if reopen:
            simulation.drain()
            for worker in simulation.workers:
                worker.reopen()
    simulation.drain()
    return simulation


def words(simulation: Simulation) -> list[str | None]:
    return [o.country for o in simulation.outcomes() if isinstance(o, MemberEnrolled)]


def same_partition(count: int) -> list[str]:
    """Members of partition 0."""
    names = (f"m{n}" for n in range(1_000))
    return [name for name in names if partition_of(name, PARTITIONS) == 0][:count]


@pytest.mark.parametrize("reopen", [False, True], ids=["at once", "stored after each"])
def test_it_counts_over_keys_as_it_is_said(reopen: bool) -> None:
    """A later agent of the same pass sees it counted, and so does the next key."""
    first, second = same_partition(2)
    simulation = run(look("1", first, "a"), look("2", second, "a"), reopen=reopen)
    assert words(simulation) == ["a 1", "read 1", "read 1", "a 1", "read 4", "read 4"]


def test_each_partition_counts_for_itself() -> None:
    """What another partition says is not heard."""
    members = [f"m{n}" for n in range(30)]
    simulation = run(*(look(name, name, "a") for name in members))
    lots = [[m for m in members if partition_of(m, PARTITIONS) == n] for n in range(PARTITIONS)]
    expected = [f"read {3 * before + 1}" for lot in lots for before in range(len(lot))]
    counted = [word for word in words(simulation) if word is not None and word.startswith("read")]
    assert sorted(counted) == sorted(2 * expected)


def test_what_was_dropped_is_not_counted() -> None:
    """An event that makes an agent raise counts for nothing, also what it said before it raised."""
    first, second = same_partition(2)
    simulation = run(look("1", first, "poison"), look("2", second, "a"))
    assert len(simulation.dead_letters()) == 1
    assert words(simulation) == ["a 1", "read 1", "read 1"]


def test_what_is_said_elsewhere_is_refused() -> None:
    """Only what the stage's own agents say; whatever stage it is for."""
    foreign = replace(TALLY, listens_to=frozenset({GiftRefused}))
    with pytest.raises(ValueError, match="not said in it"):
        Plan(replace(STAGE, tables=(foreign,)), TOPOLOGY)
    own = replace(TALLY, listens_to=frozenset({ProductViewed}))
    assert Plan(replace(STAGE, tables=(own,)), TOPOLOGY).table_listeners(ProductViewed) == (0,)
