"""The fraud score, evaluated through the agents: it finds what is there, late labels stay late."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from pyarrow import parquet

from agents.risk.publication import FIRST, First
from evaluation import fraud_reference
from evaluation.fraud import CannotEvaluate, Report, evaluate
from evaluation.fraud_data import Payments, read
from evaluation.fraud_play import DAY, live
from tests.evaluation.payments_made import START, made, table

DAYS = 40
FEWER_DAYS = 24
EARLY = First(10, 100)
CARDS = "MEMBERSTREAM_CARD_TRANSACTIONS"


def payments(tmp_path: Path, columns: dict[str, list[Any]]) -> Payments:
    path = tmp_path / "p.parquet"
    parquet.write_table(table(columns), path)
    return read(path)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    data = payments(tmp_path_factory.mktemp("made"), made(DAYS))
    return evaluate(data, 3, score_from=date(2018, 4, 21))


def test_it_finds_the_frauds(report: Report) -> None:
    """Thieves by the amount, bad terminals by their late labels; far above chance, and near the batch."""
    base = report.frauds / report.events
    assert report.auc is not None
    assert report.ap is not None
    assert report.auc > 0.8
    assert report.ap > 5 * base
    assert report.brier is not None
    assert report.brier < base * (1 - base)


def test_the_span_is_as_asked(report: Report) -> None:
    """Days of the span only; all payments are lived through."""
    assert (report.score_from, report.days) == ("2018-04-21", DAYS - 20)
    assert report.events < report.events_lived
    assert report.versions > 1
    assert report.milliseconds_p99 >= report.milliseconds_p50 > 0
    assert msgspec.json.decode(msgspec.json.encode(report))["events"] == report.events


def test_random_labels_teach_nothing(tmp_path: Path) -> None:
    """The control: with the labels dealt out at random the same evaluation finds nothing."""
    columns = made(FEWER_DAYS)
    Random(3).shuffle(columns["label"])
    chance = evaluate(payments(tmp_path, columns), 3, date(2018, 4, 12), reference_days=0)
    assert chance.auc == pytest.approx(0.5, abs=0.08)


def test_a_label_counts_only_when_it_comes(tmp_path: Path) -> None:
    """Labels that come after a payment change nothing of its score; those before do."""
    columns = made(14, members=30, terminals=20)
    cut = START + 10 * DAY
    late = columns | {
        "label": [
            1 - label if at > cut - 3 * DAY else label
            for at, label in zip(columns["occurred_at"], columns["label"], strict=True)
        ]
    }
    before = _said(payments(tmp_path, columns), cut)
    assert _said(payments(tmp_path, late), cut) == before
    early = columns | {"label": [1 - label for label in columns["label"]]}
    assert _said(payments(tmp_path, early), cut) != before


def _said(data: Payments, until: int) -> dict[str, float | None]:
    """Probabilities of payments up to a moment, with labels that come after three days."""
    said = live(data.payments, data.fraud, 3, lambda _: None, first=EARLY).probabilities
    return {p.payment_id: said[p.payment_id] for p in data.payments if p.occurred_at <= until}


def test_without_optional_columns(tmp_path: Path) -> None:
    """Without ids and terminals the member's side is left, and works; other numbers are features.

    A number that tells a part of the frauds helps, without anybody declaring it.
    """
    columns, random = made(FEWER_DAYS), Random(4)
    del columns["event_id"], columns["terminal_id"]
    plain = evaluate(payments(tmp_path, columns), 3, date(2018, 4, 12), reference_days=0)
    assert plain.auc is not None
    assert plain.auc > 0.57
    columns["distance"] = [
        random.uniform(40, 90) if label and random.random() < 0.7 else random.uniform(0, 50)
        for label in columns["label"]
    ]
    helped = evaluate(payments(tmp_path, columns), 3, date(2018, 4, 12), reference_days=0)
    assert helped.numbers == ["distance"]
    assert helped.ap is not None
    assert plain.ap is not None
    assert helped.ap > plain.ap + 0.05


@pytest.mark.skipif(not fraud_reference.there(), reason="LightGBM is an extra: [evaluation]")
def test_the_batch_model_stands_beside(report: Report) -> None:
    """Over the same payments, and a good yardstick itself."""
    batch = report.references["LightGBM, retrained every 7 days"]
    assert batch.auc is not None
    assert batch.auc > 0.8


def test_an_empty_span_is_said(tmp_path: Path) -> None:
    """With the days that there are."""
    data = payments(tmp_path, made(5))
    with pytest.raises(CannotEvaluate, match="2018-04-01 to 2018-04-05"):
        evaluate(data, 3, score_from=date(2019, 1, 1), reference_days=0, first=EARLY)
    with pytest.raises(CannotEvaluate, match="shorter --label-delay"):
        evaluate(data, 4, reference_days=0, first=First(1, 1))


def test_too_few_labels_are_said(tmp_path: Path) -> None:
    """Without a version there are no figures; how many it has seen, how many it takes, what to do."""
    data = payments(tmp_path, made(7))
    frauds = sum(data.fraud)
    honest = len(data.fraud) - frauds
    assert honest < FIRST.honest
    seen = f"from {frauds} frauds and {honest} honest payments, .* --first-honest"
    with pytest.raises(CannotEvaluate, match=seen):
        evaluate(data, 3, reference_days=0)
    found = evaluate(data, 3, date(2018, 4, 2), reference_days=0, first=EARLY)
    assert (found.frauds_learned, found.honest_learned) == (frauds, honest)
    assert 0 < found.without_model < found.events


@pytest.mark.skipif(
    CARDS not in os.environ,
    reason=f"{CARDS} names no file: the handbook's simulated cards may not be passed on",
)
@pytest.mark.timeout(3_600)
def test_the_handbooks_cards() -> None:
    """April is learned from, May is scored: the figures that the design is built on."""
    data = read(Path(os.environ[CARDS]))
    found = evaluate(data, 7, date(2018, 5, 1), date(2018, 5, 31), reference_days=0)
    assert found.ap_daily is not None
    assert found.auc is not None
    assert found.card_precision_100 is not None
    assert found.ap_daily >= 0.76
    assert found.auc >= 0.885
    assert found.card_precision_100 >= 0.30
