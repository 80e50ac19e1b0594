"""What speaks for which product: the answers of the products a member touched, added up and fading.

Each answer counts `FADING` to the power of the steps since its touch. Nothing is multiplied as time goes
by: an answer is added as FADING^-(place of its touch), and at any moment all weights are to be divided by
the same number, so their order and their shares stand (forward decay, as in the hot lists). Before that
number grows too large everything is divided once, and `base` moves.

About `KEPT_MOST` products are kept; the weakest are sought once in a while only, so there are up to `SLACK`
more. Beside them are some `KIN_MOST` that are described like touched ones (CONTENT). A product that is
touched speaks as something new no more; one that was bought goes on being spoken for, as it may be bought
again. Weights lie in strings of bytes: they are written at every touch, and a number of each product would
cost several times as much.
"""

from __future__ import annotations

from collections.abc import Collection
from math import isfinite

import numpy as np
from msgspec import Struct, field

from agents.candidates.journey import KEPT
from agents.candidates.known import mark
from schemas.candidates import NeighboursTold

FADING = 0.8
KEPT_MOST = 120
OWNED_MOST = 80
SLACK = 40
KIN_MOST = 16
KIN_SLACK = 12
STEPS_MOST = 100.0  # 0.8^-100 is 5e9
ANSWERED_KEPT = KEPT  # after a log-in all of the journey has answered


class Owned(Struct, array_like=True):
    """One that was bought: in how many orders, and when last (milliseconds)."""

    orders: int = 0
    at: int = 0


class Tastes(Struct, array_like=True):
    """What speaks for products, what was bought, and the place that the weights refer to.

    In parallel to `products`: two voices and the loudest single answer (float32 each), and which answer that
    was, by its number (uint32). `answers` counts them; `answered` has the products of the last ones, the
    newest first. `kin` has the weight and the answer by product.
    """

    products: list[str] = field(default_factory=list)
    together: bytes = b""
    alike: bytes = b""
    loudest: bytes = b""
    reasons: bytes = b""
    owned: dict[str, Owned] = field(default_factory=dict)
    base: float = 0.0
    answers: int = 0
    answered: list[str] = field(default_factory=list)
    kin: dict[str, tuple[float, int]] = field(default_factory=dict)


def hear(tastes: Tastes, told: NeighboursTold, known: Collection[int]) -> None:
    """Add what a product answered; `known` are the marks of all that was touched.

    Raises `ValueError` for a weight that is no number: it would win every list for ever.
    """
    _rebase(tastes, told.place)
    weight = FADING ** (tastes.base - told.place)
    if not isfinite(weight * (sum(told.together) + sum(told.alike) + sum(told.kin_weights))):
        raise ValueError(f"A neighbour of {told.product_id} speaks with a weight without bounds.")
    tastes.answers += 1
    tastes.answered = [told.product_id, *tastes.answered[: ANSWERED_KEPT - 1]]
    _hear_neighbours(tastes, told, weight, known)
    if told.kin_ids or tastes.kin:
        _hear_kin(tastes, told, weight, known)


def _hear_neighbours(
    tastes: Tastes, told: NeighboursTold, weight: float, known: Collection[int]
) -> None:
    """Add both voices of each neighbour; those that are new and not touched yet are taken in."""
    products, owned = tastes.products, tastes.owned
    wanted = {*told.product_ids, told.product_id}
    slots = {product: slot for slot, product in enumerate(products) if product in wanted}
    silent = None if told.product_id in owned else slots.get(told.product_id)
    before = len(products)
    heard, at = [], []  # which of those told, and their slots
    for place, product in enumerate(told.product_ids):
        slot = slots.get(product)
        if slot is None:
            if mark(product) in known and product not in owned:
                continue
            slot = slots[product] = len(products)
            products.append(product)
        heard.append(place)
        at.append(slot)
    voices = np.zeros((3, len(products)), np.float32)  # together, alike, the loudest answer
    for row, data in zip(voices, (tastes.together, tastes.alike, tastes.loudest), strict=True):
        row[:before] = np.frombuffer(data, np.float32)
    numbers = np.zeros(len(products), np.uint32)
    numbers[:before] = np.frombuffer(tastes.reasons, np.uint32)
    if silent is not None:  # nothing speaks for it as for something new any more
        voices[:, silent] = 0.0
    if heard:
        of_both = np.array((told.together, told.alike))[:, heard] * weight
        voices[:2, at] += of_both
        answer = of_both[0] + of_both[1]
        louder = answer > voices[2, at]
        first = np.array(at)[louder]
        voices[2, first] = answer[louder]
        numbers[first] = tastes.answers
    _keep(tastes, voices, numbers)


def _keep(tastes: Tastes, voices: np.ndarray, numbers: np.ndarray) -> None:
    """Write it down, without the weakest when there are too many."""
    if len(tastes.products) > KEPT_MOST + SLACK:
        strength = voices[0] + voices[1]
        kept = np.sort(np.argsort(-strength, kind="stable")[:KEPT_MOST])
        tastes.products = [tastes.products[slot] for slot in kept.tolist()]
        voices, numbers = voices[:, kept], numbers[kept]
    tastes.together, tastes.alike, tastes.loudest = (row.tobytes() for row in voices)
    tastes.reasons = numbers.tobytes()


def _hear_kin(tastes: Tastes, told: NeighboursTold, weight: float, known: Collection[int]) -> None:
    """Add what is described like the product; a reason is the answer that outweighs what was before."""
    kin = tastes.kin
    if told.product_id not in tastes.owned:
        kin.pop(told.product_id, None)
    for product, alike in zip(told.kin_ids, told.kin_weights, strict=True):
        if mark(product) not in known or product in tastes.owned:
            before, answer = kin.get(product, (0.0, 0))
            more = alike * weight
            kin[product] = before + more, tastes.answers if more > before else answer
    if len(kin) > KIN_MOST + KIN_SLACK:
        tastes.kin = dict(sorted(kin.items(), key=_by_weight, reverse=True)[:KIN_MOST])


def voices(tastes: Tastes) -> tuple[np.ndarray, np.ndarray]:
    """What speaks for each product: TOGETHER, ALIKE."""
    return np.frombuffer(tastes.together, np.float32), np.frombuffer(tastes.alike, np.float32)


def reasons(tastes: Tastes) -> memoryview:
    """By product, the number of the answer that spoke loudest for it; 0: none did."""
    return memoryview(tastes.reasons).cast("I")


def reason(tastes: Tastes, number: int) -> str | None:
    """The product whose answer has this number; none when there is none, or when that is too long ago."""
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
    tastes.products, tastes.kin = [], {}
    tastes.together = tastes.alike = tastes.loudest = tastes.reasons = b""


def _by_weight(item: tuple[str, tuple[float, int]]) -> tuple[float, str]:
    product, (weight, _) = item
    return weight, product


def _by_orders(item: tuple[str, Owned]) -> tuple[int, int, str]:
    product, owned = item
    return owned.orders, owned.at, product


def _rebase(tastes: Tastes, place: float) -> None:
    if place - tastes.base > STEPS_MOST:
        factor = FADING ** (place - tastes.base)
        for name in ("together", "alike", "loudest"):
            faded = np.frombuffer(getattr(tastes, name), np.float32) * np.float64(factor)
            setattr(tastes, name, faded.astype(np.float32).tobytes())
        tastes.kin = {one: (its * factor, answer) for one, (its, answer) in tastes.kin.items()}
        tastes.base = place
