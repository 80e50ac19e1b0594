"""The sources put in one order: what each says of a member's next touch, mixed into one probability.

Two purposes: NOVEL is about products the member never touched, ANY about those and what was bought. The
same functions rank for the list that is offered, for the example that the mixture learns from, and for
an evaluation. All products that any source holds are columns of one matrix, a row a source.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from math import exp2
from typing import NamedTuple

import numpy as np

from agents.candidates import tastes as taste
from agents.candidates.known import mark
from agents.candidates.mixture import LEAST_HELD, LEAST_SHARE, Pool, weigh
from agents.candidates.reach import Reached
from agents.candidates.tastes import Owned, Tastes
from agents.candidates.trends import Trends
from schemas.candidates import Purpose, Source

AGAIN_HALF_LIFE = 180 * 86_400_000
HEAD = 10  # of a list
NOTHING = (0.0, 0.0)  # exponents of the reach before anything was learned
SOURCES = (
    Source.TOGETHER,
    Source.ALIKE,
    Source.CONTENT,
    Source.AGAIN,
    Source.TRENDING_DAY,
    Source.TRENDING_WEEK,
)
_TOGETHER, _ALIKE, _CONTENT, _AGAIN, _TRENDING = range(5)  # rows; the trends are two
UNKNOWN, TOGETHER, ALIKE, CONTENT = Source.UNKNOWN, Source.TOGETHER, Source.ALIKE, Source.CONTENT


class Held(NamedTuple):
    """What the sources hold: the column of each product, its weight by each of `SOURCES`, and its reach."""

    slots: dict[str, int]
    weights: np.ndarray  # sources x products
    reach: np.ndarray  # logarithms, of late and ever, 2 x products


class Voices(NamedTuple):
    """What the sources say.

    `slots` has the column of each product, `shares` the probability of each product by each of the
    `sources`, sources x products; a source that holds nothing is not among them. `reach` as it is held.
    """

    slots: dict[str, int]
    sources: list[Source]
    shares: np.ndarray
    reach: np.ndarray


class Mixed(NamedTuple):
    """All sources together: the probability of each product, and what each gives to the linear pool."""

    voices: Voices
    scores: np.ndarray  # by column
    parts: np.ndarray  # sources x products
    linear: np.ndarray  # their sum


def held(tastes: Tastes, trends: Trends, reached: Reached, at: int) -> Held:
    """All that the sources hold at a moment (milliseconds)."""
    spoken, kin, owned = tastes.products, tastes.kin, tastes.owned
    slots = dict(zip(spoken, range(len(spoken)), strict=True))
    of_kin, of_owned, of_trends = (
        [slots.setdefault(product, len(slots)) for product in its]
        for its in (kin, owned, trends.products)
    )
    weights = np.zeros((len(SOURCES), len(slots)))
    weights[_TOGETHER, : len(spoken)], weights[_ALIKE, : len(spoken)] = taste.voices(tastes)
    if of_kin:
        weights[_CONTENT, of_kin] = [weight for weight, _ in kin.values()]
    if of_owned:
        weights[_AGAIN, of_owned] = [_again(its, at) for its in owned.values()]
    if of_trends:
        weights[_TRENDING:, of_trends] = trends.shares_of_both()
    return Held(slots, weights, reached.of(slots))


def voices(found: Held, purpose: Purpose, known: Collection[int]) -> Voices:
    """What the sources say for a purpose; `known` are the marks of all that was touched."""
    slots, weights, reach = found
    if purpose is Purpose.NOVEL:
        weights = weights * np.array([mark(product) not in known for product in slots])
        weights[_AGAIN] = 0.0  # what was bought is nothing new
    wholes = weights.sum(axis=1)
    says = (wholes > 0.0).nonzero()[0]
    shares = weights[says] / wholes[says, None]
    return Voices(slots, [SOURCES[row] for row in says], shares, reach)


def _again(owned: Owned, at: int) -> float:
    """Orders of it, half as many for every 180 days since the last."""
    return owned.orders * exp2(-max(0, at - owned.at) / AGAIN_HALF_LIFE)


def shares_of(found: Voices, product_id: str) -> list[float]:
    """The probability that each source, of those that hold anything, gives a product."""
    slot = found.slots.get(product_id)
    if slot is None:
        return [0.0] * len(found.sources)
    shares: list[float] = np.minimum(found.shares[:, slot], 1.0).tolist()
    return shares


def mix(found: Voices, pool: Pool) -> Mixed:
    """The probability of each product that any source holds."""
    parts = found.shares * np.array(weigh(pool.logits, found.sources))[:, None]
    linear = parts.sum(axis=0)
    scores = linear
    if (pool.exponents or pool.of_reach) and found.sources:
        scores = _pooled(linear, _logarithms(found, linear), pool, found.sources)
    return Mixed(found, scores, parts, linear)


class Contrast(NamedTuple):
    """By how much a touched product's logarithms are above those expected; empty: nothing is learned."""

    of_sources: list[float]
    of_sum: float
    of_reach: list[float]


def contrasts(mixed: Mixed, product_ids: Sequence[str]) -> list[Contrast]:
    """What the exponents learn by from each touched product: its logarithms less those expected.

    Of the first `HEAD` nothing is learned, and nothing
    against them: what is bought every week stands there anyway, and would outweigh all else. Nothing either
    when no source holds the product.
    """
    found, scores = mixed.voices, mixed.scores
    head = np.argsort(-scores, kind="stable")[:HEAD].tolist()
    rivals = scores.copy()
    rivals[head] = 0.0
    slots = [found.slots.get(product_id, -1) for product_id in product_ids]
    learned = [slot >= 0 and rivals[slot] > 0.0 for slot in slots]
    if not any(learned):
        return [Contrast([], 0.0, [])] * len(slots)
    logarithms = _logarithms(found, mixed.linear)
    expected = logarithms @ rivals / rivals.sum()
    sources = len(found.sources)
    against = [
        (logarithms[:, slot] - expected).tolist() if some else [0.0]
        for slot, some in zip(slots, learned, strict=True)
    ]
    return [Contrast(one[1 : 1 + sources], one[0], one[1 + sources :]) for one in against]


def _logarithms(found: Voices, linear: np.ndarray) -> np.ndarray:
    """Of the linear pool, of each source, and of the reach, (1 + sources + 2) x products."""
    of_shares = len(found.sources) + 1
    logarithms = np.empty((of_shares + len(found.reach), len(linear)))
    np.add(linear, LEAST_SHARE, out=logarithms[0])
    np.add(found.shares, LEAST_HELD, out=logarithms[1:of_shares])
    np.log(logarithms[:of_shares], out=logarithms[:of_shares])
    logarithms[of_shares:] = found.reach
    return logarithms


def _pooled(
    linear: np.ndarray, logarithms: np.ndarray, pool: Pool, sources: list[Source]
) -> np.ndarray:
    """The logarithmic pool, over the products that are held."""
    of_sources = (pool.exponents.get(source, 0.0) for source in sources)
    exponents = [pool.power, *of_sources, *(pool.of_reach or NOTHING)]
    powers: np.ndarray = np.array(exponents) @ logarithms
    powers -= powers.max()
    np.exp(powers, out=powers)
    powers *= linear > 0.0
    powers /= powers.sum()
    return powers


def ordered(mixed: Mixed) -> Iterator[tuple[str, float]]:
    """Each product that a source holds with its probability, the most probable first."""
    products = list(mixed.voices.slots)
    order = np.argsort(-mixed.scores, kind="stable")
    scores = mixed.scores[order].tolist()
    return ((products[slot], score) for slot, score in zip(order.tolist(), scores, strict=True))


def best(mixed: Mixed, wanted: Callable[[str], bool]) -> Iterator[tuple[str, float]]:
    """The same of the wanted products, as many as are asked for."""
    return (one for one in ordered(mixed) if one[1] > 0.0 and wanted(one[0]))


def explained(
    mixed: Mixed, tastes: Tastes, ranks: Iterable[tuple[str, float]]
) -> Iterator[tuple[str | None, str, Source, float]]:
    """Before each product and its probability the touched product that speaks for it; and its source.

    The source is the one that gives most to the linear pool, of equals the first in their order.
    """
    slots, sources = mixed.voices.slots, mixed.voices.sources
    loudest = mixed.parts.argmax(axis=0).tolist() if sources else []
    reasons = taste.reasons(tastes)
    for product_id, score in ranks:
        slot = slots[product_id]
        source, reason = sources[loudest[slot]], None
        if source is TOGETHER or source is ALIKE:
            reason = reasons[slot]
        elif source is CONTENT:
            reason = taste.kin_reason(tastes, product_id)
        yield reason, product_id, source, score
