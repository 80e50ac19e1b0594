"""The sources put in one order: what each says of a member's next touch, mixed into one probability.

Two purposes: NOVEL is about products the member never touched, ANY about those and what was bought. The
same functions rank for the list that is offered, for the example that the mixture learns from, and for
an evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import exp2
from operator import add, itemgetter
from typing import NamedTuple

from agents.candidates import tastes as taste
from agents.candidates.known import mark
from agents.candidates.mixture import weigh
from agents.candidates.tastes import Owned, Tastes
from agents.candidates.trends import Trends
from schemas.candidates import Purpose, Source

AGAIN_HALF_LIFE = 180 * 86_400_000
TRENDS_HEARD = 60  # of a list; what stands lower is offered by another source or not at all
UNKNOWN, TOGETHER, ALIKE, AGAIN = Source.UNKNOWN, Source.TOGETHER, Source.ALIKE, Source.AGAIN
CONTENT = Source.CONTENT
TRENDING_DAY, TRENDING_WEEK = Source.TRENDING_DAY, Source.TRENDING_WEEK
HEARD = {CONTENT: None, AGAIN: None, TRENDING_DAY: TRENDS_HEARD, TRENDING_WEEK: TRENDS_HEARD}
_score = itemgetter(1)


class Voices(NamedTuple):
    """What the sources hold: weights of products by source, and each source's sum, more than zero.

    `spoken` has TOGETHER and ALIKE in parallel to `products`, `weights` the others; a source that holds
    nothing is in no `wholes`.
    """

    products: list[str]
    spoken: dict[Source, Sequence[float]]
    weights: dict[Source, Mapping[str, float]]
    wholes: dict[Source, float]


class Mixed(NamedTuple):
    """All sources together: the probability of each product, and what of it each source gives.

    `spoken` has the parts of TOGETHER and ALIKE in parallel to `voices.products`, `factors` what a weight of
    another source is worth.
    """

    scores: dict[str, float]
    voices: Voices
    spoken: tuple[list[float], list[float]]
    factors: dict[Source, float]


def voices(
    tastes: Tastes, trends: Trends, purpose: Purpose, known: Collection[int], at: int
) -> Voices:
    """What all sources hold at a moment (milliseconds)."""
    day, week = trends.day, trends.week
    spoken: tuple[Sequence[float], Sequence[float]] = taste.voices(tastes)
    kin = {product: weight for product, (weight, _) in tastes.kin.items()}
    again: dict[str, float] = {}
    if purpose is Purpose.NOVEL:
        day, week, kin = (_unknown(one, known) for one in (day, week, kin))
        spoken = (
            _of_unknown(tastes.products, spoken[0], known),
            _of_unknown(tastes.products, spoken[1], known),
        )
    else:
        again = {product: _again(owned, at) for product, owned in tastes.owned.items()}
    wholes = {
        TOGETHER: sum(spoken[0]),
        ALIKE: sum(spoken[1]),
        CONTENT: sum(kin.values()),
        AGAIN: sum(again.values()),
        TRENDING_DAY: sum(day.values()),
        TRENDING_WEEK: sum(week.values()),
    }
    return Voices(
        tastes.products,
        {TOGETHER: spoken[0], ALIKE: spoken[1]},
        {CONTENT: kin, AGAIN: again, TRENDING_DAY: day, TRENDING_WEEK: week},
        {source: whole for source, whole in wholes.items() if whole > 0},
    )


def _of_unknown(
    products: list[str], weights: Sequence[float], known: Collection[int]
) -> list[float]:
    return [
        0.0 if mark(product) in known else weight
        for product, weight in zip(products, weights, strict=True)
    ]


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
    elif product_id in found.products:
        weight = found.spoken[source][found.products.index(product_id)]
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
    ours, theirs = factors.pop(TOGETHER, 0.0), factors.pop(ALIKE, 0.0)
    together = [weight * ours for weight in found.spoken[TOGETHER]]
    alike = [weight * theirs for weight in found.spoken[ALIKE]]
    scores = dict(zip(found.products, map(add, together, alike), strict=True))
    score = scores.get
    for source, factor in factors.items():
        for product, weight in islice(found.weights[source].items(), HEARD[source]):
            scores[product] = score(product, 0.0) + weight * factor
    return Mixed(scores, found, (together, alike), factors)


def ordered(mixed: Mixed) -> list[tuple[str, float]]:
    """Each product that a source holds with its probability, the most probable first."""
    return sorted(mixed.scores.items(), key=_score, reverse=True)


def best(mixed: Mixed, wanted: Callable[[str], bool]) -> Iterator[tuple[str, float]]:
    """The same of the wanted products, as many as are asked for."""
    return (one for one in ordered(mixed) if one[1] > 0.0 and wanted(one[0]))


def explained(
    mixed: Mixed, tastes: Tastes, ranks: Iterable[tuple[str, float]]
) -> Iterator[tuple[str | None, str, Source, float]]:
    """Before each product and its probability the touched product that speaks for it; and its source.

    The source is the one that gives most of it, of equals the first in their order.
    """
    reasons = taste.reasons(tastes)
    slots = dict(zip(mixed.voices.products, range(len(reasons)), strict=True))
    together, alike = mixed.spoken
    others = [
        (source, mixed.voices.weights[source].get, factor)
        for source, factor in mixed.factors.items()
    ]
    for product_id, score in ranks:
        most, source, reason = 0.0, UNKNOWN, None
        slot = slots.get(product_id)
        if slot is not None and together[slot] + alike[slot] > 0.0:
            most, source, reason = together[slot], TOGETHER, reasons[slot]
            if alike[slot] > most:
                most, source = alike[slot], ALIKE
        for other, weight_of, factor in others:
            given = weight_of(product_id, 0.0) * factor
            if given > most:
                most, source, reason = given, other, None
        if source is CONTENT:
            reason = taste.kin_reason(tastes, product_id)
        yield reason, product_id, source, score
