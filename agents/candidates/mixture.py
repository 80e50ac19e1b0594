"""How the sources are mixed: each says with which probability a product is the next one, and is weighed.

The probability of product x is the sum over sources s of w_s p_s(x), with w = softmax of a logit a source,
over the sources that hold anything for this member. There is a set of logits for each purpose and each
length of silence, as what was done seconds ago says much of what comes next, and little a day later.

Learned online by gradient on log p(x): the step of a logit is its source's part in the truth less its
weight, w_s p_s(x) / p(x) - w_s, scaled by AdaGrad (Duchi et al., JMLR 2011). An example needs a number a
source, so members sends those and no list of candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, isfinite

from msgspec import Struct, field

from agents.calendar import DAY, HOUR
from schemas.candidates import Purpose, Silence, Source

RATE = 0.1
LEAST_SHARE = 1e-6  # of a product that a source does not hold: no example is impossible
MINUTE = 60_000
SPANS = ((MINUTE, Silence.SECONDS), (HOUR, Silence.MINUTES), (DAY, Silence.HOURS))
PRIOR = {  # before anything was learned
    Source.TOGETHER: 1.0,
    Source.ALIKE: 0.5,
    Source.AGAIN: 0.5,
    Source.TRENDING_DAY: 0.0,
    Source.TRENDING_WEEK: 0.0,
    Source.CONTENT: -1.0,
}


class Weights(Struct, array_like=True):
    """Of one situation: a logit and a sum of squared gradients a source, and the examples behind them."""

    logits: dict[str, float] = field(default_factory=dict)
    squares: dict[str, float] = field(default_factory=dict)
    examples: int = 0


def silence(touched_at: int | None, at: int) -> Silence:
    """How long ago the last touch was; a clock that went back counts as no time.

    >>> silence(None, 5), silence(1_000, 500), silence(0, 3_600_001)
    (<Silence.STRANGER: 'STRANGER'>, <Silence.SECONDS: 'SECONDS'>, <Silence.HOURS: 'HOURS'>)
    """
    if touched_at is None:
        return Silence.STRANGER
    for longest, word in SPANS:
        if at - touched_at <= longest:
            return word
    return Silence.DAYS


def situation(purpose: Purpose, since: Silence) -> str:
    """The name of a set of weights."""
    return f"{purpose}/{since}"


def weigh(logits: Mapping[str, float], sources: list[Source]) -> list[float]:
    """The softmax over the sources that are there, in their order.

    >>> weigh({}, [Source.TRENDING_DAY, Source.TRENDING_WEEK])
    [0.5, 0.5]
    """
    if not sources:
        return []
    found = [logits.get(source, PRIOR.get(source, 0.0)) for source in sources]
    top = max(found)
    powers = [exp(logit - top) for logit in found]
    whole = sum(powers)
    return [power / whole for power in powers]


def learn(weights: Weights, sources: list[Source], shares: list[float]) -> float:
    """One step towards the sources that held what was touched; returns what the mixture had given it.

    Raises `ValueError` for a share that is no probability.
    """
    for share in shares:
        if not (isfinite(share) and 0.0 <= share <= 1.0):
            raise ValueError(f"A source says a product has the probability {share}.")
    now = weigh(weights.logits, sources)
    held = [share + LEAST_SHARE for share in shares]
    whole = sum(w * p for w, p in zip(now, held, strict=True))
    for source, w, p in zip(sources, now, held, strict=True):
        slope = w * p / whole - w
        square = weights.squares.get(source, 1e-6) + slope * slope
        logit = weights.logits.get(source, PRIOR.get(source, 0.0))
        weights.squares[source] = square
        weights.logits[source] = logit + RATE * slope / square**0.5
    weights.examples += 1
    return whole
