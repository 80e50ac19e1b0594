"""The mixture: weights that add up to one, learned towards the source that holds the truth."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.candidates.mixture import Weights, learn, silence, situation, weigh
from agents.candidates.training import MIXING, MIXTURES
from schemas.candidates import (
    MixturePublished,
    Purpose,
    Silence,
    Source,
    TouchExplained,
)
from tests.agents.rows import Life, table_of

SOURCES = [Source.TOGETHER, Source.ALIKE, Source.TRENDING_DAY, Source.TRENDING_WEEK]
DAY = 86_400_000


def explained(
    number: int,
    shares: list[float],
    at: int = 0,
    contrasts: Sequence[float] = (),
    of_reach: Sequence[float] = (),
) -> TouchExplained:
    return TouchExplained(
        event_id=f"e{number}",
        model="candidates",
        occurred_at=at,
        purpose=Purpose.NOVEL,
        silence=Silence.SECONDS,
        sources=SOURCES,
        shares=shares,
        contrasts=list(contrasts),
        contrast_of_sum=0.1 if contrasts else 0.0,
        contrasts_of_reach=list(of_reach),
    )


@given(
    st.dictionaries(st.sampled_from(SOURCES), st.floats(-50, 50)),
    st.lists(st.sampled_from(SOURCES), unique=True),
)
def test_weights_add_up_to_one(logits: dict[Source, float], sources: list[Source]) -> None:
    """Over the sources that are there; none is negative."""
    found = weigh({str(source): logit for source, logit in logits.items()}, sources)
    assert len(found) == len(sources)
    assert all(weight >= 0 for weight in found)
    assert not sources or sum(found) == pytest.approx(1.0)


@pytest.mark.parametrize("best", range(len(SOURCES)))
def test_the_source_that_holds_the_truth_wins(best: int) -> None:
    """Whichever it is; and what the mixture says of the truth rises."""
    random, weights = Random(best), Weights()
    said = []
    for _ in range(400):
        shares = [random.uniform(0, 0.02) for _ in SOURCES]
        shares[best] = random.uniform(0.1, 0.3)
        said.append(learn(weights, SOURCES, shares))
    final = weigh(weights.pool.logits, SOURCES)
    assert final[best] == max(final) > 0.6
    assert sum(said[-100:]) > 1.3 * sum(said[:100]) or best == 0
    assert weights.pool.examples == 400


def test_sources_that_hold_nothing_learn_nothing() -> None:
    """Equal shares are no reason to move."""
    weights = Weights()
    learn(weights, SOURCES, [0.1] * 4)
    assert weigh(weights.pool.logits, SOURCES) == pytest.approx(weigh({}, SOURCES))


@pytest.mark.parametrize("share", [nan, inf, -0.1, 1.5])
def test_what_is_no_probability_is_refused(share: float) -> None:
    """An overflow must not look like a hit."""
    with pytest.raises(ValueError, match="probability"):
        learn(Weights(), SOURCES, [0.1, share, 0.1, 0.1])


@pytest.mark.parametrize("contrast", [nan, inf, -inf, 51.0])
def test_what_is_no_difference_of_logarithms_is_refused(contrast: float) -> None:
    """Nor may one example throw the exponents."""
    with pytest.raises(ValueError, match="logarithm"):
        learn(Weights(), SOURCES, [0.1] * 4, [contrast, 0.0, 0.0, 0.0])


def test_exponents_follow_what_touches_had_more_of_than_expected() -> None:
    """Up where the truth is above what was expected, down where below, and never without bounds."""
    weights = Weights()
    for _ in range(3_000):
        learn(weights, SOURCES, [0.1] * 4, [1.0, -1.0, 0.0, 0.0])
    pool = weights.pool
    assert pool.power == 1.0
    assert pool.exponents == {SOURCES[0]: 3.0, SOURCES[1]: -3.0, SOURCES[2]: 0.0, SOURCES[3]: 0.0}


def test_exponents_are_published_with_the_logits() -> None:
    """And are none as long as no example had any."""
    life = Life(MIXING)
    without = life.hear(explained(1, [0.2, 0.1, 0.0, 0.0]))
    said = life.hear(
        explained(2, [0.2, 0.1, 0.0, 0.0], contrasts=[0.5, -0.5, 0.0, 0.0], of_reach=[1.0, -1.0])
    )
    pools = [
        table_of(MIXTURES, one).pools[situation(Purpose.NOVEL, Silence.SECONDS)]  # type: ignore[arg-type]
        for one in (without, said)
    ]
    assert pools[0].exponents == {}
    assert pools[0].power == 1.0
    assert pools[1].exponents[Source.TOGETHER] > 0 > pools[1].exponents[Source.ALIKE]
    assert pools[1].power > 1.0
    assert pools[0].of_reach == []
    assert pools[1].of_reach[0] > 0 > pools[1].of_reach[1]


def test_of_a_reach_without_a_contrast_nothing_is_learned() -> None:
    """As of a source that was not asked."""
    weights = Weights()
    learn(weights, SOURCES, [0.1] * 4, [0.0] * 4, 0.0, [2.0])
    of_late, ever = weights.pool.of_reach
    assert of_late > 0.0 == ever


ROWS = [
    (None, 5, Silence.STRANGER),
    (1_000, 1_000, Silence.SECONDS),
    (1_000, 500, Silence.SECONDS),
    (0, 60_000, Silence.SECONDS),
    (0, 60_001, Silence.MINUTES),
    (0, 3_600_000, Silence.MINUTES),
    (0, DAY, Silence.HOURS),
    (0, DAY + 1, Silence.DAYS),
]


@pytest.mark.parametrize(("before", "at", "word"), ROWS)
def test_silence(before: int | None, at: int, word: Silence) -> None:
    """Time that goes back counts as none."""
    assert silence(before, at) is word


def test_published_early_and_then_seldom() -> None:
    """Snapshots follow quickly at first; versions count up; the last is what the table holds."""
    life = Life(MIXING)
    published = [
        said
        for number in range(3_000)
        for said in life.hear(explained(number, [0.2, 0.1, 0.01, 0.01]))
        if isinstance(said, MixturePublished)
    ]
    assert [one.version for one in published] == list(range(1, len(published) + 1))
    assert published[0].examples == 1
    assert 8 < len(published) < 24
    table = table_of(MIXTURES, published)  # type: ignore[arg-type]  # broadcasts of ours
    newest = table.pools[situation(Purpose.NOVEL, Silence.SECONDS)]
    assert table.version == published[-1].version
    assert newest.examples == published[-1].examples
    assert newest.logits == dict(
        zip(published[-1].weights[0].sources, published[-1].weights[0].logits, strict=True)
    )


def test_a_day_is_long_enough() -> None:
    """A quiet shop hears of what was learned at least daily."""
    life = Life(MIXING)
    for number in range(100):
        life.hear(explained(number, [0.2, 0.1, 0.0, 0.0]))
    assert life.hear(explained(100, [0.2, 0.1, 0.0, 0.0], at=2 * DAY))


def test_an_older_snapshot_changes_nothing() -> None:
    """The newest holds, whatever is heard again."""
    life = Life(MIXING)
    said = [one for n in range(20) for one in life.hear(explained(n, [0.2, 0.1, 0.01, 0.01]))]
    forwards = table_of(MIXTURES, said)  # type: ignore[arg-type]  # broadcasts of ours
    assert table_of(MIXTURES, [*said, said[0]]) == forwards  # type: ignore[list-item]
