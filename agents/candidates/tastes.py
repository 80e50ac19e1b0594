"""What speaks for which product: the answers of the products a member touched, added up and fading.

Each answer counts `FADING` to the power of the steps since its touch. Nothing is multiplied as time goes
by: an answer is added as FADING^-(place of its touch), and at any moment all weights are to be divided by
the same number, so their order and their shares stand (forward decay, as in the hot lists). Before that
number grows too large everything is divided once, and `base` moves.

About `KEPT_MOST` products are kept; the weakest are sought once in a while only, so there are up to `SLACK`
more. A product that is touched speaks as something new no more; one that was bought goes on being spoken
for, as it may be bought again. Weights lie in strings of bytes that numpy reads: they are written at every
touch, and a number of each product would cost ten times as much.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from msgspec import Struct, field

from agents.candidates.known import mark
from schemas.candidates import NeighboursTold

FADING = 0.8
KEPT_MOST = 120
OWNED_MOST = 80
SLACK = 40
STEPS_MOST = 100.0  # 0.8^-100 is 5e9
ANSWERED_KEPT = 21
WEIGHT, NUMBER = np.dtype("<f4"), np.dtype("<u4")
ROWS, LOUDEST = 3, 2


class Owned(Struct, array_like=True):
    """One that was bought: in how many orders, and when last (milliseconds)."""

    orders: int = 0
    at: int = 0


class Tastes(Struct, array_like=True):
    """What speaks for products, what was bought, and the place that the weights refer to.

    `spoken` has three rows of float32 in parallel to `products`: TOGETHER, ALIKE, and both of the answer that
    spoke loudest; `reasons` the number of that answer (uint32). `answers` counts them; `answered` has the
    products of the last ones, the newest first.
    """

    products: list[str] = field(default_factory=list)
    spoken: bytes = b""
    reasons: bytes = b""
    owned: dict[str, Owned] = field(default_factory=dict)
    base: float = 0.0
    answers: int = 0
    answered: list[str] = field(default_factory=list)


def hear(tastes: Tastes, told: NeighboursTold, known: Collection[int]) -> None:
    """Add what a product answered; `known` are the marks of all that was touched.

    Raises `ValueError` for a weight that is no number: it would win every list for ever.
    """
    _rebase(tastes, told.place)
    weights = np.array((told.together, told.alike), WEIGHT)
    weights *= FADING ** (tastes.base - told.place)
    if not np.isfinite(weights.sum()):
        raise ValueError(f"A neighbour of {told.product_id} speaks with a weight without bounds.")
    tastes.answers += 1
    tastes.answered = [told.product_id, *tastes.answered[: ANSWERED_KEPT - 1]]
    slots = dict(zip(tastes.products, range(len(tastes.products)), strict=True))
    before = voices(tastes)
    taken, places = _places(tastes, told.product_ids, slots, known)
    spoken = np.zeros((ROWS, len(tastes.products)), WEIGHT)
    spoken[:, : before.shape[1]] = before
    touched = slots.get(told.product_id)
    if touched is not None and told.product_id not in tastes.owned:
        spoken[:, touched] = 0.0  # nothing speaks for it as for something new any more
    if taken:
        _add(tastes, spoken, np.array(places), weights[:, taken])
    tastes.spoken = spoken.tobytes()
    if len(tastes.products) > KEPT_MOST + SLACK:
        _forget_weak(tastes, spoken)


def _places(
    tastes: Tastes, products: list[str], slots: dict[str, int], known: Collection[int]
) -> tuple[list[int], list[int]]:
    """Which of the products are taken in, and the slot of each; new ones get the next."""
    taken, places, held = [], [], len(slots)
    for number, product in enumerate(products):
        slot = slots.get(product)
        if slot is None:
            if mark(product) in known and product not in tastes.owned:
                continue
            slot, held = held, held + 1
            tastes.products.append(product)
        taken.append(number)
        places.append(slot)
    return taken, places


def _add(tastes: Tastes, spoken: np.ndarray, places: np.ndarray, weights: np.ndarray) -> None:
    spoken[:LOUDEST, places] += weights
    loud, loudest = weights.sum(axis=0), spoken[LOUDEST, places]
    louder = places[loud > loudest]
    spoken[LOUDEST, places] = np.maximum(loud, loudest)
    missing = bytes(spoken.shape[1] * NUMBER.itemsize - len(tastes.reasons))
    reasons = np.frombuffer(tastes.reasons + missing, NUMBER).copy()
    reasons[louder] = tastes.answers
    tastes.reasons = reasons.tobytes()


def voices(tastes: Tastes) -> np.ndarray:
    """What speaks for each product: a matrix of `ROWS` by products."""
    return np.frombuffer(tastes.spoken, WEIGHT).reshape(ROWS, len(tastes.products))


def reason(tastes: Tastes, slot: int) -> str | None:
    """The product whose answer spoke loudest for this one; none when that is too long ago."""
    at = slot * NUMBER.itemsize
    number = int.from_bytes(tastes.reasons[at : at + NUMBER.itemsize], "little")
    ago = tastes.answers - number
    return tastes.answered[ago] if number and ago < len(tastes.answered) else None


def own(tastes: Tastes, product_id: str, at: int) -> None:
    """The product was bought with an order at this moment (milliseconds)."""
    owned = tastes.owned.setdefault(product_id, Owned())
    owned.orders += 1
    owned.at = max(owned.at, at)
    if len(tastes.owned) > OWNED_MOST + SLACK:
        ordered = sorted(tastes.owned.items(), key=_by_orders, reverse=True)
        tastes.owned = dict(ordered[:OWNED_MOST])


def clear(tastes: Tastes) -> None:
    """Nothing speaks for anything; what was bought stays."""
    tastes.products, tastes.spoken, tastes.reasons = [], b"", b""


def _forget_weak(tastes: Tastes, spoken: np.ndarray) -> None:
    strength = spoken[:LOUDEST].sum(axis=0)
    kept = np.sort(np.argsort(-strength, kind="stable")[:KEPT_MOST])
    tastes.products = [tastes.products[slot] for slot in kept.tolist()]
    tastes.reasons = np.frombuffer(tastes.reasons, NUMBER)[kept].tobytes()
    tastes.spoken = spoken[:, kept].tobytes()


def _by_orders(item: tuple[str, Owned]) -> tuple[int, int, str]:
    product, owned = item
    return owned.orders, owned.at, product


def _rebase(tastes: Tastes, place: float) -> None:
    if place - tastes.base > STEPS_MOST:
        faded = voices(tastes) * WEIGHT.type(FADING ** (place - tastes.base))
        tastes.spoken, tastes.base = faded.tobytes(), place
