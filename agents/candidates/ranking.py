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
    """What the sources hold: a column for each product, its weight by each of `SOURCES`, and its reach.

    The sources' products stand one source after the other, as to close the gaps would cost as much as the
    sums: one that stands twice has all its weights in its first column, which `slots` tells, and none in the
    others.
    """

    products: list[str]
    slots: dict[str, int]
    weights: np.ndarray  # sources x products
    reach: np.ndarray  # logarithms, of late and ever, 2 x products


class Voices(NamedTuple):
    """What the sources say.

    `shares` has the probability of each product by each of the `sources`, sources x products; a source that
    holds nothing is not among them. `products`, `slots` and `reach` as they are held.
    """

    products: list[str]
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
    products = [*spoken, *kin, *owned, *trends.products]
    slots: dict[str, int] = {}
    at_first = list(map(slots.setdefault, products, range(len(products))))
    of_owned, of_trends = len(spoken) + len(kin), len(spoken) + len(kin) + len(owned)
    weights = np.zeros((len(SOURCES), len(products)))
    weights[_TOGETHER, : len(spoken)], weights[_ALIKE, : len(spoken)] = taste.voices(tastes)
    if kin:
        weights[_CONTENT, at_first[len(spoken) : of_owned]] = [weight for weight, _ in kin.values()]
    if owned:
        weights[_AGAIN, at_first[of_owned:of_trends]] = [_again(its, at) for its in owned.values()]
    if trends.products:
        weights[_TRENDING:, at_first[of_trends:]] = trends.shares_of_both()
    return Held(products, slots, weights, reached.of(products))


def voices(found: Held, purpose: Purpose, known: Collection[int]) -> Voices:
    """What the sources say for a purpose; `known` are the marks of all that was touched."""
    products, slots, weights, reach = found
    if purpose is Purpose.NOVEL:
        weights = weights * np.array([mark(product) not in known for product in products])
        weights[_AGAIN] = 0.0  # what was bought is nothing new
    wholes = weights.sum(axis=1)
    says = (wholes > 0.0).nonzero()[0]
    shares = weights[says] / wholes[says, None]
    return Voices(products, slots, [SOURCES[row] for row in says], shares, reach)


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


def best(mixed: Mixed, wanted: Callable[[str], bool]) -> Iterator[tuple[str, float]]:
    """Each wanted product that a source holds with its probability, the most probable first."""
    products = mixed.voices.products
    order = np.argsort(-mixed.scores, kind="stable")
    for slot, score in zip(order.tolist(), mixed.scores[order].tolist(), strict=True):
        if score <= 0.0:
            return
        if wanted(products[slot]):
            yield products[slot], score


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
        source, number = sources[loudest[slot]], 0
        if source is TOGETHER or source is ALIKE:
            number = reasons[slot]
        elif source is CONTENT:
            number = tastes.kin[product_id][1]
        yield taste.reason(tastes, number), product_id, source, score
