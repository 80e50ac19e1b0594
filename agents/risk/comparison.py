"""What each variant said when a payment was made, against the label when that came, by day of payment.

A day is measured once its labels have been quiet for a day, and again when a later one comes; what is
said of it is absolute, so the last one counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from agents.calendar import DAY
from agents.risk import drift, quality
from agents.risk.learners import Training
from agents.risk.quality import Day
from schemas.risk import ExampleLabelled, QualityMeasured, QualityReported

QUIET = DAY
DAYS_KEPT = 60


def compare(state: Training, example: ExampleLabelled) -> None:
    """Count what was said when it was paid; a day that is no longer kept stays as it is."""
    number = example.paid_at // DAY
    said = {one.name: one.value for one in example.challengers}
    if example.probability is not None:
        said[example.variant or state.champion] = example.probability
        if example.corrects is None:
            state.losses.add(drift.loss(example.probability, example.fraud))
    if not said or not _keep_day(state, number):
        return
    state.open_days[number] = state.now
    for name, probability in said.items():
        if name in state.variants:
            _count(state, name, number, probability, example)


def _keep_day(state: Training, number: int) -> bool:
    numbers = state.day_numbers
    if number in numbers:
        return True
    if len(numbers) == DAYS_KEPT and number < numbers[0]:
        return False
    numbers.append(number)
    numbers.sort()
    if len(numbers) > DAYS_KEPT:
        gone = numbers.pop(0)
        state.open_days.pop(gone, None)
        for name in state.variants:
            state.days.pop(_day_entry(name, gone), None)
    return True


def _count(
    state: Training, name: str, number: int, probability: float, example: ExampleLabelled
) -> None:
    entry = _day_entry(name, number)
    day = state.days.get(entry) or Day()
    if example.corrects is not None:
        day = quality.count(day, probability, example.corrects, alerted=example.alerted, times=-1)
    day = quality.count(day, probability, example.fraud, alerted=example.alerted)
    if not example.known:
        quality.rank_member(day, example.member_id, probability, example.fraud)
    state.days[entry] = day


def measure(state: Training, model: str, at: int) -> Iterator[QualityMeasured]:
    """Every day that has been quiet until `at`, for each variant that said something of it."""
    quiet = sorted(number for number, last in state.open_days.items() if last + QUIET <= at)
    drifted = bool(quiet) and state.losses.drifted()
    for number in quiet:
        del state.open_days[number]
        for name in state.variants:
            day = state.days.get(_day_entry(name, number))
            if day is not None and day.payments:
                alarm = drifted and name == state.champion and number == quiet[-1]
                yield _measured(state, model, name, number, day, alarm)


def _measured(
    state: Training, model: str, name: str, number: int, day: Day, drifted: bool
) -> QualityMeasured:
    measured = QualityMeasured(
        model=model,
        occurred_at=state.now,
        variant=name,
        champion=name == state.champion,
        version=state.variants[name].version,
        day=quality.day_name(number),
        payments=day.payments,
        frauds=day.frauds,
        auc=quality.auc(day),
        average_precision=quality.average_precision(day),
        precision_100=quality.precision_100(day),
        brier=quality.brier(day),
        alerts=day.alerts,
        alerts_confirmed=day.alerts_confirmed,
        drift=drifted,
    )
    figures = {"auc": measured.auc, "average_precision": measured.average_precision}
    figures |= {"precision_100": measured.precision_100, "brier": measured.brier}
    state.variants[name].metrics = {k: v for k, v in figures.items() if v is not None}
    return measured


def _day_entry(name: str, number: int) -> str:
    return f"{name}/{number}"


def passed_on(reported: QualityReported) -> QualityMeasured:
    """Another model's day, as it was reported: it stands beside the variants' own."""
    return QualityMeasured(
        model=reported.model,
        occurred_at=reported.occurred_at,
        variant=reported.variant,
        champion=False,
        version=0,
        day=reported.day,
        payments=reported.payments,
        frauds=reported.frauds,
        auc=reported.auc,
        average_precision=reported.average_precision,
        precision_100=reported.precision_100,
        brier=reported.brier,
    )
