"""How the sources are mixed: each says with which probability a product is the next one, and is weighed.

Two pools, one upon the other. The linear one is the sum over sources s of w_s p_s(x), with w = softmax of a
logit a source, over the sources that hold anything for this member: a product needs one source that is for
it. The logarithmic one (Genest and Zidek, Statistical Science 1986) is

    q(x) ~ p(x)^a * product over sources of (p_s(x) + 0.001)^b_s,    p: the linear pool,

so a product gains by what several sources say together. Two more factors say how many members the product
was new to, of late and ever (`reach.py`), each to a power of its own. It begins with a = 1 and all else 0,
where it is the linear one. There is a set of weights for each purpose and each length of silence, as what
was done seconds ago says much of what comes next, and little a day later.

Learned online by gradient. Of the linear pool on log p(x): the step of a logit is its source's part in the
truth less its weight, w_s p_s(x) / p(x) - w_s. Of the logarithmic one on log q(x): the step of an exponent is
the logarithm it belongs to at the truth, less what q expects of it over all that is held, both without the
first ten, which are found anyway (`ranking.contrasts`). Steps are scaled by AdaGrad (Duchi et al., JMLR
2011). An example needs two numbers a source, so members sends those and no list of candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, isfinite

from msgspec import Struct, field

from agents.calendar import DAY, HOUR
from schemas.candidates import Purpose, Silence, Source

RATE = 0.1
LEAST_SHARE = 1e-6  # of a product that a source does not hold: no example is impossible
LEAST_HELD = 1e-3  # the same in the logarithm of a source's probability
EXPONENT_MOST = 3.0
OF_SUM = ""  # beside the sources: the linear pool, of which the power is the exponent
OF_REACH = ("of late", "ever")
CONTRAST_MOST = 50.0  # no logarithm of a probability here is further from what was expected
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


class Pool(Struct, array_like=True):
    """Of one situation: a logit a source, the exponent of their sum and of each source, and examples."""

    logits: dict[str, float] = field(default_factory=dict)
    power: float = 1.0
    exponents: dict[str, float] = field(default_factory=dict)
    examples: int = 0
    of_reach: list[float] = field(default_factory=list)  # of late, and ever; none yet: no factor


class Weights(Struct, array_like=True):
    """What is learned of one situation, and the sums of squared gradients."""

    pool: Pool = field(default_factory=Pool)
    squares: dict[str, float] = field(default_factory=dict)
    exponent_squares: dict[str, float] = field(default_factory=dict)


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


def learn(
    weights: Weights,
    sources: list[Source],
    shares: list[float],
    contrasts: Sequence[float] = (),
    contrast_of_sum: float = 0.0,
    contrasts_of_reach: Sequence[float] = (),
) -> float:
    """One step towards the sources that held what was touched; returns what the linear pool had given it.

    `contrasts`: by how much the logarithms of what was touched are above those expected, of each source and
    of the linear pool, and those of its reach; nothing when there is nothing to learn of them. Raises
    `ValueError` for a share that is no probability, and for a contrast that can be none.
    """
    for share in shares:
        if not (isfinite(share) and 0.0 <= share <= 1.0):
            raise ValueError(f"A source says a product has the probability {share}.")
    for contrast in (*contrasts, contrast_of_sum, *contrasts_of_reach):
        if not abs(contrast) <= CONTRAST_MOST:
            raise ValueError(f"A product is said to be {contrast} likelier, as a logarithm.")
    pool = weights.pool
    now = weigh(pool.logits, sources)
    held = [share + LEAST_SHARE for share in shares]
    whole = sum(w * p for w, p in zip(now, held, strict=True))
    for source, w, p in zip(sources, now, held, strict=True):
        logit = pool.logits.get(source, PRIOR.get(source, 0.0))
        pool.logits[source] = logit + _step(weights.squares, source, w * p / whole - w, 1e-6)
    if contrasts:
        _tilt(weights, sources, contrasts, contrast_of_sum)
    if contrasts_of_reach:
        _tilt_by_reach(weights, contrasts_of_reach)
    pool.examples += 1
    return whole


def _tilt(
    weights: Weights, sources: list[Source], contrasts: Sequence[float], of_sum: float
) -> None:
    """One step of the exponents."""
    pool, squares = weights.pool, weights.exponent_squares
    pool.power = _bounded(pool.power + _step(squares, OF_SUM, of_sum, 1e-3))
    for source, slope in zip(sources, contrasts, strict=True):
        before = pool.exponents.get(source, 0.0)
        pool.exponents[source] = _bounded(before + _step(squares, source, slope, 1e-3))


def _tilt_by_reach(weights: Weights, contrasts: Sequence[float]) -> None:
    """The same of the exponents of the reach; one without a contrast stays."""
    pool, squares = weights.pool, weights.exponent_squares
    slopes = dict(zip(OF_REACH, contrasts, strict=False))
    before = pool.of_reach or [0.0] * len(OF_REACH)
    pool.of_reach = [
        _bounded(exponent + _step(squares, name, slopes[name], 1e-3))
        if name in slopes
        else exponent
        for exponent, name in zip(before, OF_REACH, strict=True)
    ]


def _step(squares: dict[str, float], name: str, slope: float, first: float) -> float:
    """By how much to go, when so much is the slope and `first` the sum of its squares before any."""
    square = squares.get(name, first) + slope * slope
    squares[name] = square
    step: float = RATE * slope / square**0.5
    return step


def _bounded(exponent: float) -> float:
    return max(-EXPONENT_MOST, min(EXPONENT_MOST, exponent))
