"""The sources put in one order: what each says of a member's next touch, mixed into one probability.

Two purposes: NOVEL is about products the member never touched, ANY about those and what was bought. The
same functions rank for the list that is offered, for the example that the mixture learns from, and for
an evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import islice
from math import exp2
from typing import NamedTuple

from agents.candidates.known import mark
from agents.candidates.mixture import weigh
from agents.candidates.tastes import Owned, Taste, Tastes
from agents.candidates.trends import Trends
from schemas.candidates import Purpose, Source

AGAIN_HALF_LIFE = 180 * 86_400_000


class Voices(NamedTuple):
    """What the sources hold: weights of products by source, and each source's sum, more than zero.

    TOGETHER and ALIKE lie in `tastes`, the others in `weights`; a source that holds nothing is nowhere.
    """

    tastes: tuple[Mapping[str, Taste], ...]
    weights: dict[Source, Mapping[str, float]]
    wholes: dict[Source, float]


class Mixed(NamedTuple):
    """All sources together: the probability of each product, and the sources' weights."""

    scores: dict[str, float]
    voices: Voices
    parts: dict[Source, float]


def voices(
    tastes: Tastes, trends: Trends, purpose: Purpose, known: Collection[int], at: int
) -> Voices:
    """What all sources hold at a moment (milliseconds)."""
    day, week = trends.day, trends.week
    held: tuple[Mapping[str, Taste], ...] = (tastes.novel,)
    again: dict[str, float] = {}
    if purpose is Purpose.NOVEL:
        day, week = _unknown(day, known), _unknown(week, known)
    else:
        held = (tastes.novel, tastes.owned)
        again = {product: _again(owned, at) for product, owned in tastes.owned.items()}
    wholes = {
        Source.TOGETHER: sum([taste.together for one in held for taste in one.values()]),
        Source.ALIKE: sum([taste.alike for one in held for taste in one.values()]),
        Source.AGAIN: sum(again.values()),
        Source.TRENDING_DAY: sum(day.values()),
        Source.TRENDING_WEEK: sum(week.values()),
    }
    return Voices(
        held,
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
    weights = found.weights.get(source)
    if weights is not None:
        weight = weights.get(product_id, 0.0)
    else:
        taste = next((one[product_id] for one in found.tastes if product_id in one), None)
        if taste is None:
            return 0.0
        weight = taste.together if source is Source.TOGETHER else taste.alike
    return min(1.0, weight / found.wholes[source])


def mix(found: Voices, logits: Mapping[str, float]) -> Mixed:
    """The probability of each product that any source holds."""
    sources = list(found.wholes)
    parts = dict(zip(sources, weigh(logits, sources), strict=True))
    factors = {source: parts[source] / found.wholes[source] for source in sources}
    together, alike = factors.get(Source.TOGETHER, 0.0), factors.get(Source.ALIKE, 0.0)
    scores: dict[str, float] = {}
    for one in found.tastes:
        for product, taste in one.items():
            scores[product] = taste.together * together + taste.alike * alike
    for source, weights in found.weights.items():
        factor = factors.get(source)
        if factor:
            for product, weight in weights.items():
                scores[product] = scores.get(product, 0.0) + weight * factor
    return Mixed(scores, found, parts)


def ordered(mixed: Mixed) -> list[tuple[float, str]]:
    """All products that any source holds, the most probable first; of equals the last by id."""
    return sorted([(score, product) for product, score in mixed.scores.items()], reverse=True)


def best(mixed: Mixed, most: int, wanted: Callable[[str], bool]) -> list[tuple[float, str]]:
    """The most probable of the wanted products."""
    return list(islice((one for one in ordered(mixed) if wanted(one[1])), most))


def source_of(mixed: Mixed, product_id: str) -> Source:
    """The source that gives a product most of its probability; of equals the first in their order."""
    found = mixed.voices
    taste = next((one[product_id] for one in found.tastes if product_id in one), NOTHING)
    most, strongest = -1.0, Source.UNKNOWN
    for source, part in mixed.parts.items():
        if source is Source.TOGETHER:
            weight = taste.together
        elif source is Source.ALIKE:
            weight = taste.alike
        else:
            weight = found.weights[source].get(product_id, 0.0)
        given = part * weight / found.wholes[source]
        if given > most:
            most, strongest = given, source
    return strongest


NOTHING = Taste()
