"""The words of engagement: what members say and share about products.

A review's text stays with the platform; what is open of it are its stars, its length and its sentiment.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from schemas.record import IDENTIFIER, Event, MemberAction, ProductId, doc

Characters = Annotated[int, doc("Length of the text in characters.", ge=0, le=100_000)]
Sentiment = Annotated[float, Meta(ge=-1.0, le=1.0)]


class ReviewWritten(MemberAction, frozen=True, kw_only=True):
    """A member reviewed a product."""

    review_id: Annotated[str, doc("The review, named by the platform.", **IDENTIFIER)]
    product_id: ProductId
    rating: Annotated[int, doc("Stars.", ge=1, le=5)]
    text_length: Characters = 0
    sentiment: Annotated[
        Sentiment | None,
        doc("Of the text, by the platform's model: -1 (bad) to 1 (good); none: not known."),
    ] = None


class CommentPosted(MemberAction, frozen=True, kw_only=True):
    """A member commented on a product or on a review of it."""

    comment_id: Annotated[str, doc("The comment, named by the platform.", **IDENTIFIER)]
    product_id: ProductId
    text_length: Characters = 0


class ProductLiked(MemberAction, frozen=True, kw_only=True):
    """A member marked a product as liked."""

    product_id: ProductId


class ProductShared(MemberAction, frozen=True, kw_only=True):
    """A member shared a product with others."""

    product_id: ProductId
    channel: Annotated[str, doc("Where to, in the platform's word.", max_length=100)] = ""


ENGAGEMENT_ACTIONS: tuple[type[Event], ...] = (
    ReviewWritten,
    CommentPosted,
    ProductLiked,
    ProductShared,
)
