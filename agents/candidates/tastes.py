"""What speaks for which product: the answers of the products a member touched, added up and fading.

Each answer counts `FADING` to the power of the steps since its touch. Nothing is multiplied as time goes
by: an answer is added as FADING^-(place of its touch), and at any moment all weights are to be divided by
the same number, so their order and their shares stand (forward decay, as in the hot lists). Before that
number grows too large everything is divided once, and `base` moves.

About `NOVEL_MOST` products are kept that the member never touched, and `OWNED_MOST` that were bought; the
weakest are sought once in a while only, so there are up to `SLACK` more.
"""

from __future__ import annotations

from collections.abc import Collection
from math import isfinite

from msgspec import Struct, field

from agents.candidates.known import mark
from schemas.candidates import NeighboursTold

FADING = 0.8
NOVEL_MOST = 120
OWNED_MOST = 80
SLACK = 30
STEPS_MOST = 100.0  # 0.8^-100 is 5e9


class Taste(Struct, array_like=True):
    """What speaks for a product: two voices, the loudest single answer, and the place of its touch."""

    together: float = 0.0
    alike: float = 0.0
    loudest: float = 0.0
    place: float = 0.0


class Owned(Taste, array_like=True):
    """The same of one that was bought: in how many orders, and when last."""

    orders: int = 0
    at: int = 0


class Tastes(Struct, array_like=True):
    """What speaks for products never touched and for those bought; the place the weights refer to."""

    novel: dict[str, Taste] = field(default_factory=dict)
    owned: dict[str, Owned] = field(default_factory=dict)
    base: float = 0.0
    heard: bool = False  # any product has answered


def hear(tastes: Tastes, told: NeighboursTold, place: float, known: Collection[int]) -> None:
    """Add what the product touched at `place` answered; `known` are the marks of all that was touched."""
    _rebase(tastes, place)
    tastes.heard = tastes.heard or bool(told.product_ids)
    weight = FADING ** (tastes.base - place)
    novel, owned = tastes.novel, tastes.owned
    if not all(map(isfinite, (weight, *told.together, *told.alike))):
        raise ValueError(f"A neighbour of {told.product_id} speaks with a weight without bounds.")
    for product, together, alike in zip(told.product_ids, told.together, told.alike, strict=True):
        taste = owned.get(product) or novel.get(product)
        if taste is None:
            if mark(product) in known:
                continue
            taste = novel[product] = Taste()
        together *= weight
        alike *= weight
        taste.together += together
        taste.alike += alike
        if together + alike > taste.loudest:
            taste.loudest, taste.place = together + alike, place
    if len(novel) > NOVEL_MOST + SLACK:
        tastes.novel = _strongest(novel)


def touched(tastes: Tastes, product_id: str) -> None:
    """The member knows the product now: nothing speaks for it as for something new."""
    tastes.novel.pop(product_id, None)


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
    tastes.novel = {}
    for owned in tastes.owned.values():
        owned.together = owned.alike = owned.loudest = owned.place = 0.0


def _strongest(novel: dict[str, Taste]) -> dict[str, Taste]:
    """Of equals those whose id comes last."""
    ordered = sorted(((t.together + t.alike, one) for one, t in novel.items()), reverse=True)
    return {product: novel[product] for _, product in ordered[:NOVEL_MOST]}


def _by_orders(item: tuple[str, Owned]) -> tuple[int, int, str]:
    product, owned = item
    return owned.orders, owned.at, product


def _rebase(tastes: Tastes, place: float) -> None:
    if place - tastes.base <= STEPS_MOST:
        return
    factor = FADING ** (place - tastes.base)
    for taste in (*tastes.novel.values(), *tastes.owned.values()):
        taste.together *= factor
        taste.alike *= factor
        taste.loudest *= factor
    tastes.base = place
