"""`memberstream evaluate recommendations`: anybody's file, as a table and as JSON, mistakes named."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.trouble import Trouble


def run(*args: object) -> Any:
    return CliRunner().invoke(app, ["evaluate", "recommendations", *map(str, args)])


def touches(path: Path, head: str = "member_id,product_id,occurred_at") -> Path:
    """Thirty members, each in an aisle of six products."""
    random = Random(2)
    lines = [head]
    for member in range(30):
        aisle = member % 5
        for n, product in enumerate(random.sample(range(6), k=5)):
            lines.append(f"m{member},p{aisle}-{product},{1_600_000_000 + member * 60 + n}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("protocol", ["prequential", "last-item", "next-basket"])
def test_figures_as_a_table_and_as_json(tmp_path: Path, protocol: str) -> None:
    """The names that others read; all of them probabilities; what was chosen by hand is printed."""
    told = tmp_path / "told.json"
    file = touches(tmp_path / "shop.csv")
    done = run(file, "--protocol", protocol, "--k", 5, "--json", told)
    assert done.exit_code == 0, done.output
    for words in ("memberstream", "popularity", "item-kNN", "touches a second", "window 10"):
        assert words in done.stdout
    found = json.loads(told.read_text(encoding="utf-8"))
    for name in ("hit_rate", "mrr", "ndcg", "coverage", "diversity"):
        assert 0 <= found[name] <= 1
    assert found["events_per_second"] > 0
    assert found["k"] == 5
    assert found["references"]
    assert found["parameters"]["window"] == 10


def test_columns_are_mapped(tmp_path: Path) -> None:
    """Also with an option for each."""
    file = touches(tmp_path / "shop.csv", "who,what,when")
    names = ("--map", "member_id=who,product_id=what", "--map", "occurred_at=when")
    assert run(file, *names).exit_code == 0


def test_a_bad_row_is_named(tmp_path: Path) -> None:
    """By its number and column, and the rest is evaluated."""
    file = touches(tmp_path / "shop.csv")
    with file.open("a", encoding="utf-8") as lines:
        lines.write("m1,lamp,soon\n")
    done = run(file)
    assert "1 of them left out" in done.stdout
    assert "row 151, column occurred_at: 'soon' is no moment" in done.stdout


def test_a_mistake_is_a_mistake(tmp_path: Path) -> None:
    """No such column, no such protocol: said, with what there is."""
    done = run(touches(tmp_path / "shop.csv", "who,what,when"))
    assert isinstance(done.exception, Trouble)
    assert done.exception.exit_code == 2
    assert "Name it: --map" in done.exception.detail
    assert run(touches(tmp_path / "shop.csv"), "--protocol", "guess").exit_code == 2
