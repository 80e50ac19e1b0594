"""What speaks for which product: the answers of the products a member touched, added up and fading.

Each answer counts `FADING` to the power of the steps since its touch. Nothing is multiplied as time goes
by: an answer is added as FADING^-(place of its touch), and at any moment all weights are to be divided by
the same number, so their order and their shares stand (forward decay, as in the hot lists). Before that
number grows too large everything is divided once, and `base` moves.

At most `NOVEL_MOST` products are kept that the member never touched, and `OWNED_MOST` that were bought.
"""

from __future__ import annotations

from collections.abc import Collection
from math import isfinite

from msgspec import Struct, field

from agents.candidates.known import mark
from schemas.candidates import NeighboursTold

FADING = 0.8
NOVEL_MOST = 150
OWNED_MOST = 100
SLACK = 50  # so that the weakest are sought once in a while only
STEPS_MOST = 100.0  # 0.8^-100 is 5e9


class Reason(Struct, frozen=True, array_like=True):
    """The loudest single answer for a product, and the touched product that gave it."""

    loudness: float
    product_id: str


class Spoken(Struct, array_like=True):
    """What speaks for products: two voices, and the reason."""

    together: dict[str, float] = field(default_factory=dict)
    alike: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)


class Bought(Struct, frozen=True, array_like=True):
    """Orders of a product, and the last one's moment."""

    orders: int
    at: int


class Tastes(Struct, array_like=True):
    """What speaks for products never touched and for those bought; the place the weights refer to."""

    novel: Spoken = field(default_factory=Spoken)
    owned: Spoken = field(default_factory=Spoken)
    bought: dict[str, Bought] = field(default_factory=dict)
    base: float = 0.0


def hear(tastes: Tastes, told: NeighboursTold, place: float, known: Collection[int]) -> None:
    """Add what the product touched at `place` answered; `known` are the marks of all that was touched."""
    _rebase(tastes, place)
    weight = FADING ** (tastes.base - place)
    bought, novel = tastes.bought, tastes.novel
    for product, together, alike in zip(told.product_ids, told.together, told.alike, strict=True):
        if product in bought:
            _add(tastes.owned, product, together * weight, alike * weight, told.product_id)
        elif product in novel.together or mark(product) not in known:
            _add(novel, product, together * weight, alike * weight, told.product_id)
    if len(novel.together) > NOVEL_MOST + SLACK:
        _keep(novel, NOVEL_MOST)


def touched(tastes: Tastes, product_id: str) -> None:
    """The member knows the product now: nothing speaks for it as for something new."""
    _forget(tastes.novel, product_id)


def own(tastes: Tastes, product_id: str, at: int) -> None:
    """The product was bought with an order at this moment (milliseconds)."""
    before = tastes.bought.get(product_id) or Bought(0, at)
    tastes.bought[product_id] = Bought(before.orders + 1, max(before.at, at))
    if len(tastes.bought) > OWNED_MOST + SLACK:
        ordered = sorted(tastes.bought.items(), key=_by_orders)
        for product, _ in ordered[:SLACK]:
            del tastes.bought[product]
            _forget(tastes.owned, product)


def _add(spoken: Spoken, product: str, together: float, alike: float, reason: str) -> None:
    loudness = together + alike
    if not isfinite(loudness):
        raise ValueError(f"The neighbour {product} speaks with the weight {loudness}.")
    spoken.together[product] = spoken.together.get(product, 0.0) + together
    if alike:
        spoken.alike[product] = spoken.alike.get(product, 0.0) + alike
    before = spoken.reasons.get(product)
    if before is None or loudness > before.loudness:
        spoken.reasons[product] = Reason(loudness, reason)


def _forget(spoken: Spoken, product_id: str) -> None:
    spoken.together.pop(product_id, None)
    spoken.alike.pop(product_id, None)
    spoken.reasons.pop(product_id, None)


def _keep(spoken: Spoken, most: int) -> None:
    """The strongest only; of equals those whose id comes last."""
    alike = spoken.alike
    ordered = sorted((w + alike.get(one, 0.0), one) for one, w in spoken.together.items())
    for _, product in ordered[: len(ordered) - most]:
        _forget(spoken, product)


def _by_orders(item: tuple[str, Bought]) -> tuple[int, int, str]:
    product, bought = item
    return bought.orders, bought.at, product


def _rebase(tastes: Tastes, place: float) -> None:
    if place - tastes.base <= STEPS_MOST:
        return
    factor = FADING ** (place - tastes.base)
    for spoken in (tastes.novel, tastes.owned):
        for weights in (spoken.together, spoken.alike):
            for product in weights:
                weights[product] *= factor
        for product, reason in spoken.reasons.items():
            spoken.reasons[product] = Reason(reason.loudness * factor, reason.product_id)
    tastes.base = place
