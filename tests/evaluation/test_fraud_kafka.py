"""Through Kafka, a worker process and its stores the same payments get the same scores."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyarrow import parquet

from evaluation import fraud_kafka, fraud_play
from evaluation.fraud_data import read
from tests.evaluation.payments_made import made, table

DELAY_DAYS = 1
NEAR = 0.01


@pytest.mark.timeout(600)
def test_the_same_through_kafka(tmp_path: Path, kafka: str, unique: str) -> None:
    """Every payment has its score; where an answer within an hour came in another order, nearly."""
    parquet.write_table(table(made(3, members=15, terminals=6)), tmp_path / "p.parquet")
    data = read(tmp_path / "p.parquet")
    here = fraud_play.live(data.payments, data.fraud, DELAY_DAYS, lambda _: None)
    there = fraud_kafka.live(
        data.payments, data.fraud, DELAY_DAYS, lambda _: None, bootstrap=kafka, prefix=unique
    )
    assert there.probabilities.keys() == here.probabilities.keys()
    both = [(here.probabilities[one], there.probabilities[one]) for one in here.probabilities]
    told = [(a, b) for a, b in both if a is not None and b is not None]
    assert len(told) > len(both) / 3
    near = sum(1 for a, b in told if abs(a - b) <= NEAR)
    assert near >= 0.95 * len(told)
    assert len(there.examples.payment_ids) == len(data.payments)
    assert len(there.nanoseconds) == len(data.payments)
