"""The models' last snapshots: a broadcast table that every members partition holds whole.

A snapshot is plain data, weights by feature and bin, as `ModelPublished` brought it. The newest of each
variant is kept, and which variant decides. A partition scores with what it has heard so far; when that is
older than it should be, the score says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from agents import Place, StateMap, Table, Tables
from agents.calendar import DAY
from schemas.record import Outcome
from schemas.risk import ModelPublished

NAME = "models"
STALE_AFTER = 3 * DAY  # milliseconds of event time between publication and use
VARIANTS_MOST = 8


class Snapshot(Struct, frozen=True, array_like=True):
    """What a variant had learned at `published_at`: log-odds by feature and bin, and the base."""

    variant: str
    form: str
    version: int
    published_at: int
    examples: int
    base: float
    weights: dict[str, dict[int, float]]


class Models(Struct):
    """By model the variant that decides and all variants' names; snapshots by `model/variant`."""

    champions: dict[str, str] = field(default_factory=dict)
    variants: dict[str, list[str]] = field(default_factory=dict)
    snapshots: StateMap[Snapshot] = field(default_factory=StateMap)


def champion(tables: Tables, model: str) -> Snapshot | None:
    """The snapshot that decides; None before the first."""
    models: Models = tables[NAME]
    variant = models.champions.get(model)
    return None if variant is None else models.snapshots.get(_entry(model, variant))


def challengers(tables: Tables, model: str) -> Iterator[Snapshot]:
    """The newest snapshots of the other variants, by name."""
    models: Models = tables[NAME]
    for variant in models.variants.get(model, ()):
        if variant != models.champions.get(model):
            yield models.snapshots[_entry(model, variant)]


def stale(snapshot: Snapshot, at: int) -> bool:
    """True when the snapshot is older at this moment (milliseconds) than it should be."""
    return at - snapshot.published_at > STALE_AFTER


def react(state: Models, event: ModelPublished, place: Place) -> Iterator[Outcome]:
    """Keep the snapshot; nothing is said of it."""
    known = state.variants.get(event.model, [])
    if event.variant not in known:
        if len(known) == VARIANTS_MOST:
            return
        state.variants[event.model] = sorted([*known, event.variant])
    if event.champion:
        state.champions[event.model] = event.variant
    state.snapshots[_entry(event.model, event.variant)] = Snapshot(
        variant=event.variant,
        form=event.form,
        version=event.version,
        published_at=event.occurred_at,
        examples=event.examples,
        base=event.base,
        weights={
            one.feature: dict(zip(one.bins, one.weights, strict=True)) for one in event.features
        },
    )
    yield from ()


def _entry(model: str, variant: str) -> str:
    return f"{model}/{variant}"


MODELS = Table(
    name=NAME,
    initial=Models,
    listens_to=frozenset({ModelPublished}),
    react=react,
)
