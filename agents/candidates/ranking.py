"""The sources put in one order: what each says of a member's next touch, mixed into one probability.

Two purposes: NOVEL is about products the member never touched, ANY about those and what was bought. The
same functions rank for the list that is offered, for the example that the mixture learns from, and for
an evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from math import exp2, fsum
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from agents.candidates import tastes as taste
from agents.candidates.known import mark
from agents.candidates.mixture import weigh
from agents.candidates.tastes import Owned, Tastes
from agents.candidates.trends import Trends
from schemas.candidates import Purpose, Source

AGAIN_HALF_LIFE = 180 * 86_400_000
TRENDS_HEARD = (
    60  # of a list of trends; what stands lower is offered by another source or not at all
)
HEARD = {
    Source.AGAIN: None,
    Source.TRENDING_DAY: TRENDS_HEARD,
    Source.TRENDING_WEEK: TRENDS_HEARD,
}
_score = itemgetter(1)


class Voices(NamedTuple):
    """What the sources hold: weights of products by source, and each source's sum, more than zero.

    TOGETHER and ALIKE lie in parallel to `products`, the others in `weights`; a source that holds nothing
    is in no `wholes`.
    """

    products: list[str]
    together: np.ndarray
    alike: np.ndarray
    weights: dict[Source, Mapping[str, float]]
    wholes: dict[Source, float]


class Mixed(NamedTuple):
    """All sources together: the probability of each product, and what of it each source gives.

    `spoken` has the parts of TOGETHER and ALIKE in parallel to `voices.products`, `factors` what a weight of
    another source is worth.
    """

    scores: dict[str, float]
    voices: Voices
    spoken: dict[Source, list[float]]
    factors: dict[Source, float]


def voices(
    tastes: Tastes, trends: Trends, purpose: Purpose, known: Collection[int], at: int
) -> Voices:
    """What all sources hold at a moment (milliseconds)."""
    day, week = trends.day, trends.week
    together, alike, _ = taste.voices(tastes)
    again: dict[str, float] = {}
    if purpose is Purpose.NOVEL:
        day, week = _unknown(day, known), _unknown(week, known)
        new = np.array([mark(product) not in known for product in tastes.products], bool)
        together, alike = together * new, alike * new
    else:
        again = {product: _again(owned, at) for product, owned in tastes.owned.items()}
    wholes = {
        Source.TOGETHER: float(together.sum()),
        Source.ALIKE: float(alike.sum()),
        Source.AGAIN: fsum(again.values()),
        Source.TRENDING_DAY: fsum(day.values()),
        Source.TRENDING_WEEK: fsum(week.values()),
    }
    return Voices(
        tastes.products,
        together,
        alike,
        {Source.AGAIN: again, Source.TRENDING_DAY: day, Source.TRENDING_WEEK: week},
        {source: whole for source, whole in wholes.items() if whole > 0},
    )


def _again(owned: Owned, at: int) -> float:
    """Orders of it, half as many for every 180 days since the last."""
    return owned.orders * exp2(-max(0, at - owned.at) / AGAIN_HALF_LIFE)


def _unknown(shares: Mapping[str, float], known: Collection[int]) -> dict[str, float]:
    return {product: share for product, share in shares.items() if mark(product) not in known}


def share(found: Voices, source: Source, product_id: str) -> float:
    """The probability that a source, one of those that hold anything, gives a product."""
    held = found.weights.get(source)
    if held is not None:
        weight = held.get(product_id, 0.0)
    elif product_id in found.products:
        slot = found.products.index(product_id)
        weight = float((found.together if source is Source.TOGETHER else found.alike)[slot])
    else:
        return 0.0
    return min(1.0, weight / found.wholes[source])


def mix(found: Voices, logits: Mapping[str, float]) -> Mixed:
    """The probability of each product that any source holds."""
    sources = list(found.wholes)
    factors = {
        source: part / found.wholes[source]
        for source, part in zip(sources, weigh(logits, sources), strict=True)
    }
    together = found.together * factors.pop(Source.TOGETHER, 0.0)
    alike = found.alike * factors.pop(Source.ALIKE, 0.0)
    scores: dict[str, float] = dict(zip(found.products, (together + alike).tolist(), strict=True))
    score = scores.get
    for source, factor in factors.items():
        for product, weight in islice(found.weights[source].items(), HEARD[source]):
            scores[product] = score(product, 0.0) + weight * factor
    spoken = {Source.TOGETHER: together.tolist(), Source.ALIKE: alike.tolist()}
    return Mixed(scores, found, spoken, factors)


def ordered(mixed: Mixed) -> list[tuple[str, float]]:
    """Each product that a source holds with its probability, the most probable first."""
    return sorted(mixed.scores.items(), key=_score, reverse=True)


def best(mixed: Mixed, wanted: Callable[[str], bool]) -> Iterator[tuple[str, float]]:
    """The same of the wanted products, as many as are asked for."""
    return (one for one in ordered(mixed) if one[1] > 0.0 and wanted(one[0]))


def source_of(mixed: Mixed, product_id: str, slot: int | None) -> Source:
    """The source that gives a product most of its probability; of equals the first in their order.

    `slot`: its place among those that others speak for; none: it has none.
    """
    most, strongest = 0.0, Source.UNKNOWN
    if slot is not None:
        for source, parts in mixed.spoken.items():
            if parts[slot] > most:
                most, strongest = parts[slot], source
    for source, factor in mixed.factors.items():
        given = mixed.voices.weights[source].get(product_id, 0.0) * factor
        if given > most:
            most, strongest = given, source
    return strongest
