"""The quality of candidates by day, counted at one key as members' touches judge their lists.

Hit rate and mean reciprocal rank stand beside those of what all touch and of item-kNN, judged by the same
touches. How many different products were offered and touched is estimated by linear counting (Whang et al.,
TODS 1990): a product sets one of `BITS` bits, and n = -m ln(share of bits that are still clear).

A day's figures are said every `SAID_EVERY` lists, and once more when the first word of a later day comes;
what comes for an earlier day then counts to the day that is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from math import log
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, Tables, become
from agents.calendar import DAY
from agents.candidates.judging import MODEL
from schemas.candidates import (
    Answer,
    CandidatesAnswered,
    CandidatesMeasured,
    ListJudged,
    Source,
    SourceAnswers,
)

SAID_EVERY = 200
BITS = 16_384


class Sums(Struct, array_like=True):
    """A day's sums over judged lists; of candidates `offered` in all, `popular` and `unpopular` ones."""

    lists: int = 0
    hits: int = 0
    reciprocals: float = 0.0
    popular_hits: int = 0
    popular_reciprocals: float = 0.0
    diversity: float = 0.0
    offered: int = 0
    popular: int = 0
    unpopular: int = 0
    knn_hits: int = 0
    knn_reciprocals: float = 0.0


class Quality(Struct):
    """The open day: its number since 1970, sums, products seen as bits, and answers by source and kind."""

    day: int = -1
    sums: Sums = field(default_factory=Sums)
    offered: bytes = b""
    touched: bytes = b""
    hits: dict[str, int] = field(default_factory=dict)
    answers: dict[str, dict[str, int]] = field(default_factory=dict)


def react(
    state: Quality, event: ListJudged | CandidatesAnswered, _: Tables
) -> Iterator[CandidatesMeasured]:
    """Count it, and say how the day goes."""
    day = event.occurred_at // DAY
    if day > state.day:
        if state.day >= 0:
            yield measured(state, event.occurred_at)
        become(state, Quality(day=day))
    match event:
        case ListJudged():
            _judged(state, event)
            if state.sums.lists % SAID_EVERY == 0:
                yield measured(state, event.occurred_at)
        case CandidatesAnswered():
            of = state.answers.setdefault(event.answer, {})
            for source in event.sources:
                of[source] = of.get(source, 0) + 1
        case _:
            assert_never(event)


def _judged(state: Quality, event: ListJudged) -> None:
    sums = state.sums
    sums.lists += 1
    if event.rank is not None and event.source is not None:
        sums.hits += 1
        sums.reciprocals += 1 / event.rank
        state.hits[event.source] = state.hits.get(event.source, 0) + 1
    if event.popular_rank is not None:
        sums.popular_hits += 1
        sums.popular_reciprocals += 1 / event.popular_rank
    if event.knn_rank is not None:
        sums.knn_hits += 1
        sums.knn_reciprocals += 1 / event.knn_rank
    sums.diversity += event.diversity
    sums.offered += len(event.offered)
    sums.popular += event.popular
    sums.unpopular += event.unpopular
    state.offered = seen(state.offered, event.offered)
    state.touched = seen(state.touched, event.touched)


def seen(bits: bytes, marks: Iterable[int]) -> bytes:
    """The bits with those of some products set; empty: none is."""
    found = bytearray(bits or bytes(BITS // 8))
    for one in marks:
        place = (one * 2_654_435_761 & 0xFFFF_FFFF) * BITS >> 32  # Knuth: marks are not even enough
        found[place // 8] |= 1 << place % 8
    return bytes(found)


def different(bits: bytes) -> int:
    """How many different products set these bits, estimated.

    >>> different(b""), different(seen(b"", range(1_000)))
    (0, 1032)
    """
    clear = BITS - int.from_bytes(bits, "little").bit_count()
    return round(-BITS * log(max(clear, 1) / BITS))


def measured(state: Quality, at: int) -> CandidatesMeasured:
    """The open day's figures as they are now."""
    sums = state.sums
    lists, offered = sums.lists or 1, sums.offered or 1
    return CandidatesMeasured(
        model=MODEL,
        occurred_at=at,
        day=_name(state.day),
        lists=sums.lists,
        hit_rate=sums.hits / lists,
        mrr=sums.reciprocals / lists,
        popular_hit_rate=sums.popular_hits / lists,
        popular_mrr=sums.popular_reciprocals / lists,
        offered_products=different(state.offered),
        touched_products=different(state.touched),
        diversity=min(1.0, sums.diversity / lists),
        popularity_bias=sums.popular / offered,
        novelty=sums.unpopular / offered,
        sources=list(_sources(state)),
        knn_hit_rate=sums.knn_hits / lists,
        knn_mrr=sums.knn_reciprocals / lists,
    )


def _sources(state: Quality) -> Iterator[SourceAnswers]:
    for source in Source:
        counts = [state.answers.get(answer, {}).get(source, 0) for answer in COUNTED]
        hits = state.hits.get(source, 0)
        if hits or any(counts):
            shown, clicked, bought, dismissed = counts
            yield SourceAnswers(
                source=source,
                hits=hits,
                shown=shown,
                clicked=clicked,
                bought=bought,
                dismissed=dismissed,
            )


def _name(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()


COUNTED = (Answer.SHOWN, Answer.CLICKED, Answer.BOUGHT, Answer.DISMISSED)
OFFER_QUALITY: Agent[Any] = Agent(
    "offer-quality", Quality, frozenset({ListJudged, CandidatesAnswered}), react
)
