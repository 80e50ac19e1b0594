"""The words of content: products state their features, and learn which other products bear them too.

A feature is a word of the name, the category, the brand or the price band. Its key is a term of the stage
searches, where words lie as members search for them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.record import (
    Outcome,
    ProductId,
    ProductOutcome,
    SearchOutcome,
    Term,
    doc,
)

KinWeight = Annotated[float, Meta(ge=0.0)]


class FeatureStated(SearchOutcome, frozen=True, kw_only=True):
    """A product tells a feature that it bears it and asks who else does, or that it no longer does."""

    SAID_IN: ClassVar[str] = "products"
    KEPT: ClassVar[bool] = False
    product_id: ProductId
    borne: Annotated[bool, doc("False: no longer; no answer is wanted.")] = True


class BearersTold(ProductOutcome, frozen=True, kw_only=True):
    """A feature answers a product: who else bears it, and how many do in all."""

    SAID_IN: ClassVar[str] = "searches"
    KEPT: ClassVar[bool] = False
    term: Term
    product_ids: Annotated[list[str], doc("The newest others that bear it, the newest last.")]
    bearers: Annotated[int, doc("How many bear it, the asking one included.", ge=1)]


class KinMet(ProductOutcome, frozen=True, kw_only=True):
    """A product tells one that is like it that it is there."""

    KEPT: ClassVar[bool] = False
    kin_id: Annotated[ProductId, doc("The one that tells.")]
    weight: Annotated[float, doc("How alike they are; 0: no longer.", ge=0.0)]


class KinChanged(ProductOutcome, frozen=True, kw_only=True):
    """The products that are described most like this one; heard by its neighbours' agent alone."""

    KEPT: ClassVar[bool] = False
    kin_ids: Annotated[list[str], doc("The most alike first.")]
    weights: Annotated[list[KinWeight], doc("How alike each is.")]


CONTENT_OUTCOMES: tuple[type[Outcome], ...] = (FeatureStated, BearersTold, KinMet, KinChanged)
