"""A model's versions: when one is published, how it is kept, and which of them decides.

Frauds are known sooner than silence, so a model that has just begun has seen mostly fraud and suspects
everybody. Its first version goes out only after enough of both; until then rules decide alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from agents.calendar import HOUR
from agents.risk.features import FORM
from agents.risk.learners import Kept, Training, Variant, columns_of, kept_entry
from agents.risk.model import Snapshot, snapshot, told
from schemas.risk import ModelChoiceRefused, ModelChosen, ModelPublished, Number, VersionPublished

PUBLISH_EXAMPLES = 5_000
PUBLISH_AFTER = 12 * HOUR
VERSIONS_KEPT = 10


class First(NamedTuple):
    """What must have been learned from before the first version: payments of both kinds."""

    frauds: int = 30
    honest: int = 1_000

    def reached(self, frauds: int, honest: int) -> bool:
        """Whether so many are enough."""
        return frauds >= self.frauds and honest >= self.honest


FIRST = First()


def due(state: Training, first: First) -> bool:
    """Whether the champion has learned enough, or long enough ago, since its last version."""
    champion = state.variants[state.champion]
    if not champion.fresh:
        return False
    if not champion.version:
        learned = champion.model
        return first.reached(learned.frauds, learned.examples - learned.frauds)
    if champion.fresh >= PUBLISH_EXAMPLES:
        return True
    return state.now - champion.published_at >= PUBLISH_AFTER


def publish(state: Training, model: str) -> Iterator[ModelPublished | VersionPublished]:
    """A new version of every variant, kept and told."""
    for name, variant in state.variants.items():
        variant.version += 1
        variant.published_at, variant.fresh = state.now, 0
        made = snapshot(variant.model, columns_of(state.columns, name))
        state.kept[kept_entry(name, variant.version)] = _kept(variant, made)
        _let_go(state, name, variant.version)
        yield from _told(state, model, name)


def _let_go(state: Training, name: str, version: int) -> None:
    """The oldest version makes room, unless it decides."""
    oldest = version - VERSIONS_KEPT
    if (name, oldest) != (state.champion, state.pinned):
        state.kept.pop(kept_entry(name, oldest), None)


def _kept(variant: Variant, made: Snapshot) -> Kept:
    model = variant.model
    return Kept(
        variant.version, model.examples, model.frauds, model.learned_until, made.base, made.weights
    )


def _told(state: Training, model: str, name: str) -> Iterator[ModelPublished | VersionPublished]:
    """The variant's newest version, or the one that the champion is pinned to."""
    variant = state.variants[name]
    champion = name == state.champion
    version = state.pinned if champion and state.pinned is not None else variant.version
    kept = state.kept[kept_entry(name, version)]
    yield VersionPublished(
        model=model,
        occurred_at=state.now,
        variant=name,
        champion=champion,
        version=version,
        newest=variant.version,
        examples=kept.examples,
        frauds=kept.frauds,
        learned_until=kept.learned_until,
    )
    yield ModelPublished(
        model=model,
        occurred_at=state.now,
        variant=name,
        form=FORM,
        champion=champion,
        version=kept.version,
        examples=kept.examples,
        frauds=kept.frauds,
        learned_until=kept.learned_until,
        base=kept.base,
        features=told(kept.weights),
        metrics=[Number(name=one, value=value) for one, value in variant.metrics.items()],
    )


def choose(
    state: Training, chosen: ModelChosen
) -> Iterator[ModelPublished | VersionPublished | ModelChoiceRefused]:
    """Make the variant the champion, at its newest version or pinned to an earlier one."""
    reasons = list(_wrong(state, chosen))
    if reasons:
        yield ModelChoiceRefused(
            model=chosen.model,
            occurred_at=chosen.occurred_at,
            variant=chosen.variant,
            version=chosen.version,
            chosen_by=chosen.chosen_by,
            reasons=reasons,
        )
        return
    former = state.champion
    state.champion, state.pinned = chosen.variant, chosen.version
    for name in dict.fromkeys((former, chosen.variant)):
        yield from _told(state, chosen.model, name)


def _wrong(state: Training, chosen: ModelChosen) -> Iterator[str]:
    variant = state.variants.get(chosen.variant)
    if variant is None:
        yield f"There is no variant {chosen.variant}; there are {', '.join(state.variants)}."
    elif not variant.version:
        yield f"The variant {chosen.variant} was never published: it has learned too little yet."
    elif chosen.version and kept_entry(chosen.variant, chosen.version) not in state.kept:
        first = max(1, variant.version - VERSIONS_KEPT + 1)
        yield (
            f"Version {chosen.version} of {chosen.variant} is not kept: "
            f"choose one of {first} to {variant.version}."
        )
