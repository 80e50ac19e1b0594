"""Lists are judged by the next touch, and counted by day beside what all touch."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

import pytest

from agents.calendar import DAY
from agents.candidates import exposure, judging, quality, training
from agents.candidates.exposure import BOUGHT_WITHIN, OPENED_MOST, Exposure
from agents.candidates.known import mark
from agents.candidates.mixture import Pool, situation
from agents.candidates.quality import OFFER_QUALITY, SAID_EVERY, different, seen
from agents.candidates.training import Mixtures
from agents.candidates.trends import Trends
from schemas.candidates import (
    Answer,
    Candidate,
    CandidatesAnswered,
    CandidatesMeasured,
    ListJudged,
    Purpose,
    Silence,
    Source,
)
from tests.agents.rows import Life


def candidate(product: str, reason: str | None = None) -> Candidate:
    return Candidate(
        product_id=product, source=Source.TOGETHER, reason_product_id=reason, score=0.1
    )


LIST = judging.listed([candidate("a", "r1"), candidate("b", "r1"), candidate("c", "r2")])
NOW = Trends(week={"b": 0.6, "hot": 0.3, "known": 0.1})


def judged(touched: list[str]) -> Iterator[ListJudged]:
    near = [mark(one) for one in ("z", "c", *(f"filler{n}" for n in range(18)), "late")]
    return judging.judge(LIST, 5, touched, lambda one: one != "known", NOW, near)


# What was touched, its rank on the list, the source, its rank among what all touch and may be offered, and
# among the first twenty of item-kNN.
ROWS = [
    (["b"], 2, Source.TOGETHER, 1, None),
    (["c", "a"], 1, Source.TOGETHER, None, 2),
    (["hot"], None, None, 2, None),
    (["elsewhere"], None, None, None, None),
    (["late", "z"], None, None, None, 1),
    (["late"], None, None, None, None),
]


@pytest.mark.parametrize(("touched", "rank", "source", "popular", "knn"), ROWS)
def test_a_touch_judges_the_lists(
    touched: list[str],
    rank: int | None,
    source: Source | None,
    popular: int | None,
    knn: int | None,
) -> None:
    """The first touched product on it counts; beside it what all touch at that moment, and item-kNN."""
    (said,) = judged(touched)
    assert (said.rank, said.source, said.popular_rank) == (rank, source, popular)
    assert said.knn_rank == knn
    assert said.diversity == pytest.approx(2 / 3)
    assert (said.popular, said.unpopular, len(said.offered)) == (1, 2, 3)


def test_who_does_not_judge() -> None:
    """What could not have been offered."""
    assert not list(judged(["known"]))


def test_the_sample_grows_thin() -> None:
    """Every touch at first; one in four and then in sixteen when much is known of its situation."""
    ids = [f"e{n}" for n in range(4_000)]
    known = {
        situation(Purpose.ANY, Silence.SECONDS): Pool(examples=4_000),
        situation(Purpose.ANY, Silence.MINUTES): Pool(examples=1_000),
        situation(Purpose.ANY, Silence.DAYS): Pool(examples=999),
    }
    to = {training.NAME: Mixtures(pools=known)}
    cases = (Silence.SECONDS, Silence.MINUTES, Silence.DAYS, Silence.STRANGER)
    drawn = [[one for one in ids if training.drawn(one, since, to)] for since in cases]
    assert [round(len(ids) / len(some)) for some in drawn] == [16, 4, 1, 1]


def word(
    at: int, rank: int | None, popular_rank: int | None = None, knn_rank: int | None = None
) -> ListJudged:
    return ListJudged(
        event_id=f"{at}",
        model=judging.MODEL,
        occurred_at=at,
        rank=rank,
        source=Source.ALIKE if rank else None,
        popular_rank=popular_rank,
        offered=[1, 2, 3, 4],
        touched=[9],
        diversity=0.5,
        popular=1,
        unpopular=2,
        knn_rank=knn_rank,
    )


def answers(at: int, answer: Answer, *sources: Source) -> CandidatesAnswered:
    return CandidatesAnswered(
        event_id=f"{answer}{at}",
        model=judging.MODEL,
        occurred_at=at,
        answer=answer,
        sources=list(sources),
    )


def test_a_day_is_said_when_the_next_begins() -> None:
    """Means over its lists; what is late counts to the day that is open."""
    life = Life(OFFER_QUALITY)
    assert not life.hear(
        word(DAY, 1, 2, 2), word(DAY + 1, 4), word(DAY + 2, None, 1), word(DAY + 3, None)
    )
    assert not life.hear(
        answers(DAY + 4, Answer.SHOWN, Source.ALIKE, Source.NEW),
        answers(DAY + 5, Answer.CLICKED, Source.ALIKE),
        answers(DAY - 6, Answer.BOUGHT, Source.ALIKE),
    )
    (day,) = life.hear(word(2 * DAY, 1))
    assert isinstance(day, CandidatesMeasured)
    assert (day.day, day.lists) == ("1970-01-02", 4)
    assert (day.hit_rate, day.mrr) == (0.5, (1 + 1 / 4) / 4)
    assert (day.popular_hit_rate, day.popular_mrr) == (0.5, (1 / 2 + 1) / 4)
    assert (day.knn_hit_rate, day.knn_mrr) == (1 / 4, (1 / 2) / 4)
    assert (day.diversity, day.popularity_bias, day.novelty) == (0.5, 0.25, 0.5)
    assert (day.offered_products, day.touched_products) == (4, 1)
    counts = {
        one.source: (one.hits, one.shown, one.clicked, one.bought, one.dismissed)
        for one in day.sources
    }
    assert counts == {Source.ALIKE: (2, 1, 1, 1, 0), Source.NEW: (0, 1, 0, 0, 0)}
    assert life.state.sums.lists == 1


def test_a_long_day_is_said_now_and_then() -> None:
    """As far as it has come."""
    life = Life(OFFER_QUALITY)
    said = life.hear(*(word(DAY + n, 1) for n in range(2 * SAID_EVERY)))
    assert [one.lists for one in said if isinstance(one, CandidatesMeasured)] == [
        SAID_EVERY,
        2 * SAID_EVERY,
    ]


@pytest.mark.parametrize("count", [10, 2_000, 20_000])
def test_different_products_are_estimated(count: int) -> None:
    """Within five percent, however often each is seen."""
    marks = [crc32(f"product-{n}".encode()) for n in range(count)]
    bits = seen(seen(b"", marks), marks[::2])
    assert different(bits) == pytest.approx(count, rel=0.05)
    assert len(bits) == quality.BITS // 8


def test_a_conversion_is_of_the_source_that_offered() -> None:
    """From showing to opening to buying, each once, within a week; the state is bounded."""
    state = Exposure()
    by_mark = dict(zip(LIST.marks, LIST.sources, strict=True))
    assert exposure.show(state, ["a", "x"], 0, by_mark) == ["TOGETHER", "UNKNOWN"]
    assert exposure.show(state, ["a"], 1) == ["TOGETHER"]  # the list has changed meanwhile
    assert exposure.click(state, "a", 2) == "TOGETHER"
    assert exposure.bought(state, ["a", "b"], 2 + BOUGHT_WITHIN) == ["TOGETHER"]
    assert exposure.bought(state, ["a"], 3) == []
    exposure.click(state, "x", 2)
    assert exposure.bought(state, ["x"], 3 + BOUGHT_WITHIN) == []
    for n in range(2 * OPENED_MOST):
        exposure.click(state, f"p{n}", n)
    assert len(state.opened) == OPENED_MOST
