"""What products are like, by how they are described: words of the name, category, brand, price band.

A product that is listed states its features, each to the feature's own key (`features.py`), and is told
who else bears them. A shared feature counts 1 / √(how many bear it), so rare ones speak. When the last
feature has answered, the product keeps the `KIN_MOST` most alike and tells the first of them that it is
there: so whoever looks at an old product can be offered one that was listed a moment ago. All of it costs
at a listing, or when a description changes; a touch costs nothing.

As share of the ten most alike that members, too, touch together (the 50 nearest by cosine): 0.30 on the
names of a shop's 3,600 products, where chance gives 0.014; with log(N / bearers), which needs the size of
the catalogue, no better.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, Tables
from agents.candidates.features import features
from schemas.actions import ProductListed
from schemas.content import BearersTold, FeatureStated, KinChanged, KinMet
from schemas.record import Outcome

KIN_MOST = 20
TOLD_MOST = 8
FOUND_MOST = 60  # while answers are awaited


class Content(Struct, array_like=True):
    """A product's features; those that are still to answer, and what was found so far; its kin.

    `kin` and `found` are weights by product, the newest last; `told` are those who know of this product.
    """

    features: list[str] = field(default_factory=list)
    awaited: list[str] = field(default_factory=list)
    found: dict[str, float] = field(default_factory=dict)
    kin: dict[str, float] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def react(
    state: Content, event: ProductListed | BearersTold | KinMet, _tables: Tables
) -> Iterable[Outcome]:
    """State the features, add the answers up, and hear of new kin."""
    match event:
        case ProductListed():
            return _listed(state, event)
        case BearersTold():
            return _answered(state, event)
        case KinMet():
            return _met(state, event)
        case _:
            assert_never(event)


def _listed(state: Content, event: ProductListed) -> Iterator[Outcome]:
    """Ask all features anew when any is another; one that has not answered yet is not asked again."""
    now = features(event)
    if now == state.features:
        return
    gone = [term for term in state.features if term not in now]
    waiting = [term for term in state.awaited if term in now]
    state.features, state.awaited = now, now
    state.found, state.kin = {}, {}
    for term in gone:
        yield _stated(event, term, borne=False)
    for term in now:
        if term not in waiting:
            yield _stated(event, term, borne=True)
    if not now:
        yield from _complete(state, event)


def _stated(event: ProductListed, term: str, *, borne: bool) -> FeatureStated:
    return FeatureStated(
        term=term, occurred_at=event.occurred_at, product_id=event.product_id, borne=borne
    )


def _answered(state: Content, event: BearersTold) -> Iterator[Outcome]:
    if event.term not in state.awaited:
        return
    state.awaited = [term for term in state.awaited if term != event.term]
    weight = event.bearers**-0.5
    for product_id in event.product_ids:
        state.found[product_id] = state.found.get(product_id, 0.0) + weight
    state.found = strongest(state.found, FOUND_MOST)
    if not state.awaited:
        yield from _complete(state, event)


def _complete(state: Content, event: ProductListed | BearersTold) -> Iterator[Outcome]:
    """All answered: keep the most alike, beside those that told of themselves meanwhile."""
    state.kin = strongest(state.found | state.kin, KIN_MOST)
    state.found = {}
    first = [product_id for product_id, _ in _first(state.kin)]
    for product_id in state.told:
        if product_id not in first:
            yield _told(event, product_id, 0.0)
    for product_id in first:
        yield _told(event, product_id, state.kin[product_id])
    state.told = first
    yield _changed(state, event)


def _told(event: ProductListed | BearersTold, kin_id: str, weight: float) -> KinMet:
    return KinMet(
        product_id=kin_id, occurred_at=event.occurred_at, kin_id=event.product_id, weight=weight
    )


def _met(state: Content, event: KinMet) -> Iterator[KinChanged]:
    """A product like this one came, changed, or is like it no longer; said when the first ones change."""
    before = _first(state.kin)
    kin = {one: weight for one, weight in state.kin.items() if one != event.kin_id}
    if event.weight > 0:
        kin[event.kin_id] = event.weight
    state.kin = strongest(kin, KIN_MOST)
    if _first(state.kin) != before:
        yield _changed(state, event)


def _changed(state: Content, event: ProductListed | BearersTold | KinMet) -> KinChanged:
    first = _first(state.kin)
    return KinChanged(
        product_id=event.product_id,
        occurred_at=event.occurred_at,
        kin_ids=[product_id for product_id, _ in first],
        weights=[weight for _, weight in first],
    )


def _first(kin: Mapping[str, float]) -> list[tuple[str, float]]:
    """The most alike first; of equals the newest."""
    newest = enumerate(kin.items())
    ordered = sorted(newest, key=lambda one: (one[1][1], one[0]), reverse=True)
    return [found for _, found in ordered[:TOLD_MOST]]


def strongest(weights: Mapping[str, float], most: int) -> dict[str, float]:
    """The strongest in their order; of equals the newest, which are last.

    >>> strongest({"a": 1.0, "b": 1.0, "c": 2.0}, 2)
    {'b': 1.0, 'c': 2.0}
    """
    if len(weights) <= most:
        return dict(weights)
    ranks = sorted(((weight, n) for n, weight in enumerate(weights.values())), reverse=True)
    kept = {n for _, n in ranks[:most]}
    return {one: weight for n, (one, weight) in enumerate(weights.items()) if n in kept}


CONTENT: Agent[Any] = Agent(
    "content", Content, frozenset({ProductListed, BearersTold, KinMet}), react
)
