"""A worker of two small stages: one learns and publishes models, the other hears them in its table.

For each `ModelChosen` the training stage publishes the next version of the model. Each members partition
keeps the versions that it heard and says at each how many those are, as the price of a gift that is named
after the partition: so the numbers of each must be 1, 2, 3 … whatever happened to the workers. On a search
a member's agent says as an alert which version it would score with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct, field

from agents import Agent, Place, Stage, Table
from schemas.actions import SearchMade
from schemas.outcomes import GiftPriced, MemberEnrolled
from schemas.record import Outcome
from schemas.risk import AlertClosed, ModelChosen, ModelPublished
from schemas.samples import sample
from streams.app import run, stage_specs
from streams.plan import Topology
from streams.settings import read_settings

STAGES = ("members", "training")
POISONED = 13  # the version at which the table raises


class Learned(Struct):
    """How often a model was published."""

    version: int = 0


def learn(state: Learned, event: ModelChosen, _tables: Any) -> Iterable[Outcome]:
    """Publishes the next version; `event.version`, where given, instead of it."""
    state.version = event.version or state.version + 1
    yield msgspec.structs.replace(
        sample(ModelPublished),
        event_id="",
        caused_by="",
        model=event.model,
        occurred_at=event.occurred_at,
        version=state.version,
    )


class Models(Struct):
    """The versions heard, in order."""

    versions: list[int] = field(default_factory=list)


def keep(state: Models, event: ModelPublished, place: Place) -> Iterable[Outcome]:
    """Keeps a version; the partition says how many it has."""
    state.versions.append(event.version)
    if event.version == POISONED:
        raise ValueError("an unlucky version")
    yield GiftPriced(
        product_id=f"partition-{place.partition}",
        occurred_at=event.occurred_at,
        effective_at=event.occurred_at,
        points=len(state.versions),
        available=True,
    )


class Alerts(Struct):
    """How many alerts were heard."""

    heard: int = 0


def warn(_state: Alerts, event: SearchMade, tables: Any) -> Iterable[Outcome]:
    """Says an alert that names the newest model."""
    versions = tables["models"].versions
    yield msgspec.structs.replace(
        sample(AlertClosed),
        event_id="",
        caused_by="",
        member_id=event.member_id,
        occurred_at=event.occurred_at,
        count=versions[-1] if versions else 0,
    )


def hear(state: Alerts, event: AlertClosed, _tables: Any) -> Iterable[Outcome]:
    """Answers an alert with how many it has heard."""
    state.heard += 1
    yield MemberEnrolled(
        member_id=event.member_id, occurred_at=event.occurred_at, country=f"alert {state.heard}"
    )


class Quiet(Struct):
    """Hears and says nothing."""

    heard: int = 0


def note(state: Quiet, _event: Any, _tables: Any) -> Iterable[Outcome]:
    """Counts."""
    state.heard += 1
    return ()


EARLIER = Agent("earlier", Quiet, frozenset({AlertClosed}), note)
WARN = Agent("warn", Alerts, frozenset({SearchMade}), warn)
LATER = Agent("later", Alerts, frozenset({AlertClosed}), hear)
LEARN = Agent("learn", Learned, frozenset({ModelChosen}), learn)
MODELS = Table("models", Models, frozenset({ModelPublished}), keep)
MEMBERS = Stage("members", "member_id", (EARLIER, WARN, LATER), (MODELS,))
TRAINING = Stage("training", "model", (LEARN,))


def learning(partitions: int, prefix: str = "") -> Topology:
    """Both stages; training has one partition less, so that nobody takes one for the other."""
    return Topology(
        (MEMBERS, TRAINING), {"members": partitions, "training": partitions - 1}, prefix
    )


if __name__ == "__main__":
    read = read_settings()
    both = dict.fromkeys(STAGES, read.partitions)
    run(read, stage_specs(Topology((MEMBERS, TRAINING), both, read.topic_prefix)))
