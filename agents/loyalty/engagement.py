"""How much a member has lately said, liked and shared, and how content the reviews are.

A deed counts 2^(-age / 12 weeks), so it is half as much every twelve weeks; means of stars and of sentiment
weigh reviews the same way. Each sum is kept as of its newest deed, so a late one finds its place.
"""

from __future__ import annotations

from typing import TypedDict, assert_never

from msgspec import Struct

from schemas.engagement import CommentPosted, ProductLiked, ProductShared, ReviewWritten

HALF_LIFE = 12 * 7 * 86_400_000

Deed = ReviewWritten | CommentPosted | ProductLiked | ProductShared


class Faded(Struct, frozen=True, array_like=True):
    """A sum over deeds of 2^(-age / half-life), and of value times that, both as of the newest deed."""

    at: int = 0
    weight: float = 0.0
    worth: float = 0.0

    def with_deed(self, at: int, value: float = 1.0) -> Faded:
        """With a deed more.

        >>> Faded().with_deed(HALF_LIFE).with_deed(2 * HALF_LIFE).weight
        1.5
        """
        newest = max(self.at, at)
        mine, before = fade(newest - at), fade(newest - self.at)
        return Faded(newest, self.weight * before + mine, self.worth * before + value * mine)

    def weighed(self, at: int) -> float:
        """The weight at a moment."""
        return self.weight * fade(max(at - self.at, 0))

    @property
    def mean(self) -> float | None:
        """The mean of the values, newer ones weighing more; None without any."""
        return self.worth / self.weight if self.weight else None


class Engagement(Struct, frozen=True, array_like=True):
    """The sums of a member."""

    reviews: Faded = Faded()
    sentiments: Faded = Faded()
    comments: Faded = Faded()
    likes: Faded = Faded()
    shares: Faded = Faded()


class Figures(TypedDict):
    """The fields of `LoyaltyScored`."""

    recent_reviews: float
    recent_comments: float
    recent_likes: float
    recent_shares: float
    recent_rating: float | None
    review_sentiment: float | None


def engaged(known: Engagement, deed: Deed) -> Engagement:
    """With a deed more."""
    reviews, sentiments, comments, likes, shares = (
        known.reviews, known.sentiments, known.comments, known.likes, known.shares,
    )  # fmt: skip
    match deed:
        case ReviewWritten():
            reviews = reviews.with_deed(deed.occurred_at, deed.rating)
            if deed.sentiment is not None:
                sentiments = sentiments.with_deed(deed.occurred_at, deed.sentiment)
        case CommentPosted():
            comments = comments.with_deed(deed.occurred_at)
        case ProductLiked():
            likes = likes.with_deed(deed.occurred_at)
        case ProductShared():
            shares = shares.with_deed(deed.occurred_at)
        case _:
            assert_never(deed)
    return Engagement(reviews, sentiments, comments, likes, shares)


def figures(known: Engagement, at: int) -> Figures:
    """How it stands at a moment (milliseconds)."""
    return {
        "recent_reviews": known.reviews.weighed(at),
        "recent_comments": known.comments.weighed(at),
        "recent_likes": known.likes.weighed(at),
        "recent_shares": known.shares.weighed(at),
        "recent_rating": known.reviews.mean,
        "review_sentiment": known.sentiments.mean,
    }


def fade(age: int) -> float:
    """2^(-age / half-life), age in milliseconds."""
    return float(2.0 ** (-age / HALF_LIFE))
