"""The sources put in one order: what each says of a member's next touch, mixed into one probability.

Two purposes: NOVEL is about products the member never touched, ANY about those and what was bought. The
same function ranks for the list that is offered, for the example that the mixture learns from, and for
an evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import islice
from math import exp2
from typing import NamedTuple

from agents.candidates.known import mark
from agents.candidates.mixture import weigh
from agents.candidates.tastes import Taste, Tastes
from agents.candidates.trends import Trends
from schemas.candidates import Purpose, Source

AGAIN_HALF_LIFE = 180 * 86_400_000


class Voice(NamedTuple):
    """What a source says: weights of products, and their sum, which is more than zero."""

    source: Source
    weights: Mapping[str, float]
    whole: float


class Mixed(NamedTuple):
    """All sources together: the probability of each product, and the voices with their weights."""

    scores: dict[str, float]
    voices: list[Voice]
    parts: list[float]


def voices(
    tastes: Tastes, trends: Trends, purpose: Purpose, known: Collection[int], at: int
) -> list[Voice]:
    """The sources that hold anything, in the order of their names' list."""
    novel = purpose is Purpose.NOVEL
    together = {product: taste.together for product, taste in tastes.novel.items()}
    alike = {product: taste.alike for product, taste in tastes.novel.items() if taste.alike}
    again: dict[str, float] = {}
    if not novel:
        for product, taste in tastes.owned.items():
            together[product], alike[product] = taste.together, taste.alike
            again[product] = _again(taste, at)
    day, week = (_unknown(one, known) if novel else one for one in (trends.day, trends.week))
    said = {
        Source.TOGETHER: together,
        Source.ALIKE: alike,
        Source.AGAIN: again,
        Source.DAY: day,
        Source.WEEK: week,
    }
    sums = ((source, weights, sum(weights.values())) for source, weights in said.items())
    return [Voice(source, weights, whole) for source, weights, whole in sums if whole > 0]


def _again(taste: Taste, at: int) -> float:
    """Orders of it, half as many for every 180 days since the last."""
    return taste.bought * exp2(-max(0, at - taste.bought_at) / AGAIN_HALF_LIFE)


def _unknown(shares: Mapping[str, float], known: Collection[int]) -> dict[str, float]:
    return {product: share for product, share in shares.items() if mark(product) not in known}


def mix(found: list[Voice], logits: Mapping[str, float]) -> Mixed:
    """The probability of each product that any source holds."""
    parts = weigh(logits, [voice.source for voice in found])
    scores: dict[str, float] = {}
    for voice, part in zip(found, parts, strict=True):
        factor = part / voice.whole
        for product, weight in voice.weights.items():
            scores[product] = scores.get(product, 0.0) + weight * factor
    return Mixed(scores, found, parts)


def shares(found: list[Voice], product_id: str) -> list[float]:
    """With which probability each source holds a product."""
    return [min(1.0, voice.weights.get(product_id, 0.0) / voice.whole) for voice in found]


def ordered(mixed: Mixed) -> list[tuple[float, str]]:
    """All products that any source holds, the most probable first; of equals the last by id."""
    return sorted(((score, product) for product, score in mixed.scores.items()), reverse=True)


def best(mixed: Mixed, most: int, wanted: Callable[[str], bool]) -> list[tuple[float, str]]:
    """The most probable of the wanted products."""
    return list(islice((one for one in ordered(mixed) if wanted(one[1])), most))


def source_of(mixed: Mixed, product_id: str) -> Source:
    """The source that gives a product most of its probability."""
    given = (
        (part * voice.weights.get(product_id, 0.0) / voice.whole, voice.source)
        for voice, part in zip(mixed.voices, mixed.parts, strict=True)
    )
    return max(given, key=lambda one: one[0])[1]
