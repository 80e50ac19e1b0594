"""What all touch now: products tell of their rise, one key gathers it, and members hear the lists.

`TRENDING` sits with the product: when its weight in the hot list of a day or a week has risen by `STEP`
(log2: 0.25 is a fifth) it tells the key `trends`, and once when it is first listed. `GATHERING` is there: it
keeps the strongest and publishes them every `PUBLISH_AFTER` of the events' time, in a new shop whenever it
knows of twice as many. `TRENDS` is the table of the members stage that holds what was published last.
Whom products reach travels the same way (`reach.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp2
from typing import Any, assert_never

import numpy as np
from msgspec import Struct, field

from agents import Agent, Place, StateMap, Table, Tables, become
from agents.candidates import reach
from agents.candidates.reach import Gathering, Reach, Reaching
from schemas.actions import ProductListed
from schemas.candidates import (
    ProductTrended,
    ReachPublished,
    TouchSurrounded,
    Trend,
    TrendsPublished,
)
from schemas.outcomes import ProductHeated
from schemas.record import Outcome

MODEL = "trends"
NAME = "trends"
STEP = 0.25
LISTS = ("day", "week")
TRENDS_MOST = 100
SLACK = 25
NEW_MOST = 50
PUBLISH_AFTER = 600_000  # milliseconds
NEW_FOR = 14 * 86_400_000


# ---- at the product ------------------------------------------------------------------------------------


class Told(Struct):
    """What was last told of the product; below 0: nothing."""

    day: float = -1.0
    week: float = -1.0
    listed_at: int | None = None
    reach: Reach = field(default_factory=Reach)


def tell(
    state: Told, event: ProductHeated | ProductListed | TouchSurrounded, _: Tables
) -> Iterator[ProductTrended]:
    """Tell of a rise, and of the first listing."""
    match event:
        case TouchSurrounded():
            if event.first and reach.meet(state.reach, event.occurred_at):
                yield _trended(state, event.product_id, event.occurred_at, new=False)
        case ProductListed():
            if state.listed_at is None:
                state.listed_at = event.occurred_at
                yield _trended(state, event.product_id, event.occurred_at, new=True)
        case ProductHeated():
            heats = {heat.hot_list: heat.log2_weight for heat in event.heats}
            day, week = heats.get("day", -1.0), heats.get("week", -1.0)
            if day - state.day >= STEP or week - state.week >= STEP:
                state.day, state.week = day, week
                yield _trended(state, event.product_id, event.occurred_at, new=False)
        case _:
            assert_never(event)


def _trended(state: Told, product_id: str, at: int, *, new: bool) -> ProductTrended:
    state.reach.told = state.reach.log2_recent
    return ProductTrended(
        model=MODEL,
        occurred_at=at,
        product_id=product_id,
        log2_day=state.day,
        log2_week=state.week,
        listed_at=state.listed_at if new else None,
        log2_reach=state.reach.log2_recent,
        members=state.reach.members,
    )


TRENDING: Agent[Any] = Agent(
    "trending", Told, frozenset({ProductHeated, ProductListed, TouchSurrounded}), tell
)


# ---- where they are gathered --------------------------------------------------------------------------


class Gathered(Struct):
    """The strongest of each list by log2 of their weight, the newest products, and when it was told."""

    day: dict[str, float] = field(default_factory=dict)
    week: dict[str, float] = field(default_factory=dict)
    new: dict[str, int] = field(default_factory=dict)
    published_at: int | None = None
    published: int = 0  # products that were known then
    reach: Gathering = field(default_factory=Gathering)
    reached: StateMap[Reaching] = field(default_factory=StateMap)

    def known(self) -> int:
        """Products in the lists, as far as they are published."""
        return max(len(self.day), len(self.week)) + min(len(self.new), NEW_MOST)


def gather(
    state: Gathered, event: ProductTrended, _: Tables
) -> Iterator[TrendsPublished | ReachPublished]:
    """Keep it if it is strong enough, and publish when it is time."""
    if event.listed_at is not None:
        state.new[event.product_id] = event.listed_at
    _keep(state.day, event.product_id, event.log2_day)
    _keep(state.week, event.product_id, event.log2_week)
    reaching = Reaching(event.log2_reach, event.members)
    reach.keep(state.reach, state.reached, event.product_id, reaching)
    yield from reach.publish(state.reach, state.reached, event.occurred_at)
    at, before = event.occurred_at, state.published_at
    if before is None or at - before >= PUBLISH_AFTER or state.known() >= 2 * state.published:
        state.published_at = at if before is None else max(at, before)
        _forget_old(state, at)
        state.published = max(1, state.known())
        yield TrendsPublished(
            model=MODEL,
            occurred_at=state.published_at,
            day=_shares(state.day),
            week=_shares(state.week),
            new=sorted(state.new, key=lambda one: (-state.new[one], one))[:NEW_MOST],
        )


def _keep(weights: dict[str, float], product_id: str, log2_weight: float) -> None:
    if log2_weight < 0:
        return
    weights[product_id] = max(log2_weight, weights.get(product_id, -1.0))
    if len(weights) > TRENDS_MOST + SLACK:
        kept = sorted(weights.items(), key=_strength, reverse=True)[:TRENDS_MOST]
        weights.clear()
        weights.update(kept)


def _strength(item: tuple[str, float]) -> tuple[float, str]:
    product, log2_weight = item
    return log2_weight, product


def _forget_old(state: Gathered, at: int) -> None:
    young = {one: listed for one, listed in state.new.items() if at - listed < NEW_FOR}
    state.new = dict(sorted(young.items(), key=_strength, reverse=True)[:NEW_MOST])


def _shares(weights: dict[str, float]) -> list[Trend]:
    """Of the strongest, the strongest first; they add up to 1."""
    ordered = sorted(weights.items(), key=_strength, reverse=True)[:TRENDS_MOST]
    if not ordered:
        return []
    top = ordered[0][1]
    powers = [(product, exp2(log2_weight - top)) for product, log2_weight in ordered]
    whole = sum(power for _, power in powers)
    return [Trend(product_id=product, share=power / whole) for product, power in powers]


GATHERING: Agent[Any] = Agent("trends", Gathered, frozenset({ProductTrended}), gather)


# ---- where members are --------------------------------------------------------------------------------


class Trends(Struct):
    """The lists that were published last: product → share of the list; the newest products.

    `products` are those of both lists, `shares` the same of each once more, float32, a list after the other:
    every ranking reads them.
    """

    day: dict[str, float] = field(default_factory=dict)
    week: dict[str, float] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    published_at: int = -1
    products: list[str] = field(default_factory=list)
    shares: bytes = b""

    def shares_of_both(self) -> np.ndarray:
        """By day and week, 2 x `products`."""
        return np.frombuffer(self.shares, np.float32).reshape(2, -1)


def of_lists(
    day: dict[str, float], week: dict[str, float], new: list[str], published_at: int
) -> Trends:
    """What holds from two lists and the newest products."""
    products = list(day | week)
    shares = [[its.get(product, 0.0) for product in products] for its in (day, week)]
    packed = np.array(shares, np.float32).tobytes()
    return Trends(day, week, new, published_at, products, packed)


def newest(tables: Tables) -> Trends:
    """What all touch now."""
    trends: Trends = tables[NAME]
    return trends


def hold(state: Trends, event: TrendsPublished, _place: Place) -> Iterator[Outcome]:
    """Keep the newest."""
    if event.occurred_at >= state.published_at:
        day = {one.product_id: one.share for one in event.day}
        week = {one.product_id: one.share for one in event.week}
        become(state, of_lists(day, week, list(event.new), event.occurred_at))
    yield from ()


TRENDS = Table(NAME, Trends, frozenset({TrendsPublished}), hold)
