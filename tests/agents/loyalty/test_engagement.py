"""Engagement in a score: each deed fades by half in twelve weeks, whatever came in which order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from schemas.engagement import CommentPosted, ProductLiked, ProductShared, ReviewWritten
from schemas.loyalty import LoyaltyScored
from tests.agents.loyalty.purchases_told import MEMBER, day, life, placed

HALF = 84  # days


def deed(kind: Any, number: float, **said: Any) -> Any:
    given = {"product_id": "p"} | said
    return kind(
        event_id=f"{kind.__name__}{number}", member_id=MEMBER, occurred_at=day(number), **given
    )


def review(number: float, rating: int, sentiment: float | None = None) -> Any:
    return deed(ReviewWritten, number, review_id=f"r{number}", rating=rating, sentiment=sentiment)


def scored(*deeds: Any, at: float = 2 * HALF) -> LoyaltyScored:
    """The score of an order after these deeds."""
    member = life()
    member.hear(*deeds)
    (said,) = member.hear(placed(at, "o"))
    assert isinstance(said, LoyaltyScored)
    return said


def test_nothing_said() -> None:
    """Sums are zero, means are not known."""
    said = scored()
    assert (said.recent_reviews, said.recent_likes, said.recent_shares, said.recent_comments) == (
        0,
    ) * 4
    assert (said.recent_rating, said.review_sentiment) == (None, None)


def test_each_kind_fades_by_half_in_twelve_weeks() -> None:
    """A deed of now counts one, of twelve weeks ago a half, of twice that a quarter."""
    said = scored(
        deed(ProductLiked, 0),
        deed(ProductShared, HALF),
        deed(CommentPosted, HALF, comment_id="c"),
        deed(ProductLiked, 2 * HALF),
    )
    assert said.recent_likes == pytest.approx(1.25)
    assert said.recent_shares == pytest.approx(0.5)
    assert said.recent_comments == pytest.approx(0.5)


def test_means_weigh_newer_reviews_more_in_any_order() -> None:
    """Stars and sentiment by hand: weights 1/4, 1/2, 1; a review without sentiment is not in its mean."""
    reviews = [review(0, 1, -1.0), review(HALF, 2), review(2 * HALF, 5, 0.5)]
    for order in permutations(reviews):
        said = scored(*order)
        assert said.recent_reviews == pytest.approx(1.75)
        assert said.recent_rating == pytest.approx((1 / 4 + 2 / 2 + 5) / 1.75)
        assert said.review_sentiment == pytest.approx((-1 / 4 + 0.5) / 1.25)
