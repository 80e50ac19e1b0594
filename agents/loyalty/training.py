"""The training stage's agent for loyalty: learns from each example as it becomes known, and publishes.

An example is scored before it is learned from, and the mean squared error of that goes out with the next
snapshot. Snapshots follow each other quickly at first, when each example changes much, and later after a
thousand examples or a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from agents import Agent, Tables
from agents.calendar import DAY
from agents.loyalty.features import NAMES, features
from agents.loyalty.model import Model, fade, learn
from schemas.loyalty import LoyaltyModelPublished, LoyaltyObserved

MODEL = "loyalty"
PUBLISH_EXAMPLES = 1_000
PUBLISH_AFTER = DAY


class Training(Struct):
    """The model, and what happened since its last snapshot (`fresh` examples, their squared errors)."""

    model: Model = field(default_factory=Model)
    version: int = 0
    published_at: int = 0
    fresh: int = 0
    squares: float = 0.0


def react(
    state: Training, event: LoyaltyObserved, _tables: Tables
) -> Iterator[LoyaltyModelPublished]:
    """Score, learn, and publish when it is time."""
    fade(state.model, event.occurred_at)
    said = learn(state.model, features(event.figures, event.horizon_days), event.bought)
    state.squares += (said - event.bought) ** 2
    state.fresh += 1
    if _due(state, event.occurred_at):
        yield _publish(state, event.model, event.occurred_at)


def _due(state: Training, at: int) -> bool:
    """After a thousand examples, at first after as many as there were before; or after a day."""
    enough = min(PUBLISH_EXAMPLES, max(state.model.examples // 2, 1))
    return state.fresh >= enough or at - state.published_at >= PUBLISH_AFTER


def _publish(state: Training, model: str, at: int) -> LoyaltyModelPublished:
    brier = state.squares / state.fresh
    state.version += 1
    state.published_at, state.fresh, state.squares = at, 0, 0.0
    return LoyaltyModelPublished(
        model=model,
        occurred_at=at,
        version=state.version,
        features=list(NAMES),
        weights=list(state.model.weights),
        examples=state.model.examples,
        bought=state.model.bought,
        brier=brier,
    )


LOYALTY_TRAINING: Agent[Any] = Agent(
    "loyalty-training", Training, frozenset({LoyaltyObserved}), react
)
