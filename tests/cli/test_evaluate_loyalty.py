"""`memberstream evaluate loyalty`: anybody's file, the figures as a table and as JSON, mistakes named."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from cli.main import app
from cli.trouble import Trouble
from evaluation.columns import UnusableFile, moment
from evaluation.loyalty_data import read

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def purchases() -> list[tuple[str, datetime, int, float]]:
    """Who, when, how many, at which price: some buy weekly, some monthly, some stop."""
    random = Random(4)
    found = []
    for number in range(60):
        day, every = random.uniform(0, 40), random.choice([7, 30, 90])
        ends = random.choice([60, 300])
        while day < ends:
            at = BEGIN + timedelta(days=day)
            found.append((f"m{number}", at, random.randint(1, 3), random.uniform(5, 50)))
            day += random.expovariate(1 / every) + 0.01
    return found


def as_csv(path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["member_id", "occurred_at", "amount"])
        for who, at, pieces, price in purchases():
            rows.writerow([who, at.strftime("%Y-%m-%d %H:%M:%S"), f"{pieces * price:.2f}"])
    return path


def as_parquet(path: Path) -> Path:
    who, at, pieces, prices = zip(*purchases(), strict=True)
    whole = [moment.replace(microsecond=0, tzinfo=None) for moment in at]
    cents = [round(n * p * 100) / 100 / n for n, p in zip(pieces, prices, strict=True)]
    columns = {"Customer": who, "When": whole, "Pieces": pieces, "Price": cents}
    parquet.write_table(pa.table(columns), path)
    return path


def run(*args: object) -> Any:
    return CliRunner().invoke(app, ["evaluate", "loyalty", *map(str, args)])


def test_figures_as_a_table_and_as_json(tmp_path: Path) -> None:
    """The same from a csv with the wanted names and from a parquet file with a map."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    asked = ("--horizon", "60d", "--cut", "2020-07-31")
    plain = run(as_csv(tmp_path / "shop.csv"), *asked, "--json", first)
    names = "member_id=Customer,occurred_at=When,amount=Pieces*Price"
    mapped = run(as_parquet(tmp_path / "shop.parquet"), *asked, "--map", names, "--json", second)
    assert (plain.exit_code, mapped.exit_code) == (0, 0), (plain.output, mapped.output)
    for words in ("memberstream", "recency", "bg nbd", "Calibration"):
        assert words in plain.stdout
    told = json.loads(first.read_text(encoding="utf-8"))
    again = json.loads(second.read_text(encoding="utf-8"))
    assert told["members"] == 60
    assert told["auc"] == pytest.approx(again["auc"], abs=0.01)
    assert told["brier"] == pytest.approx(again["brier"], abs=0.005)
    assert sum(one["members"] for one in told["calibration"]) == 60
    assert {"recency", "bg_nbd"} <= set(told["references"])
    assert told["cuts"][0]["cut"] == "2020-07-31"


def test_without_a_cut_every_week_is_foretold(tmp_path: Path) -> None:
    """Weeks in weeks out, also where the horizon is given in weeks."""
    found = run(as_csv(tmp_path / "shop.csv"), "--horizon", "26w", "--json", tmp_path / "f.json")
    assert found.exit_code == 0, found.output
    told = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert (told["horizon_days"], len(told["cuts"])) == (182, (300 - 182) // 7)
    assert "By week" in found.stdout


MISTAKES: list[tuple[str, list[str], str]] = [
    ("a horizon", ["--horizon", "90"], "no horizon"),
    ("a horizon of nothing", ["--horizon", "0d"], "no horizon"),
    ("a map", ["--map", "member"], "maps no column"),
    ("a map of nothing", ["--map", "member=who"], "no column member to map"),
    ("a column that is not there", ["--map", "amount=price"], "no column price"),
    ("a day", ["--cut", "soon"], "no moment"),
    ("a day too late", ["--cut", "2021-01-01"], "a cut can be from"),
]


@pytest.mark.parametrize(
    ("args", "words"), [row[1:] for row in MISTAKES], ids=[r[0] for r in MISTAKES]
)
def test_mistakes_are_named(tmp_path: Path, args: list[str], words: str) -> None:
    """A sentence, not a traceback; exit code 2."""
    found = run(as_csv(tmp_path / "shop.csv"), *args)
    assert isinstance(found.exception, Trouble)
    assert found.exception.exit_code == 2
    assert words in str(found.exception)


FILES = [
    ("no such file", None, "No such file"),
    ("nothing in it", "", "no column member_id"),
    (
        "a line too short",
        "member_id occurred_at amount\na 20200101\n",
        "has 2 columns, 3 are expected",
    ),
    ("no purchase", "member_id occurred_at amount\n", "holds no purchase"),
    ("no moment", "member_id occurred_at amount\na never 1.0\n", "'never' is no moment"),
    ("no amount", "member_id occurred_at amount\na 20200101 nan\n", "no amount"),
]


@pytest.mark.parametrize(("text", "words"), [row[1:] for row in FILES], ids=[r[0] for r in FILES])
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str | None, words: str) -> None:
    """What is wrong with it."""
    path = tmp_path / "shop.txt"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    found = run(path)
    assert isinstance(found.exception, Trouble)
    assert words in str(found.exception)


def test_text_with_blanks_returns_and_repeats(tmp_path: Path) -> None:
    """Known columns need no map; negative rows are left out; lines of one moment are one order."""
    path = tmp_path / "cdnow.txt"
    path.write_text(
        " customer_id  date number_of_cds  dollar_value\n"
        " 2 19970112  1   12.00\n 2 19970112  5   77.00\n 1 19970101  1   11.77\n"
        " 1 19970105  1   -3.00\n",
        encoding="utf-8",
    )
    found = read(path)
    assert [(o.member_id, o.amount_minor) for o in found.orders] == [("1", 1177), ("2", 8900)]
    assert [o.at for o in found.orders] == [moment("1997-01-01"), moment("1997-01-12")]
    assert found.negative == 1
    with pytest.raises(UnusableFile, match="Name it: --map member_id="):
        read(path, {"member_id": "who"})


def test_rows_that_cannot_be_used_are_counted_and_named(tmp_path: Path) -> None:
    """The others count; a row without a member, as a guest's, is no mistake."""
    path = as_csv(tmp_path / "shop.csv")
    with path.open("a", encoding="utf-8") as file:
        file.write("a,soon,1\nb,2020-02-01,much\n,2020-02-01,1\nc,2020-02-01\nd,2020-02-01,-4\n")
    whole = read(as_csv(tmp_path / "whole.csv"))
    found = read(path)
    assert found.orders == whole.orders
    assert (found.rows, found.bad_rows) == (whole.rows + 5, 3)
    assert (found.without_member, found.negative) == (1, 1)
    assert [one.column for one in found.bad_rows_named] == ["occurred_at", "amount", "(line)"]
    said = run(path, "--cut", "2020-07-01").output
    assert "3 of them left out" in said
    assert "'soon' is no moment" in said


@pytest.mark.parametrize(
    "name", ["noise.parquet", "noise.csv", "noise.tsv", "noise.txt", "noise.xls"]
)
def test_noise_is_no_list_of_purchases(tmp_path: Path, name: str) -> None:
    """Whatever the file calls itself."""
    (tmp_path / name).write_bytes(b"\x00\xff\xfe" * 500)
    found = run(tmp_path / name)
    assert isinstance(found.exception, Trouble)
    assert found.exception.exit_code == 2
