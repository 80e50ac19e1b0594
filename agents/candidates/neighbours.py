"""A product's neighbours: what members touch shortly before or after it, kept as it happens, and bounded.

Every touch is told once, when all its surroundings are known: the `WINDOW` touches before and after it.
A neighbour gains `nearness(distance)`; nothing decays, as what goes together goes together for long, and
what is wanted now is the trends' to say. At most `NEIGHBOURS_MOST` are kept. A newcomer to a full list
takes the weakest's place with probability w / (w_min + w), inherits its weight and adds its own; else it
leaves nothing. Tried and worse, as hit rate on a public data set of films (`docs/candidates.md`): always
replacing the weakest, and adding the weight of who is turned away to the weakest as unbiased space saving
does (Ting, SIGMOD 2018), where strangers lift the bar for all. The draw is from the event's id, so that the
same log gives the same lists.

A member who touches the product is answered with the neighbours that speak loudest, by two voices that
each add up to √touches: by weight alone, and in paths like the member's (`paths.py`). Both are divided by
(touches of the neighbour + 1)^0.35, or what all touch would stand beside everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, Tables
from agents.candidates.paths import NEARNESS, alike, forgotten, row_of, walked
from schemas.candidates import (
    Near,
    NeighboursChanged,
    NeighboursTold,
    ProductTouched,
    TouchSurrounded,
)
from schemas.record import Event, Outcome

NEIGHBOURS_MOST = 200  # a slot is a byte
ANSWERED_MOST = 50
PAGE_MOST = 12
PAGE_EVERY = 8  # touches
POPULARITY_POWER = 0.35
_MASK = 2**64 - 1


class Neighbours(Struct, array_like=True):
    """Neighbours by slot: who, with which weight, and how often each was touched, as last told.

    `touches` counts those of the product itself whose surroundings are known.
    """

    products: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    paths: bytes = b""
    touches: int = 0


def react(
    state: Neighbours, event: ProductTouched | TouchSurrounded, _tables: Tables
) -> Iterable[NeighboursTold | NeighboursChanged]:
    """Answer who asks; learn what stood around a touch."""
    match event:
        case ProductTouched():
            return (_told(state, event),)
        case TouchSurrounded():
            _learn(state, event)
            return _page(state, event)
        case _:
            assert_never(event)


# ---- learning --------------------------------------------------------------------------------------


def _learn(state: Neighbours, event: TouchSurrounded) -> None:
    slots = {product: slot for slot, product in enumerate(state.products)}
    draws = _draws(event.event_id)
    before = list(_met(state, event.product_id, event.before, slots, draws))
    after = list(_met(state, event.product_id, event.after, slots, draws))
    # a newcomer may have taken the slot of one that was met before it
    last = {slot: product for product, slot in slots.items()}
    row = row_of(
        (slot if last.get(slot) == product else 255 for product, slot in before),
        (slot if last.get(slot) == product else 255 for product, slot in after),
    )
    state.paths = walked(state.paths, row)
    state.touches += 1


def _met(
    state: Neighbours,
    product_id: str,
    near: list[Near],
    slots: dict[str, int],
    draws: Iterator[float],
) -> Iterator[tuple[str, int]]:
    """Add what was met, the nearest first; each with its slot, 255 for one that was not taken in."""
    for other, weight in zip(near, NEARNESS, strict=False):
        if other.product_id == product_id:
            yield other.product_id, 255
            continue
        slot = slots.get(other.product_id)
        if slot is None:
            slot = _taken_in(state, other, weight, slots, draws)
        if slot is None:
            yield other.product_id, 255
            continue
        state.weights[slot] += weight
        state.touched[slot] = max(state.touched[slot], other.touches)
        yield other.product_id, slot


def _taken_in(
    state: Neighbours, other: Near, weight: float, slots: dict[str, int], draws: Iterator[float]
) -> int | None:
    """The slot of a newcomer, if there is room or the draw gives it the weakest's."""
    if len(state.products) < NEIGHBOURS_MOST:
        slot = len(state.products)
        state.products.append(other.product_id)
        state.weights.append(0.0)
        state.touched.append(0)
    else:
        least = min(state.weights)
        if next(draws) >= weight / (least + weight):
            return None
        slot = state.weights.index(least)
        del slots[state.products[slot]]
        state.products[slot] = other.product_id
        state.touched[slot] = 0
        state.paths = forgotten(state.paths, slot)
    slots[other.product_id] = slot
    return slot


def _draws(event_id: str) -> Iterator[float]:
    """Numbers from 0 to below 1 that only the id decides: a hash, then Knuth's 64-bit congruence."""
    state = int.from_bytes(blake2b(event_id.encode(), digest_size=8).digest(), "big")
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & _MASK
        yield (state >> 11) / 2.0**53


# ---- answering -------------------------------------------------------------------------------------


def _told(state: Neighbours, event: ProductTouched) -> NeighboursTold:
    """The loudest neighbours, without those that the member has just touched."""
    shared = _shared(state, event.recent)
    paths = alike(state.paths, shared)
    for slot in shared:
        paths.pop(slot, None)
    trust = state.touches**0.5
    together = trust / (sum(state.weights) or 1.0)
    beside = trust / (sum(paths.values()) or 1.0)
    voices = []
    for slot, weight in enumerate(state.weights):
        if slot not in shared:
            fame = (state.touched[slot] + 1) ** -POPULARITY_POWER
            own, like = weight * together * fame, paths.get(slot, 0.0) * beside * fame
            voices.append((own + like, own, like, slot))
    voices.sort(reverse=True)
    del voices[ANSWERED_MOST:]
    return NeighboursTold(
        member_id=event.member_id,
        occurred_at=event.occurred_at,
        product_id=event.product_id,
        touches=state.touches,
        product_ids=[state.products[slot] for _, _, _, slot in voices],
        together=[own for _, own, _, _ in voices],
        alike=[like for _, _, like, _ in voices],
    )


def _shared(state: Neighbours, recent: list[str]) -> dict[int, float]:
    """The slots of neighbours that the member touched before, the last one counting most."""
    slots = {product: slot for slot, product in enumerate(state.products)}
    return {
        slots[product]: (place + 1) ** -0.5
        for place, product in enumerate(recent)
        if product in slots
    }


def _page(state: Neighbours, event: TouchSurrounded) -> Iterator[NeighboursChanged]:
    """At first soon, then once in a while the product's page is told anew."""
    if state.touches % PAGE_EVERY and state.touches & (state.touches - 1):
        return
    yield NeighboursChanged(
        product_id=event.product_id,
        occurred_at=event.occurred_at,
        product_ids=_strongest(state, 0.0),
        similar_ids=_strongest(state, 1.0),
    )


def _strongest(state: Neighbours, power: float) -> list[str]:
    """The first by weight / (touches + 1)^power: with 0 the most frequent, with 1 the most alike."""
    found = [
        (weight * (touched + 1) ** -power, product)
        for weight, touched, product in zip(
            state.weights, state.touched, state.products, strict=True
        )
    ]
    found.sort(reverse=True)
    return [product for _, product in found[:PAGE_MOST]]


HEARS: frozenset[type[Event | Outcome]] = frozenset({ProductTouched, TouchSurrounded})
NEIGHBOURS: Agent[Any] = Agent("neighbours", Neighbours, HEARS, react)
