"""What speaks for which product: the answers of the products a member touched, added up and fading.

Each answer counts `FADING` to the power of the steps since its touch. Nothing is multiplied as time goes
by: an answer is added as FADING^-(place of its touch), and at any moment all weights are to be divided by
the same number, so their order and their shares stand (forward decay, as in the hot lists). Before that
number grows too large everything is divided once, and `base` moves.

At most `TASTES_MOST` products are kept that the member never touched, and `OWNED_MOST` that were bought.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import isfinite

from msgspec import Struct, field

from agents.candidates.known import mark as known_mark
from schemas.candidates import Neighbour

FADING = 0.8
TASTES_MOST = 150
SLACK = 50  # so that the weakest are sought once in a while only
OWNED_MOST = 100
STEPS_MOST = 100.0  # 0.8^-100 is 5e9


class Taste(Struct, array_like=True):
    """What speaks for a product: two voices, the loudest single answer and the product that gave it."""

    together: float = 0.0
    alike: float = 0.0
    loudest: float = 0.0
    reason: str = ""
    bought: float = 0.0  # orders of it
    bought_at: int = 0


class Tastes(Struct, array_like=True):
    """Products never touched, products bought, and the place to which the weights refer."""

    novel: dict[str, Taste] = field(default_factory=dict)
    owned: dict[str, Taste] = field(default_factory=dict)
    base: float = 0.0


def hear(
    tastes: Tastes,
    reason: str,
    place: float,
    neighbours: Iterable[Neighbour],
    known: Collection[int],
) -> None:
    """Add what the product touched at `place` answered; `known` are the marks of what was touched."""
    _rebase(tastes, place)
    weight = FADING ** (tastes.base - place)
    novel, owned = tastes.novel, tastes.owned
    for one in neighbours:
        product = one.product_id
        taste = owned.get(product) or novel.get(product)
        if taste is None:
            if known_mark(product) in known:
                continue
            taste = novel[product] = Taste()
        _add(taste, one.together * weight, one.alike * weight, reason)
    if len(novel) > TASTES_MOST + SLACK:
        tastes.novel = _strongest(novel, TASTES_MOST)


def _add(taste: Taste, together: float, alike: float, reason: str) -> None:
    loud = together + alike
    if not isfinite(loud):
        raise ValueError(f"A neighbour speaks with the weight {loud}.")
    taste.together += together
    taste.alike += alike
    if loud > taste.loudest:
        taste.loudest, taste.reason = loud, reason


def own(tastes: Tastes, product_id: str, at: int) -> None:
    """The product was bought with an order at this moment (milliseconds)."""
    taste = tastes.owned.get(product_id)
    if taste is None:
        taste = tastes.owned[product_id] = tastes.novel.pop(product_id, Taste())
    taste.bought += 1.0
    taste.bought_at = max(taste.bought_at, at)
    if len(tastes.owned) > OWNED_MOST + SLACK:
        kept = sorted(tastes.owned.items(), key=_by_purchase, reverse=True)[:OWNED_MOST]
        tastes.owned = dict(kept)


def _by_purchase(item: tuple[str, Taste]) -> tuple[float, int, str]:
    product, taste = item
    return taste.bought, taste.bought_at, product


def _strongest(novel: dict[str, Taste], most: int) -> dict[str, Taste]:
    ordered = sorted(novel.items(), key=_by_voices, reverse=True)
    return dict(ordered[:most])


def _by_voices(item: tuple[str, Taste]) -> tuple[float, str]:
    product, taste = item
    return taste.together + taste.alike, product


def _rebase(tastes: Tastes, place: float) -> None:
    if place - tastes.base <= STEPS_MOST:
        return
    factor = FADING ** (place - tastes.base)
    for tastes_of in (tastes.novel, tastes.owned):
        for taste in tastes_of.values():
            taste.together *= factor
            taste.alike *= factor
            taste.loudest *= factor
    tastes.base = place
