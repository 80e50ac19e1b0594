"""Anybody's file of payments: what is taken, what is missing, what is left out and said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from evaluation.columns import UnusableFile
from evaluation.fraud_data import Payments, read
from tests.evaluation.payments_made import START, made, table

HEAD = "event_id,member_id,occurred_at,amount,label\n"
GOOD = "e0,m1,2018-04-01T00:00:00,10.50,0\n"


def of_text(tmp_path: Path, text: str, name: str = "payments.csv", **names: str) -> Payments:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read(path, names)


@pytest.mark.parametrize("name", ["payments.parquet", "payments.csv"])
def test_every_form_gives_the_same(tmp_path: Path, name: str) -> None:
    """Parquet and csv hold the same payments."""
    whole = table(made(5))
    if name.endswith(".csv"):
        csv.write_csv(whole, tmp_path / name)
    else:
        parquet.write_table(whole, tmp_path / name)
    found = read(tmp_path / name)
    assert found.bad_rows == 0
    assert len(found.payments) == whole.num_rows
    assert sum(found.fraud) == sum(whole["label"].to_pylist())
    first = found.payments[0]
    assert (first.payment_id, first.terminal_id) == ("e0", whole["terminal_id"][0].as_py())
    assert first.amount_minor == round(whole["amount"][0].as_py() * 100)
    assert first.occurred_at == made(5)["occurred_at"][0]


@pytest.mark.parametrize(
    ("row", "column", "why"),
    [
        ("e1,,2018-04-01,5,0", "member_id", "it is empty"),
        ("e1,m1,soon,5,0", "occurred_at", "'soon' is no moment"),
        ("e1,m1,,5,0", "occurred_at", "it is empty"),
        ("e1,m1,1522540831000000000,5,0", "occurred_at", "'1522540831000000000' is no moment"),
        ("e1,m1,2018-04-01,-5,0", "amount", "'-5' is no amount of zero or more"),
        ("e1,m1,2018-04-01,much,0", "amount", "'much' is no amount of zero or more"),
        ("e1,m1,2018-04-01,inf,0", "amount", "'inf' is no amount of zero or more"),
        ("e1,m1,2018-04-01,5,", "label", "it is empty"),
        ("e1,m1,2018-04-01,5,2", "label", "'2' is no label: 1 or 0"),
        ("e0,m1,2018-04-01,5,0", "event_id", "the id was there before"),
        ("e1,m1,2018-04-01,5", "(line)", "the line has 4 columns, 5 are expected"),
        (f"e1,{'m' * 200},2018-04-01,5,0", "member_id", "it has more than 128 characters"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, column: str, why: str) -> None:
    """Its number, its column and why; the others are taken all the same."""
    found = of_text(tmp_path, f"{HEAD}{GOOD}{row}\n{GOOD.replace('e0', 'e2')}")
    assert (found.rows, found.bad_rows) == (3, 1)
    (bad,) = found.bad_rows_named
    assert (bad.row, bad.column, bad.why.replace(".0'", "'")) == (2, column, why)
    assert [one.payment_id for one in found.payments] == ["e0", "e2"]


def test_moments_finer_than_ours(tmp_path: Path) -> None:
    """Nanoseconds, as other tools write them, are cut to the millisecond."""
    at = START * 1_000_000 + 1_999_999
    columns = {"member_id": ["m"], "occurred_at": pa.array([at], pa.timestamp("ns"))}
    path = tmp_path / "p.parquet"
    parquet.write_table(pa.table(columns | {"amount": [5.0], "label": [0]}), path)
    assert read(path).payments[0].occurred_at in (START + 1, START + 2)


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    """Which of them is meant is not guessed."""
    with pytest.raises(UnusableFile, match="more than one column amount"):
        of_text(tmp_path, "member_id,occurred_at,amount,amount,label\nm,2018-04-01,1,2,0\n")


def test_their_names(tmp_path: Path) -> None:
    """A bad row is named by the file's own column."""
    text = "who,when,paid,is_fraud\nm1,2018-04-01,5,yes\nm1,2018-04-02,?,no\n"
    names = {"member_id": "who", "occurred_at": "when", "amount": "paid", "label": "is_fraud"}
    found = of_text(tmp_path, text, **names)
    assert (found.bad_rows_named[0].row, found.bad_rows_named[0].column) == (2, "paid")
    assert found.payments[0].payment_id == "row-1"
    assert found.fraud == [True]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({}, "no column amount"),
        ({"amount": "cost"}, "has no column cost"),
        ({"price": "paid"}, "no column price to map"),
    ],
)
def test_a_wrong_map_says_what_there_is(tmp_path: Path, names: dict[str, str], said: str) -> None:
    """And how to name it."""
    with pytest.raises(UnusableFile, match=said):
        of_text(tmp_path, "member_id,occurred_at,paid,label\nm,2018-04-01,5,0\n", **names)


def test_a_public_data_set_needs_no_map(tmp_path: Path) -> None:
    """Its columns are known."""
    head = "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD\n"
    found = of_text(tmp_path, head + "7,2018-04-01 00:00:31,596,3156,57.16,0\n")
    assert found.payments[0].member_id == "596"
    assert found.payments[0].amount_minor == 5_716


def test_without_terminal_and_card(tmp_path: Path) -> None:
    """What is not there is not known."""
    found = of_text(tmp_path, HEAD + GOOD)
    payment = found.payments[0]
    assert payment.terminal_id is payment.card is payment.device is None
    assert payment.numbers == []


def test_missing_values_are_missing(tmp_path: Path) -> None:
    """An empty number or token is left away, and counted; zero is zero."""
    text = (
        "member_id,occurred_at,amount,label,distance,card\n"
        "m1,2018-04-01,5,0,0,c1\nm1,2018-04-02,5,0,,\nm1,2018-04-03,5,0,NaN,c1\n"
    )
    found = of_text(tmp_path, text)
    assert [[n.value for n in p.numbers] for p in found.payments] == [[0.0], [], []]
    assert [p.card for p in found.payments] == ["c1", None, "c1"]
    assert found.missing == {"card": 1, "distance": 2}
    assert found.numbers == ["distance"]


def test_a_number_that_cannot_be_read_is_missing(tmp_path: Path) -> None:
    """One word in a column of numbers does not cost the column."""
    rows = "".join(f"m1,2018-04-01,5,0,{n % 7}\n" for n in range(30))
    text = f"member_id,occurred_at,amount,label,distance\n{rows}m1,2018-04-02,5,0,far\n"
    found = of_text(tmp_path, text)
    assert found.numbers == ["distance"]
    assert found.missing == {"distance": 1}


def columns_beside(tmp_path: Path, **beside: list[Any]) -> Payments:
    whole = table(made(20) | beside)
    parquet.write_table(whole, tmp_path / "p.parquet")
    return read(tmp_path / "p.parquet")


def test_a_column_that_tells_the_label_is_left_out(tmp_path: Path) -> None:
    """The kind of a fraud is known when the fraud is; what merely helps is taken."""
    labels = made(20)["label"]
    found = columns_beside(
        tmp_path,
        scenario=[label * (1 + n % 3) for n, label in enumerate(labels)],
        lost=[5.0 + label for label in labels],
        hint=[label if n % 4 else 1 - label for n, label in enumerate(labels)],
    )
    assert found.numbers == ["hint"]
    assert set(found.left_out) == {"scenario", "lost"}
    assert "by itself" in found.left_out["scenario"]


def test_a_clock_and_words_are_no_numbers(tmp_path: Path) -> None:
    """A column that only rises with time, and one of words, are left out and said."""
    count = len(made(20)["label"])
    found = columns_beside(tmp_path, seconds=list(range(count)), note=["x"] * count)
    assert found.numbers == []
    assert set(found.left_out) == {"seconds", "note"}


@pytest.mark.parametrize("text", ["", HEAD, HEAD + ",,,,\n"])
def test_nothing_to_use_is_said(tmp_path: Path, text: str) -> None:
    """An empty file, a head alone, rows without a value."""
    with pytest.raises(UnusableFile):
        of_text(tmp_path, text)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    """By its name, with those that are read."""
    with pytest.raises(UnusableFile, match=r"neither \.parquet nor \.csv"):
        of_text(tmp_path, "x", name="payments.xlsx")


def test_rows_are_sorted_by_time(tmp_path: Path) -> None:
    """A file in any order is lived through in the order of time."""
    later = GOOD.replace("e0", "e1").replace("04-01", "05-01")
    found = of_text(tmp_path, HEAD + later + GOOD)
    assert [one.payment_id for one in found.payments] == ["e0", "e1"]


def test_the_label_is_no_feature(tmp_path: Path) -> None:
    """A payment is not scored by its own label; the sentence says what to do."""
    with pytest.raises(
        UnusableFile, match=r"amount and label are both the column label: .* Map amount to"
    ):
        of_text(tmp_path, HEAD + GOOD, amount="label")
