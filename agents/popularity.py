"""What is hot now: products by looks and orders, search terms by searches, in an hour, a day, a week.

The first half of the rules is in `heat.py`. A weight is said when it has risen by `STEP` since it was
last said (log2: 0.05 is 3.5 %), and the first time: so what a view shows is at most that much too low,
and a thing that is touched a thousand times an hour is not said a thousand times.

A term is said only while `TERM_MEMBERS` members or more searched for it within the current week: what
one person types is nobody else's to see. Returns cool nothing: that a product is asked for was true,
and its stock and its points are where a return counts. After `FORGOTTEN` without a touch a thing
starts anew; its weight has then fallen to less than a four-thousandth in every list.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, Tables, Woken
from agents.heat import HALF_LIVES, Warmth, member_hash, touch
from schemas.outcomes import (
    Heat,
    ProductHeated,
    ProductSold,
    ProductViewed,
    TermHeated,
    TermSearched,
)
from schemas.record import Event, Outcome

STEP = 0.05
LOG2_ORDER = 2.0  # an order of a product counts as four looks
TERM_MEMBERS = 3
FORGOTTEN = 90 * HALF_LIVES["day"]
_HALF_LIVES = tuple(HALF_LIVES.values())


class Popularity(Struct):
    """Warmth by list, in the order of `HALF_LIVES`; the newest touch, and when to look for silence."""

    lists: list[Warmth] = field(default_factory=list)
    touched_at: int = 0
    looks_at: int | None = None


def react_to_product(
    state: Popularity, event: ProductViewed | ProductSold | Woken, _tables: Tables
) -> Iterable[ProductHeated]:
    """Looks count once a member and window, orders always and more."""
    match event:
        case ProductViewed():
            _touch(state, event)
        case ProductSold():
            _touch(state, event, LOG2_ORDER, always=True)
        case Woken():
            _forget(state, event.occurred_at)
            return ()
        case _:
            assert_never(event)
    heats = _news(state)
    if not heats:
        return ()
    return (ProductHeated(product_id=event.product_id, occurred_at=event.occurred_at, heats=heats),)


def react_to_term(
    state: Popularity, event: TermSearched | Woken, _tables: Tables
) -> Iterable[TermHeated]:
    """Searches count once a member and window, and are said once enough members are behind them."""
    match event:
        case TermSearched():
            _touch(state, event)
        case Woken():
            _forget(state, event.occurred_at)
            return ()
        case _:
            assert_never(event)
    if len(state.lists[-1].members) < TERM_MEMBERS:
        return ()
    heats = _news(state)
    if not heats:
        return ()
    return (TermHeated(term=event.term, occurred_at=event.occurred_at, heats=heats),)


def _touch(
    state: Popularity,
    event: ProductViewed | ProductSold | TermSearched,
    log2_touches: float = 0.0,
    *,
    always: bool = False,
) -> None:
    at, member = event.occurred_at, member_hash(event.member_id)
    if not state.lists:
        state.lists = [Warmth() for _ in HALF_LIVES]
        state.looks_at = at + FORGOTTEN
    for warmth, half_life in zip(state.lists, _HALF_LIVES, strict=True):
        touch(warmth, half_life, at, member, log2_touches, always)
    if at > state.touched_at:
        state.touched_at = at


def _news(state: Popularity) -> list[Heat]:
    """All weights, when one of them has moved enough; they are said from now on."""
    for warmth in state.lists:
        if warmth.log2_weight - warmth.told >= STEP:
            return [
                _said(name, warmth) for name, warmth in zip(HALF_LIVES, state.lists, strict=True)
            ]
    return []


def _said(name: str, warmth: Warmth) -> Heat:
    warmth.told = warmth.log2_weight
    return Heat(hot_list=name, log2_weight=warmth.log2_weight, members=len(warmth.members))


def _forget(state: Popularity, moment: int) -> None:
    """Forget what was not touched for long, or look again when that will be so."""
    quiet_at = state.touched_at + FORGOTTEN
    if quiet_at > moment:
        state.looks_at = quiet_at
    else:
        state.lists, state.touched_at, state.looks_at = [], 0, None


def wake_at(state: Popularity) -> int | None:
    """When to see whether it is still touched: seldom, so that a touch sets no alarm anew."""
    return state.looks_at


PRODUCTS_HEAR: frozenset[type[Event | Outcome]] = frozenset({ProductViewed, ProductSold})
TERMS_HEAR: frozenset[type[Event | Outcome]] = frozenset({TermSearched})
OF_PRODUCTS: Agent[Any] = Agent("popularity", Popularity, PRODUCTS_HEAR, react_to_product, wake_at)
OF_TERMS: Agent[Any] = Agent("popularity", Popularity, TERMS_HEAR, react_to_term, wake_at)
