"""The features of a product, and who bears each: one key a feature, in the stage where terms are.

A word of the name is the term that a search for it is; category, brand and price band have a prefix, so
that they are nobody's search. A feature keeps the newest `BEARERS_MOST` products that bear it, and counts
all: what very many bear says little, and weighs accordingly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import log2
from typing import Any

from msgspec import Struct, field

from agents import Agent, Tables
from agents.interests import TERM_LENGTH, normalised
from schemas.actions import ProductListed
from schemas.content import BearersTold, FeatureStated

WORDS_MOST = 8
WORD_LEAST = 3  # letters
BANDS = 2  # to a doubling of the price
BEARERS_MOST = 100
TOLD_MOST = 50
_WORD = re.compile(r"[^\W_]+")


def features(event: ProductListed) -> list[str]:
    """The terms of a product, each once: its longest words, which are mostly the rarest, then the rest.

    >>> features(ProductListed(event_id="e", product_id="p", occurred_at=0, name="The RED lamp, large",
    ...     category="Home", price_minor=1_000, currency="GBP"))
    ['large', 'lamp', 'red', 'the', 'category:home', 'price:GBP:19']
    """
    words = {word for word in _WORD.findall(normalised(event.name)) if len(word) >= WORD_LEAST}
    found = sorted(words, key=lambda word: (-len(word), word))[:WORDS_MOST]
    for kind, value in (("category", event.category), ("brand", event.brand)):
        if normalised(value):
            found.append(f"{kind}:{normalised(value)}"[:TERM_LENGTH].rstrip())
    if event.price_minor > 0:
        found.append(f"price:{event.currency}:{int(BANDS * log2(event.price_minor))}")
    return found


class Feature(Struct, array_like=True):
    """Who bears it, the newest last, and how many do in all."""

    products: list[str] = field(default_factory=list)
    bearers: int = 0


def react(state: Feature, event: FeatureStated, _tables: Tables) -> Iterator[BearersTold]:
    """Answer a product that bears it, then remember it; one that no longer does is forgotten."""
    known = event.product_id in state.products
    if known:
        state.products.remove(event.product_id)
    if not event.borne:
        state.bearers = max(len(state.products), state.bearers - 1)
        return
    state.bearers += not known
    yield BearersTold(
        product_id=event.product_id,
        occurred_at=event.occurred_at,
        term=event.term,
        product_ids=state.products[-TOLD_MOST:],
        bearers=state.bearers,
    )
    state.products.append(event.product_id)
    del state.products[:-BEARERS_MOST]


FEATURES: Agent[Any] = Agent("features", Feature, frozenset({FeatureStated}), react)
