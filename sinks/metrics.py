"""A view's figures for Prometheus, touched once a write and never labelled by member."""

from __future__ import annotations

import time

from prometheus_client import Counter, Gauge, Histogram

from schemas.candidates import CandidatesMeasured
from schemas.risk import QualityMeasured

VIEW = ["view"]
SECONDS_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

OUTCOMES = Counter("memberstream_view_outcomes_total", "Outcomes written", VIEW)
WRITE = Histogram(
    "memberstream_view_write_seconds", "One write, committed", VIEW, buckets=SECONDS_BUCKETS
)
LAG_RECORDS = Gauge("memberstream_view_lag_records", "Records the view has still to take", VIEW)
LAG_SECONDS = Gauge(
    "memberstream_view_lag_seconds",
    "Age of the newest record taken while more are waiting; 0 when none is",
    VIEW,
)
RECORDED_AT = Gauge("memberstream_view_recorded_at_seconds", "The view is as of this time", VIEW)
LEDGER_SUM = Gauge(
    "memberstream_ledger_sum", "Points over all accounts of all members: 0, or the ledger is broken"
)
MODEL_QUALITY = Gauge(
    "memberstream_model_quality",
    "Prequential quality of the newest measured day: auc, average_precision, precision_100, brier",
    ["model", "variant", "measure"],
)
MODEL_DRIFT = Gauge(
    "memberstream_model_drift",
    "1: the newest measured day gave a drift alarm",
    ["model", "variant"],
)
MODEL_ALERTS = Gauge(
    "memberstream_model_alerts",
    "Payments of the newest measured day in alerts",
    ["model", "variant"],
)

CANDIDATES_QUALITY = Gauge(
    "memberstream_candidates_quality",
    "Prequential quality of candidate lists, newest day: hit_rate, mrr, popular_hit_rate, popular_mrr, "
    "knn_hit_rate, knn_mrr, diversity, popularity_bias, novelty",
    ["measure"],
)
CANDIDATES_OFFERED = Gauge(
    "memberstream_candidates_offered_products", "Different products on lists of the newest day"
)
CANDIDATES_ANSWERED = Gauge(
    "memberstream_candidates_answered",
    "Candidates of the newest day by source and what members did: hits, shown, clicked, bought, "
    "dismissed",
    ["source", "answer"],
)


def candidates_measured(day: CandidatesMeasured) -> None:
    """A day of candidates was measured, as far as it has come."""
    for measure in (
        "hit_rate",
        "mrr",
        "popular_hit_rate",
        "popular_mrr",
        "knn_hit_rate",
        "knn_mrr",
        "diversity",
        "popularity_bias",
        "novelty",
    ):
        value = getattr(day, measure)
        if value is not None:
            CANDIDATES_QUALITY.labels(measure).set(value)
    CANDIDATES_OFFERED.set(day.offered_products)
    CANDIDATES_ANSWERED.clear()
    for of in day.sources:
        for answer in ("hits", "shown", "clicked", "bought", "dismissed"):
            CANDIDATES_ANSWERED.labels(of.source.value, answer).set(getattr(of, answer))


def model_measured(day: QualityMeasured) -> None:
    """A day of a model's variant was measured."""
    for measure in ("auc", "average_precision", "precision_100", "brier"):
        value = getattr(day, measure)
        if value is not None:
            MODEL_QUALITY.labels(day.model, day.variant, measure).set(value)
    MODEL_DRIFT.labels(day.model, day.variant).set(day.drift)
    MODEL_ALERTS.labels(day.model, day.variant).set(day.alerts)


class ViewMetrics:
    """One view's figures."""

    def __init__(self, view: str) -> None:
        self._outcomes = OUTCOMES.labels(view)
        self._write = WRITE.labels(view)
        self._lag_records = LAG_RECORDS.labels(view)
        self._lag_seconds = LAG_SECONDS.labels(view)
        self._recorded_at = RECORDED_AT.labels(view)

    def wrote(self, outcomes: int, seconds: float) -> None:
        """After each write."""
        self._outcomes.inc(outcomes)
        self._write.observe(seconds)

    def lags(self, records: int, recorded_at: int) -> None:
        """How many records wait, and when the newest one taken was recorded (milliseconds; 0: none)."""
        self._lag_records.set(records)
        if recorded_at:
            self._recorded_at.set(recorded_at / 1000)
        late = time.time() - recorded_at / 1000 if records and recorded_at else 0.0
        self._lag_seconds.set(max(0.0, late))
