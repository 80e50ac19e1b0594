"""The training stage's agent: champion and challengers learn from labelled examples, and are published.

One key is one model; its variants learn from the same examples, each at its own rate, and one of them
is the champion, which decides. Examples wait until there are some, or the hour is over, and are then
learned one by one in the order in which they became known, whichever partition was quicker: so the weights,
which every example moves, are stored once for many, and the same labels teach the same. Beside frauds that
come alone, earlier honest payments are learned again (`rehearsal.py`). Snapshots go out as plain data at the
end of an hour, after so many examples or so much event time, the first one when enough frauds and honest
payments are known. An operator can make another variant the champion, or go back to an earlier version: that
version then decides as it was, while learning goes on beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import assert_never

from agents import Agent, Tables, Woken
from agents.calendar import HOUR
from agents.risk.comparison import QUIET, compare, measure, passed_on
from agents.risk.features import heard
from agents.risk.learners import Example, Training, Variant, columns_of
from agents.risk.model import Column, binned, learn_binned, rehearse
from agents.risk.publication import FIRST, First, choose, due, publish
from agents.risk.rehearsal import owed
from schemas.record import Outcome
from schemas.risk import (
    ExampleLabelled,
    ModelChosen,
    ModelPublished,
    QualityReported,
    VersionPublished,
)

NAME = "training"
RATES = {"binned": 0.3, "quick": 0.9}  # variants by name; the first is the champion at first
LEARN_EXAMPLES = 200


def react(
    state: Training,
    event: ExampleLabelled | ModelChosen | QualityReported | Woken,
    tables: Tables,
    first: First,
) -> Iterator[Outcome]:
    """Learn, compare, publish; choose; measure the days that have become quiet."""
    state.now = max(state.now, event.occurred_at)
    _begin(state)
    match event:
        case ExampleLabelled():
            compare(state, event)
            _let_wait(state, event)
            if state.waiting_count >= LEARN_EXAMPLES:
                _learn(state)
        case ModelChosen():
            yield from choose(state, event)
        case QualityReported():
            yield passed_on(event)
        case Woken():
            if state.hour_ends_at is not None and state.hour_ends_at <= event.occurred_at:
                yield from _end_hour(state, event.key, first)
            yield from measure(state, event.key, event.occurred_at)
        case _:
            assert_never(event)


def wake_at(state: Training) -> int | None:
    """When the hour of the examples is over, or the first of the open days has been quiet enough."""
    moments = [last + QUIET for last in state.open_days.values()]
    if state.hour_ends_at is not None:
        moments.append(state.hour_ends_at)
    return min(moments, default=None)


def _begin(state: Training) -> None:
    for name, rate in RATES.items():
        if name not in state.variants:
            state.variants[name] = Variant.beginning(rate)
    state.champion = state.champion or next(iter(RATES))


# ---- learning --------------------------------------------------------------------------------------


def _let_wait(state: Training, example: ExampleLabelled) -> None:
    if state.hour_ends_at is None:
        state.hour_ends_at = (state.now // HOUR + 1) * HOUR
    state.waiting[_place(state.waiting_count)] = Example(
        heard(example.features),
        example.fraud,
        example.weight,
        example.paid_at,
        example.corrects,
        example.occurred_at,
        example.payment_id,
        example.probability,
    )
    state.waiting_count += 1


def _place(number: int) -> str:
    return f"{number:04d}"


def _end_hour(
    state: Training, model: str, first: First
) -> Iterator[ModelPublished | VersionPublished]:
    """Learn the rest, and publish what was learned if it is time."""
    state.hour_ends_at = None
    _learn(state)
    if due(state, first):
        yield from publish(state, model)


def _learn(state: Training) -> None:
    """From all that wait, by when they became known; of those at one moment by the payment's id."""
    examples = [state.waiting.pop(_place(number)) for number in range(state.waiting_count)]
    examples.sort(key=lambda example: (example.known_at, example.payment_id))
    state.waiting_count = 0
    held = {name: _held(state, name) for name in state.variants}
    for example in examples:
        bins = binned(example.features)
        for name, variant in state.variants.items():
            _learn_one(variant, held[name], example, bins)
        for earlier in owed(state, example, bins):
            for name, variant in state.variants.items():
                rehearse(variant.model, held[name], earlier)
    for name, its in held.items():
        columns_of(state.columns, name).update(its)


def _held(state: Training, variant: str) -> dict[str, Column]:
    """A variant's columns, each read once and stored once, for many examples."""
    columns = columns_of(state.columns, variant)
    return {name: columns[name] for name in state.variants[variant].model.features}


def _learn_one(
    variant: Variant, columns: dict[str, Column], example: Example, bins: dict[str, int]
) -> None:
    learn_binned(variant.model, columns, bins, example.fraud, example.weight, example.correction())
    variant.model.learned_until = max(variant.model.learned_until, example.paid_at)
    variant.fresh += 1


def training(first: First = FIRST) -> Agent[Training]:
    """The agent; `first` says what must have been learned from before there is a version."""
    return Agent(
        name=NAME,
        initial=Training,
        listens_to=frozenset({ExampleLabelled, ModelChosen, QualityReported}),
        react=partial(react, first=first),
        wake_at=wake_at,
    )


TRAINING: Agent[Training] = training()
