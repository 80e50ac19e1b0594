"""Lists as they are shown: what was hidden or sold out since they were said is left out."""

from __future__ import annotations

import pytest

from schemas.candidates import (
    AvailabilityChanged,
    Candidate,
    CandidatesChanged,
    NeighboursChanged,
    Source,
)
from schemas.topics import MODELS
from tests.sinks.redis_case import MOMENT, PARTITIONS, Views


@pytest.fixture
def views(redis: str, unique: str) -> Views:
    found = Views(redis, f"{unique}ms:")
    listed = CandidatesChanged(
        event_id="list",
        member_id="m",
        occurred_at=MOMENT,
        candidates=[
            Candidate(product_id=product, source=Source.NEW, score=0.5) for product in "abc"
        ],
        personal=True,
        degraded=False,
        version=1,
    )
    beside = NeighboursChanged(
        event_id="page",
        product_id="p",
        occurred_at=MOMENT,
        product_ids=["a", "b"],
        similar_ids=["b", "c"],
    )
    found.hear(listed)
    found.hear(beside, stage="products")
    return found


def told(views: Views, product: str, available: bool) -> None:
    """As it lies in the log: in every partition alike."""
    for partition in range(PARTITIONS):
        word = AvailabilityChanged(
            event_id=f"{product}-{available}",
            product_id=product,
            occurred_at=MOMENT,
            available=available,
        )
        views.hear(word, partition=partition, topic=MODELS)


def offered(views: Views) -> tuple[str, str, str]:
    candidates, page = views.queries.candidates("m"), views.queries.neighbours("p")
    assert candidates is not None
    assert page is not None
    listed = "".join(one.product_id for one in candidates.candidates)
    return listed, "".join(page.together), "".join(page.similar)


def test_what_is_gone_is_left_out_and_comes_back(views: Views) -> None:
    """In a member's list and on a product's page; the list itself stays as it was said."""
    assert offered(views) == ("abc", "ab", "bc")
    told(views, "b", False)
    assert offered(views) == ("ac", "a", "c")
    told(views, "a", False)
    told(views, "c", False)
    assert offered(views) == ("", "", "")
    told(views, "b", True)
    assert offered(views) == ("b", "b", "b")
    assert views.queries.unavailable() == {"a", "c"}


def test_a_partition_that_lags_brings_nothing_back(views: Views) -> None:
    """The first partition tells; the others say the same again, later."""
    gone, back = (
        AvailabilityChanged(event_id=f"{n}", product_id="b", occurred_at=n, available=bool(n))
        for n in (0, 1)
    )
    views.hear(gone, back, topic=MODELS)
    views.hear(gone, partition=1, topic=MODELS)
    assert offered(views) == ("abc", "ab", "bc")


def test_who_has_no_list_has_none(views: Views) -> None:
    told(views, "b", False)
    assert views.queries.candidates("nobody") is None
    assert views.queries.neighbours("nothing") is None
