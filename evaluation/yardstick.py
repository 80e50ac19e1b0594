"""A batch model's days, beside which the online model's stand: retrained every day on the same stream.

Gradient-boosted trees get the features of decision time and the labels that had come by the day's begin, and
say what they make of the day's payments. The day is then measured as the online model's days are, and told as
`QualityReported`. It is an extra: pip install 'memberstream[evaluation]'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import nan
from typing import Any, NamedTuple

from agents.risk import quality
from agents.risk.quality import Day
from evaluation.fraud_reference import LEAST_FRAUDS, PARAMETERS, ROUNDS
from schemas.risk import ExampleLabelled, QualityReported

DAY = 86_400_000
VARIANT = "batch"


class Learned(NamedTuple):
    """Examples as a table: a row each, a column a feature, NaN where it is missing."""

    table: Any
    frauds: Any
    labelled_at: Any
    paid_at: Any


def days(examples: Sequence[ExampleLabelled], last: int, now: int) -> Iterator[QualityReported]:
    """The last so many days of payments, each by a model of what was known when it began.

    `now` (milliseconds) is when they are reported. A day before which too few frauds were known is left out.
    """
    if not examples:
        return
    learned = _table(examples)
    newest = max(one.paid_at for one in examples) // DAY
    for number in range(newest - last + 1, newest + 1):
        places = [place for place, one in enumerate(examples) if one.paid_at // DAY == number]
        said = _said(learned, number * DAY, places) if places else None
        if said is not None:
            yield _reported(number, now, [examples[place] for place in places], said)


def _table(examples: Sequence[ExampleLabelled]) -> Learned:
    import numpy

    names = sorted({number.name for one in examples for number in one.features})
    places = {name: place for place, name in enumerate(names)}
    table = numpy.full((len(examples), max(1, len(names))), nan, dtype=numpy.float32)
    for row, one in enumerate(examples):
        for number in one.features:
            table[row, places[number.name]] = number.value
    return Learned(
        table,
        numpy.array([one.fraud for one in examples]),
        numpy.array([one.occurred_at for one in examples]),
        numpy.array([one.paid_at for one in examples]),
    )


def _said(learned: Learned, begin: int, places: Sequence[int]) -> list[float] | None:
    """Probabilities of the day's payments; None when too few frauds were known as it began."""
    import lightgbm

    known = (learned.labelled_at < begin) & (learned.paid_at < begin)
    if learned.frauds[known].sum() < LEAST_FRAUDS:
        return None
    data = lightgbm.Dataset(learned.table[known], learned.frauds[known])
    model = lightgbm.train(PARAMETERS, data, num_boost_round=ROUNDS)
    return [float(value) for value in model.predict(learned.table[list(places)])]


def _reported(
    number: int, now: int, examples: Sequence[ExampleLabelled], said: Sequence[float]
) -> QualityReported:
    day = Day()
    for one, probability in zip(examples, said, strict=True):
        day = quality.count(day, probability, one.fraud, alerted=False)
        if not one.known:
            quality.rank_member(day, one.member_id, probability, one.fraud)
    name = quality.day_name(number)
    return QualityReported(
        event_id=f"{examples[0].model}-{VARIANT}-{name}-{now}",
        model=examples[0].model,
        occurred_at=now,
        variant=VARIANT,
        day=name,
        payments=day.payments,
        frauds=day.frauds,
        auc=quality.auc(day),
        average_precision=quality.average_precision(day),
        precision_100=quality.precision_100(day),
        brier=quality.brier(day),
    )
