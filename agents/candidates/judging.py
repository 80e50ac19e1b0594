"""What a list was worth: at a member's next touch the last list is compared with what was touched.

A list is judged before anything is learned from the touch, so every figure is prequential. The touches that
judge are a sample: those that follow an answer which had item-kNN's list with it (`neighbours.py`). So two
others stand beside the list, of which the member could be offered as much: what all touch at the same
moment, and what stands nearest, by cosine, to the product that was touched before. A list is kept as marks
with the source of each candidate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct, field

from agents.candidates.known import mark
from agents.candidates.trends import Trends
from schemas.candidates import Answer, Candidate, CandidatesAnswered, ListJudged, Source

MODEL = "candidates"
POPULAR = 20


class Listed(Struct, array_like=True):
    """The last list: candidates by their marks, the source of each, and how different their reasons are."""

    marks: list[int] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    diversity: float = 0.0


def listed(candidates: Sequence[Candidate]) -> Listed:
    """A list as it is kept."""
    return Listed(
        [mark(one.product_id) for one in candidates],
        [one.source for one in candidates],
        diversity(candidates),
    )


def diversity(candidates: Sequence[Candidate]) -> float:
    """Chance that two candidates of a list have different reasons (Simpson, Nature 1949).

    A candidate without a product as its reason has its source as one.

    >>> lamp = Candidate(product_id="a", source=Source.TOGETHER, reason_product_id="lamp", score=0.5)
    >>> diversity([lamp, lamp]), diversity([lamp])
    (0.0, 0.0)
    """
    count = len(candidates)
    if count < 2:
        return 0.0
    reasons = Counter(one.reason_product_id or f"{one.source}" for one in candidates)
    alike = sum(times * (times - 1) for times in reasons.values())
    return 1.0 - alike / (count * (count - 1))


def judge(
    last: Listed,
    at: int,
    touched: Sequence[str],
    allowed: Callable[[str], bool],
    now: Trends,
    reference: Sequence[int],
) -> Iterator[ListJudged]:
    """Compare the last list with what is touched now; `allowed`: what the member could be offered.

    `reference`: the marks of item-kNN's list, without what could not be offered.
    """
    came = [product for product in touched if allowed(product)]
    if not came:
        return
    wanted = {mark(product) for product in came}
    rank = _rank(last.marks, wanted)
    popular = islice((one for one in now.week if allowed(one)), POPULAR)
    strongest = [mark(one) for one in now.week]
    top, known = set(strongest[:POPULAR]), set(strongest)
    yield ListJudged(
        model=MODEL,
        occurred_at=at,
        rank=rank,
        source=None if rank is None else Source(last.sources[rank - 1]),
        popular_rank=_rank([mark(one) for one in popular], wanted),
        offered=last.marks,
        touched=sorted(wanted),
        diversity=last.diversity,
        popular=sum(one in top for one in last.marks),
        unpopular=sum(one not in known for one in last.marks),
        knn_rank=_rank(reference[:POPULAR], wanted),
    )


def _rank(marks: Sequence[int], wanted: set[int]) -> int | None:
    """The first place, from 1, that holds one of the wanted."""
    return next((place for place, one in enumerate(marks, 1) if one in wanted), None)


def answered(answer: Answer, sources: Sequence[str], at: int) -> Iterator[CandidatesAnswered]:
    """What a member did with candidates, if there are any."""
    if sources:
        yield CandidatesAnswered(
            model=MODEL,
            occurred_at=at,
            answer=answer,
            sources=[Source(source) for source in sources],
        )
