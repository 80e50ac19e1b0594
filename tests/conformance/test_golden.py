"""The golden records of alerts: current, readable for ever, and all that their page promises."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from agents.risk.rescoring import adds_up, rescore
from conformance.cases import GOLDEN, document
from schemas import codec
from schemas.risk import AlertClosed, AlertOpened, AlertOutcome, AlertSuppressed, AlertUpdated

CASES: list[dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
RECORDS = [record for case in CASES for record in case["records"]]
READABLE = [record for record in RECORDS if "type" in record]


def test_the_file_is_current() -> None:
    """Write it again with `python -m conformance.cases`."""
    assert GOLDEN.read_text(encoding="utf-8") == document()


@pytest.mark.parametrize("record", READABLE, ids=lambda record: record["type"])
def test_every_record_reads_as_it_says(record: dict[str, Any]) -> None:
    """Its bytes, its words, its key; and its score follows."""
    read = codec.decode(bytes.fromhex(record["value"]))
    assert isinstance(read, AlertOutcome)
    assert type(read).__name__ == record["type"]
    assert msgspec.to_builtins(read) == record["reads"]
    assert read.member_id == record["key"]
    assert read.contract_version == 1
    if isinstance(read, AlertOpened | AlertUpdated | AlertSuppressed):
        assert rescore(read.evidence) == read.evidence.score
        assert adds_up(read.evidence)


def test_what_cannot_be_read_cannot() -> None:
    """A later schema, no value, a broken record."""
    problems = []
    for record in RECORDS:
        if "type" not in record:
            value = record["value"]
            with pytest.raises(codec.Unreadable) as unreadable:
                codec.decode(None if value is None else bytes.fromhex(value))
            problems.append(unreadable.value.problem)
    assert len(problems) == 3


def test_every_word_and_every_end_is_in_it() -> None:
    """A consumer that passes has seen them all."""
    words = (AlertOpened, AlertUpdated, AlertSuppressed, AlertClosed)
    assert {record["type"] for record in READABLE} == {word.__name__ for word in words}
    ends = {record["reads"].get("end") for record in READABLE} - {None}
    assert ends == {"CONFIRMED", "CLEARED", "EXPIRED"}
    states = {one["state"] for case in CASES for one in case["expected"]}
    assert states == {"OPEN", *ends}
