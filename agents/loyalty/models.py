"""The loyalty model's last snapshot: a broadcast table that every members partition holds whole."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from agents import Place, Table, Tables
from agents.loyalty.features import NAMES
from agents.loyalty.model import prior_weights
from schemas.loyalty import LoyaltyModelPublished
from schemas.record import Outcome

NAME = "loyalty-models"


class Published(Struct):
    """Weights in the order of `features.NAMES`, and their version; 0 is the prior."""

    version: int = 0
    weights: list[float] = field(default_factory=prior_weights)


def newest(tables: Tables) -> Published:
    """The snapshot that scores now."""
    published: Published = tables[NAME]
    return published


def react(state: Published, event: LoyaltyModelPublished, place: Place) -> Iterator[Outcome]:
    """Keep the newest; a feature that a snapshot of an older release lacks weighs nothing."""
    if event.version > state.version:
        weights = dict(zip(event.features, event.weights, strict=True))
        state.version = event.version
        state.weights = [weights.get(name, 0.0) for name in NAMES]
    yield from ()


LOYALTY_MODELS = Table(
    name=NAME,
    initial=Published,
    listens_to=frozenset({LoyaltyModelPublished}),
    react=react,
)
