"""Which outcome of candidates goes into which table: pure functions from an outcome to rows."""

from __future__ import annotations

from schemas.candidates import CandidatesChanged, CandidatesMeasured, NeighboursChanged
from sinks.postgres.statements import Values, Write, json_text
from sinks.postgres.writes import CANDIDATE_QUALITY, CANDIDATES, PRODUCT_NEIGHBOURS

Row = tuple[Write, Values]


def candidates(event: CandidatesChanged) -> list[Row]:
    """candidates."""
    basis = event.personal, event.degraded, event.version
    return [(CANDIDATES, (event.member_id, *basis, json_text(event.candidates)))]


def neighbours(event: NeighboursChanged) -> list[Row]:
    """product_neighbours."""
    lists = json_text(event.product_ids), json_text(event.similar_ids)
    return [(PRODUCT_NEIGHBOURS, (event.product_id, *lists))]


def quality(event: CandidatesMeasured) -> list[Row]:
    """candidate_quality."""
    values = (
        event.model,
        event.day,
        event.lists,
        event.hit_rate,
        event.mrr,
        event.popular_hit_rate,
        event.popular_mrr,
        event.offered_products,
        event.touched_products,
        event.diversity,
        event.popularity_bias,
        event.novelty,
        json_text(event.sources),
        event.knn_hit_rate,
        event.knn_mrr,
    )
    return [(CANDIDATE_QUALITY, values)]
