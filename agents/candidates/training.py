"""The mixture is learned at one key, and the weights come back to every partition of members.

`MIXING` learns from each example as it comes and publishes: quickly at first, later after a thousand
examples or a day. `MIXTURES` is the members stage's table with the last snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zlib import crc32

from msgspec import Struct, field

from agents import Agent, Place, Table, Tables
from agents.calendar import DAY
from agents.candidates.mixture import Weights, learn, situation
from schemas.candidates import (
    MixturePublished,
    MixtureWeights,
    Purpose,
    Silence,
    Source,
    TouchExplained,
)
from schemas.record import Outcome

MODEL = "candidates"
NAME = "mixtures"
PUBLISH_EXAMPLES = 1_000
SAMPLED = 4  # one touch in so many is an example
SAMPLED_LATER = 16  # of those soon after another, once `ENOUGH` examples are behind the mixture
ENOUGH = 2_000
OFTEN = (Silence.SECONDS, Silence.MINUTES)


class Mixing(Struct):
    """Weights by situation, and what happened since the last snapshot."""

    weights: dict[str, Weights] = field(default_factory=dict)
    examples: int = 0
    fresh: int = 0
    version: int = 0
    published_at: int = 0


def react(state: Mixing, event: TouchExplained, _: Tables) -> Iterator[MixturePublished]:
    """Learn, and publish when it is time."""
    weights = state.weights.setdefault(situation(event.purpose, event.silence), Weights())
    learn(weights, event.sources, event.shares)
    state.examples += 1
    state.fresh += 1
    if _due(state, event.occurred_at):
        state.version += 1
        state.fresh, state.published_at = 0, event.occurred_at
        yield MixturePublished(
            model=event.model,
            occurred_at=event.occurred_at,
            version=state.version,
            examples=state.examples,
            weights=[_told(name, its) for name, its in sorted(state.weights.items())],
        )


def _due(state: Mixing, at: int) -> bool:
    enough = min(PUBLISH_EXAMPLES, max(state.examples // 2, 1))
    return state.fresh >= enough or at - state.published_at >= DAY


def _told(name: str, weights: Weights) -> MixtureWeights:
    purpose, _, since = name.partition("/")
    ordered = sorted(weights.logits.items())
    return MixtureWeights(
        purpose=Purpose(purpose),
        silence=Silence(since),
        sources=[Source(source) for source, _ in ordered],
        logits=[logit for _, logit in ordered],
    )


MIXING: Agent[Any] = Agent("mixing", Mixing, frozenset({TouchExplained}), react)


class Mixtures(Struct):
    """Logits by situation and source, the snapshot's version (0: as assumed at first) and examples."""

    version: int = 0
    examples: int = 0
    logits: dict[str, dict[str, float]] = field(default_factory=dict)


def newest(tables: Tables) -> Mixtures:
    """The weights that mix now."""
    mixtures: Mixtures = tables[NAME]
    return mixtures


def drawn(event_id: str, since: Silence, tables: Tables) -> bool:
    """Whether this touch is an example: by its id, and seldom once much is known of its situation.

    Touches after a long silence are few and situations of their own, so they stay one in `SAMPLED`.
    """
    number = crc32(event_id.encode())
    if number % SAMPLED:
        return False
    much = since in OFTEN and newest(tables).examples >= ENOUGH
    return not (much and number % SAMPLED_LATER)


def hold(state: Mixtures, event: MixturePublished, _place: Place) -> Iterator[Outcome]:
    """Keep the newest."""
    if event.version > state.version:
        state.version, state.examples = event.version, event.examples
        state.logits = {
            situation(one.purpose, one.silence): dict(zip(one.sources, one.logits, strict=True))
            for one in event.weights
        }
    yield from ()


MIXTURES = Table(NAME, Mixtures, frozenset({MixturePublished}), hold)
