"""A product's neighbours: what members touch shortly before or after it, kept as it happens, and bounded.

Every touch is told once, when all its surroundings are known: the `WINDOW` touches before and after it.
A neighbour gains `nearness(distance)`; nothing decays, as what goes together goes together for long, and
what is wanted now is the trends' to say. At most `NEIGHBOURS_MOST` are kept. A newcomer to a full list
takes the weakest's place with probability w / (w_min + w), inherits its weight and adds its own; else it
leaves nothing. What it inherited keeps its place and says nothing: else whoever came last, met once, would
be as loud as what was met for months, and where the rare is louder the loudest. Tried and worse, as hit rate
on a public data set of films (`docs/candidates.md`): always replacing the weakest, and adding the weight of
who is turned away to the weakest as unbiased space saving does (Ting, SIGMOD 2018), where strangers lift the
bar for all. The draw is from the event's id, so that the same log gives the same lists.

A member who touches the product is answered with the neighbours that speak loudest, by two voices that
each add up to √touches: by weight alone, and in paths like the member's (`paths.py`). Both are divided by
(touches of the neighbour + 1)^0.35, or what all touch would stand beside everything. What is described like
the product (`content.py`) and not among those is named too, with a constant weight in all: it is what can be
said of a product that nobody touched yet.

One answer in `REFERENCE_EVERY`, drawn by the question's id, has the list of plain item-kNN with it (cosine,
from the same counts), so that the next touch can judge both.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator
from hashlib import blake2b
from typing import Any, assert_never
from zlib import crc32

import numpy as np
from msgspec import Struct, field

from agents import Agent, Tables
from agents.candidates.known import mark
from agents.candidates.paths import NEARNESS, NOBODY, alike, forgotten, row_of, walked
from schemas.candidates import (
    Near,
    NeighboursChanged,
    NeighboursTold,
    Occasion,
    ProductTouched,
    TouchSurrounded,
)
from schemas.content import KinChanged
from schemas.outcomes import ProductViewed
from schemas.record import Event, Outcome

NEIGHBOURS_MOST = 200  # a slot is a byte
ANSWERED_MOST = 50
TOUCHES_MOST = 2**32 - 1
PAGE_MOST = 12
PAGE_EVERY = 8  # touches
POPULARITY_POWER = 0.35
KIN_TOLD = 5
KIN_LOUDNESS = 0.25  # of all kin together; the neighbours of a product touched once have about 1
REFERENCE_EVERY = 16
REFERENCE_MOST = 60  # of them the first 20 that the member may be offered count
_MASK = 2**64 - 1


class Neighbours(Struct, array_like=True):
    """Neighbours by slot: who, with which weight (float32), and how often each was touched (uint32).

    `inherited` is the part of a weight that was its forerunner's (float32).
    `touched` is as last told; `touches` counts those of the product itself whose surroundings are known.
    Numbers lie in strings of bytes, as they are written at every touch.
    """

    products: list[str] = field(default_factory=list)
    weights: bytes = b""
    touched: bytes = b""
    paths: bytes = b""
    touches: int = 0
    kin: dict[str, float] = field(default_factory=dict)  # loudness, the most alike first
    inherited: bytes = b""


def react(
    state: Neighbours,
    event: ProductViewed | ProductTouched | TouchSurrounded | KinChanged,
    _tables: Tables,
) -> Iterable[NeighboursTold | NeighboursChanged]:
    """Answer who asks; learn what stood around a touch."""
    match event:
        case ProductViewed(recent=None):
            return ()
        case ProductViewed() | ProductTouched():
            return (_told(state, event),)
        case TouchSurrounded():
            _learn(state, event)
            return _page(state, event)
        case KinChanged():
            return _kin(state, event)
        case _:
            assert_never(event)


# ---- learning --------------------------------------------------------------------------------------


class _Slots:
    """The neighbours while a touch is learned: numbers that can be changed, and who is the weakest.

    `by_product` has the slots of those that were met; to look for all would cost as much as all else.
    """

    def __init__(self, state: Neighbours, met: Collection[str]) -> None:
        self.state = state
        self.by_product = {
            product: slot for slot, product in enumerate(state.products) if product in met
        }
        self.weights = array("f", state.weights)
        self.touched = array("I", state.touched)
        self.inherited = array("f", _inherited(state))
        self._weakest: int | None = None

    def met(self, slot: int, weight: float, touches: int) -> None:
        """A neighbour was met once more."""
        self.weights[slot] += weight
        if touches > self.touched[slot]:
            self.touched[slot] = min(touches, TOUCHES_MOST)
        if slot == self._weakest:
            self._weakest = None

    def weakest(self) -> int:
        """The slot of the neighbour with the least weight, the first of equals."""
        if self._weakest is None:
            self._weakest = self.weights.index(min(self.weights))
        return self._weakest

    def put_back(self) -> None:
        """What was changed is the state's."""
        self.state.weights = self.weights.tobytes()
        self.state.touched = self.touched.tobytes()
        self.state.inherited = self.inherited.tobytes()


def _learn(state: Neighbours, event: TouchSurrounded) -> None:
    met = {near.product_id for near in (*event.before, *event.after)}
    slots, draws = _Slots(state, met), _draws(event.event_id)
    before = list(_met(slots, event.product_id, event.before, draws))
    after = list(_met(slots, event.product_id, event.after, draws))
    slots.put_back()
    # a newcomer may have taken the slot of one that was met before it
    row = row_of(
        (slots.by_product.get(product, NOBODY) for product in before),
        (slots.by_product.get(product, NOBODY) for product in after),
    )
    state.paths = walked(state.paths, row)
    state.touches += 1


def _met(slots: _Slots, product_id: str, near: list[Near], draws: Iterator[float]) -> Iterator[str]:
    """Add what was met, the nearest first; each product, whether it was taken in or not."""
    for other, weight in zip(near, NEARNESS, strict=False):
        yield other.product_id
        if other.product_id == product_id:
            continue
        slot = slots.by_product.get(other.product_id)
        if slot is None:
            slot = _taken_in(slots, other, weight, draws)
        if slot is not None:
            slots.met(slot, weight, other.touches)


def _taken_in(slots: _Slots, other: Near, weight: float, draws: Iterator[float]) -> int | None:
    """The slot of a newcomer, if there is room or the draw gives it the weakest's."""
    products = slots.state.products
    if len(products) < NEIGHBOURS_MOST:
        slot = len(products)
        products.append(other.product_id)
        slots.weights.append(0.0)
        slots.touched.append(0)
        slots.inherited.append(0.0)
    else:
        slot = slots.weakest()
        if next(draws) >= weight / (slots.weights[slot] + weight):
            return None
        slots.by_product.pop(products[slot], None)
        products[slot] = other.product_id
        slots.touched[slot] = 0
        slots.inherited[slot] = slots.weights[slot]
        slots.state.paths = forgotten(slots.state.paths, slot)
    slots.by_product[other.product_id] = slot
    return slot


def _draws(event_id: str) -> Iterator[float]:
    """Numbers from 0 to below 1 that only the id decides: a hash, then Knuth's 64-bit congruence."""
    state = int.from_bytes(blake2b(event_id.encode(), digest_size=8).digest(), "big")
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & _MASK
        yield (state >> 11) / 2.0**53


# ---- answering -------------------------------------------------------------------------------------


def _told(state: Neighbours, event: ProductViewed | ProductTouched) -> NeighboursTold:
    """The loudest neighbours, without those that the member has just touched."""
    recent = event.recent or ()
    products: list[str] = []
    together = alike_paths = np.zeros(0)
    if state.products:
        together, alike_paths = _voices(state, _shared(state, recent))
        loud = together + alike_paths
        first = np.argsort(-loud, kind="stable")[:ANSWERED_MOST]
        first = first[loud[first] > 0.0]
        products = [state.products[slot] for slot in first]
        together, alike_paths = together[first], alike_paths[first]
    said = {*products, *recent}
    kin = [one for one in state.kin if one not in said][:KIN_TOLD]
    return NeighboursTold(
        member_id=event.member_id,
        occurred_at=event.occurred_at,
        product_id=event.product_id,
        touches=state.touches,
        product_ids=products,
        together=together.tolist(),
        alike=alike_paths.tolist(),
        place=event.place,
        occasion=Occasion.LOOK if isinstance(event, ProductViewed) else event.occasion,
        asked=1 if isinstance(event, ProductViewed) else event.asked,
        kin_ids=kin,
        kin_weights=[state.kin[one] for one in kin],
        reference=_reference(state, event.event_id),
    )


def _reference(state: Neighbours, event_id: str) -> list[int] | None:
    """Item-kNN by cosine: weight / √touches; only of a sample."""
    if crc32(event_id.encode()) % REFERENCE_EVERY:
        return None
    return [mark(product) for product in _strongest(state, 0.5, REFERENCE_MOST)]


def _kin(state: Neighbours, event: KinChanged) -> Iterator[NeighboursChanged]:
    """Keep what is described like it; the page of a product that nobody touched shows that."""
    whole = sum(event.weights) or 1.0
    loud = [KIN_LOUDNESS * weight / whole for weight in event.weights]
    first = not state.kin and not state.touches
    state.kin = dict(zip(event.kin_ids, loud, strict=True))
    if first and state.kin:
        yield _changed(state, event)


def _voices(state: Neighbours, shared: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """Both voices by slot; of what the member has just touched, none."""
    weights = _earned(state).astype(float)
    paths = alike(state.paths, shared)[: len(weights)]
    silent = list(shared)
    paths[silent] = 0.0
    fame = _fame(state) ** -POPULARITY_POWER * state.touches**0.5
    together = weights * fame / (weights.sum() or 1.0)
    together[silent] = 0.0
    return together, paths * fame / (paths.sum() or 1.0)


def _fame(state: Neighbours) -> np.ndarray:
    """How often each neighbour was touched, + 1; of whom nothing was told yet, as often as the others.

    An order asks for some of its lines only, so of many a neighbour it is not known. Taken for rare they
    would be the loudest.
    """
    touched = np.frombuffer(state.touched, np.uint32).astype(float)
    told = touched > 0.0
    if told.any():
        touched[~told] = touched[told].mean()
    return touched + 1.0


def _earned(state: Neighbours) -> np.ndarray:
    """Weights without what was inherited."""
    weights = np.frombuffer(state.weights, np.float32)
    return weights - np.frombuffer(_inherited(state), np.float32)


def _inherited(state: Neighbours) -> bytes:
    """Nothing, where it was not noted yet."""
    return state.inherited or bytes(len(state.weights))


def _shared(state: Neighbours, recent: Iterable[str]) -> dict[int, float]:
    """The slots of neighbours that the member touched before, the last one counting most."""
    counts = {product: (place + 1) ** -0.5 for place, product in enumerate(recent)}
    return {
        slot: counts[product] for slot, product in enumerate(state.products) if product in counts
    }


def _page(state: Neighbours, event: TouchSurrounded) -> Iterator[NeighboursChanged]:
    """At first soon, then once in a while the product's page is told anew."""
    if not (state.touches % PAGE_EVERY and state.touches & (state.touches - 1)):
        yield _changed(state, event)


def _changed(state: Neighbours, event: TouchSurrounded | KinChanged) -> NeighboursChanged:
    """What is similar by touches; while that is little, by description too."""
    similar = dict.fromkeys([*_strongest(state, 1.0, PAGE_MOST), *state.kin])
    return NeighboursChanged(
        product_id=event.product_id,
        occurred_at=event.occurred_at,
        product_ids=_strongest(state, 0.0, PAGE_MOST),
        similar_ids=[*similar][:PAGE_MOST],
    )


def _strongest(state: Neighbours, power: float, most: int) -> list[str]:
    """The first by weight / (touches + 1)^power: with 0 the most frequent, with 1 the most alike."""
    strength = _earned(state) * _fame(state) ** -power
    first = np.argsort(-strength, kind="stable")[:most]
    return [state.products[slot] for slot in first]


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {ProductViewed, ProductTouched, TouchSurrounded, KinChanged}
)
NEIGHBOURS: Agent[Any] = Agent("neighbours", Neighbours, HEARS, react)
