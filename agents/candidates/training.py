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
from agents.candidates.mixture import Pool, Weights, learn, situation
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
SAMPLED = (
    (1_000, 1),
    (4_000, 4),
)  # below so many examples of a situation, one touch in so many is one
SAMPLED_LATER = 16


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
    learn(
        weights,
        event.sources,
        event.shares,
        event.contrasts,
        event.contrast_of_sum,
        event.contrasts_of_reach,
    )
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
    pool = weights.pool
    ordered = sorted(pool.logits.items())
    return MixtureWeights(
        purpose=Purpose(purpose),
        silence=Silence(since),
        sources=[Source(source) for source, _ in ordered],
        logits=[logit for _, logit in ordered],
        power=pool.power,
        exponents=[pool.exponents.get(source, 0.0) for source, _ in ordered if pool.exponents],
        examples=pool.examples,
        of_reach=pool.of_reach,
    )


MIXING: Agent[Any] = Agent("mixing", Mixing, frozenset({TouchExplained}), react)


class Mixtures(Struct):
    """Weights by situation, and the snapshot's version (0: as assumed at first)."""

    version: int = 0
    pools: dict[str, Pool] = field(default_factory=dict)


def newest(tables: Tables) -> Mixtures:
    """The weights that mix now."""
    mixtures: Mixtures = tables[NAME]
    return mixtures


def drawn(event_id: str, since: Silence, tables: Tables) -> bool:
    """Whether this touch is an example: each at first, seldom once much is known of its situation."""
    pool = newest(tables).pools.get(situation(Purpose.ANY, since))
    examples = 0 if pool is None else pool.examples
    every = next((every for below, every in SAMPLED if examples < below), SAMPLED_LATER)
    return crc32(event_id.encode()) % every == 0


def hold(state: Mixtures, event: MixturePublished, _place: Place) -> Iterator[Outcome]:
    """Keep the newest."""
    if event.version > state.version:
        state.version = event.version
        state.pools = {
            situation(one.purpose, one.silence): Pool(
                dict(zip(one.sources, one.logits, strict=True)),
                one.power,
                dict(zip(one.sources, one.exponents, strict=False)),
                one.examples,
                list(one.of_reach),
            )
            for one in event.weights
        }
    yield from ()


MIXTURES = Table(NAME, Mixtures, frozenset({MixturePublished}), hold)
