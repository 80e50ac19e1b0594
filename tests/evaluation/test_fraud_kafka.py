"""Through Kafka, a worker process and its stores the same payments get the same scores."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyarrow import parquet

from agents.risk.publication import First
from evaluation import fraud_kafka, fraud_play
from evaluation.fraud_agreement import agreement
from evaluation.fraud_data import read
from tests.evaluation.payments_made import made, table

DELAY_DAYS = 1
AT_ONCE = First(1, 1)


@pytest.mark.timeout(900)
def test_the_same_through_kafka(tmp_path: Path, kafka: str, unique: str) -> None:
    """Every payment gets the very probability that it has in process, by features that are the same.

    Members share terminals within the hour, labels and versions come between payments, and two partitions
    of each stage work side by side: what would differ by that is kept apart by the steps.
    """
    parquet.write_table(table(made(3, members=15, terminals=6)), tmp_path / "p.parquet")
    data = read(tmp_path / "p.parquet")
    here = fraud_play.live(data.payments, data.fraud, DELAY_DAYS, lambda _: None, first=AT_ONCE)
    there = fraud_kafka.live(
        data.payments,
        data.fraud,
        DELAY_DAYS,
        lambda _: None,
        first=AT_ONCE,
        bootstrap=kafka,
        prefix=unique,
    )
    payments = {payment.payment_id for payment in data.payments}
    assert there.probabilities.keys() == payments
    assert len(there.nanoseconds) == len(payments)
    assert sorted(there.examples.payment_ids) == sorted(payments)
    assert (there.versions, there.frauds, there.honest) == (here.versions, here.frauds, here.honest)
    found = agreement(there.probabilities, here.probabilities)
    assert found.alike == found.payments, found
    assert sum(one is not None for one in here.probabilities.values()) > len(payments) / 3
