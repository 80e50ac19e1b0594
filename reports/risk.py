"""The report on a risk model's own quality: every variant and what else was measured, day by day.

All figures are prequential: what was said when a payment was made, against the label that came later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from reports import charts
from reports.page import Section, written
from sinks.postgres.model_queries import Quality

MEASURES: dict[str, str] = {
    "auc": "Area under the ROC curve",
    "average_precision": "Average precision",
    "precision_100": "Fraud among the day's 100 highest members",
    "brier": "Brier score (lower is better)",
}


class Summary(Struct, frozen=True):
    """A variant over all days of the report; means are over the days that have the figure."""

    variant: str
    champion: bool
    days: int
    payments: int
    frauds: int
    auc: float | None
    average_precision: float | None
    precision_100: float | None
    brier: float | None
    alerts_a_day: float
    alerts_confirmed: int
    drift_alarms: int


def summaries(days: Sequence[Quality]) -> list[Summary]:
    """One a variant, the champion of the last day first."""
    of: dict[str, list[Quality]] = {}
    for day in days:
        of.setdefault(day.variant, []).append(day)
    found = [_summary(variant, of[variant]) for variant in of]
    return sorted(found, key=lambda one: (not one.champion, one.variant))


def _summary(variant: str, days: Sequence[Quality]) -> Summary:
    def mean(of: Callable[[Quality], float | None]) -> float | None:
        values = [value for day in days if (value := of(day)) is not None]
        return sum(values) / len(values) if values else None

    return Summary(
        variant=variant,
        champion=days[-1].champion,
        days=len(days),
        payments=sum(day.payments for day in days),
        frauds=sum(day.frauds for day in days),
        auc=mean(lambda day: day.auc),
        average_precision=mean(lambda day: day.average_precision),
        precision_100=mean(lambda day: day.precision_100),
        brier=mean(lambda day: day.brier),
        alerts_a_day=sum(day.alerts for day in days) / len(days),
        alerts_confirmed=sum(day.alerts_confirmed for day in days),
        drift_alarms=sum(day.drift for day in days),
    )


def page(model: str, days: Sequence[Quality]) -> str:
    """The report as HTML, with a picture of each measure."""
    names = sorted({day.day for day in days})
    sections = [_figures(summaries(days))]
    sections += [
        Section(title, picture=charts.lines(names, _series(names, days, measure)))
        for measure, title in MEASURES.items()
    ]
    sections.append(_alerts(names, days))
    introduction = (
        f"Model {model}, payments of {names[0]} to {names[-1]}: what was said when they were made, "
        "against the labels that came later."
    )
    return written(f"How good the model {model} is", introduction, sections)


def _figures(found: Sequence[Summary]) -> Section:
    columns = ["variant", *Summary.__struct_fields__[1:]]
    rows = [[shown(getattr(one, name)) for name in columns] for one in found]
    return Section(
        "In figures", "Means over days.", columns=[c.replace("_", " ") for c in columns], rows=rows
    )


def _series(
    names: Sequence[str], days: Sequence[Quality], measure: str
) -> dict[str, list[float | None]]:
    of: dict[str, dict[str, float | None]] = {}
    for day in days:
        of.setdefault(day.variant, {})[day.day] = getattr(day, measure)
    return {variant: [found.get(name) for name in names] for variant, found in of.items()}


def _alerts(names: Sequence[str], days: Sequence[Quality]) -> Section:
    champion = {day.day: day for day in days if day.champion}
    drawn = charts.bars(
        names,
        {
            "alerts": [champion[n].alerts if n in champion else None for n in names],
            "confirmed": [champion[n].alerts_confirmed if n in champion else None for n in names],
        },
        "payments",
    )
    drifted = [day.day for day in days if day.drift]
    text = f"Drift alarm on {', '.join(drifted)}." if drifted else "No drift alarm."
    return Section("Payments in alerts", text, drawn)


def shown(value: object) -> object:
    """A figure as it is read: shares to three digits."""
    match value:
        case bool():
            return "yes" if value else ""
        case float():
            return f"{value:.3f}"
        case _:
            return value
