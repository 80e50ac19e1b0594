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
from agents.candidates.tastes import Bought, Tastes
from agents.candidates.trends import Trends
from schemas.candidates import Purpose, Source

AGAIN_HALF_LIFE = 180 * 86_400_000


class Voice(NamedTuple):
    """What a source says: weights of products (each in one of the maps), and their sum, more than zero."""

    source: Source
    maps: tuple[Mapping[str, float], ...]
    whole: float

    def share(self, product_id: str) -> float:
        """The probability that it gives a product."""
        return min(1.0, sum(one.get(product_id, 0.0) for one in self.maps) / self.whole)


class Mixed(NamedTuple):
    """All sources together: the probability of each product, and the voices with their weights."""

    scores: dict[str, float]
    voices: list[Voice]
    parts: list[float]


def voices(
    tastes: Tastes, trends: Trends, purpose: Purpose, known: Collection[int], at: int
) -> list[Voice]:
    """The sources that hold anything, in the order of their names' list."""
    novel, owned = tastes.novel, tastes.owned
    said: dict[Source, tuple[Mapping[str, float], ...]]
    if purpose is Purpose.NOVEL:
        said = {
            Source.TOGETHER: (novel.together,),
            Source.ALIKE: (novel.alike,),
            Source.DAY: (_unknown(trends.day, known),),
            Source.WEEK: (_unknown(trends.week, known),),
        }
    else:
        again = {product: _again(bought, at) for product, bought in tastes.bought.items()}
        said = {
            Source.TOGETHER: (novel.together, owned.together),
            Source.ALIKE: (novel.alike, owned.alike),
            Source.AGAIN: (again,),
            Source.DAY: (trends.day,),
            Source.WEEK: (trends.week,),
        }
    sums = ((source, maps, sum(sum(one.values()) for one in maps)) for source, maps in said.items())
    return [Voice(source, maps, whole) for source, maps, whole in sums if whole > 0]


def _again(bought: Bought, at: int) -> float:
    """Orders of it, half as many for every 180 days since the last."""
    return bought.orders * exp2(-max(0, at - bought.at) / AGAIN_HALF_LIFE)


def _unknown(shares: Mapping[str, float], known: Collection[int]) -> dict[str, float]:
    return {product: share for product, share in shares.items() if mark(product) not in known}


def mix(found: list[Voice], logits: Mapping[str, float]) -> Mixed:
    """The probability of each product that any source holds."""
    parts = weigh(logits, [voice.source for voice in found])
    scores: dict[str, float] = {}
    for voice, part in zip(found, parts, strict=True):
        factor = part / voice.whole
        for weights in voice.maps:
            for product, weight in weights.items():
                scores[product] = scores.get(product, 0.0) + weight * factor
    return Mixed(scores, found, parts)


def shares(found: list[Voice], product_id: str) -> list[float]:
    """With which probability each source holds a product."""
    return [voice.share(product_id) for voice in found]


def ordered(mixed: Mixed) -> list[tuple[float, str]]:
    """All products that any source holds, the most probable first; of equals the last by id."""
    return sorted(((score, product) for product, score in mixed.scores.items()), reverse=True)


def best(mixed: Mixed, most: int, wanted: Callable[[str], bool]) -> list[tuple[float, str]]:
    """The most probable of the wanted products."""
    return list(islice((one for one in ordered(mixed) if wanted(one[1])), most))


def source_of(mixed: Mixed, product_id: str) -> Source:
    """The source that gives a product most of its probability."""
    given = (
        (part * voice.share(product_id), voice.source)
        for voice, part in zip(mixed.voices, mixed.parts, strict=True)
    )
    return max(given, key=lambda one: one[0])[1]
