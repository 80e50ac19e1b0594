"""What operators set in JSON: every field is one that is read, or the file is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.definitions import read_definition
from cli.trouble import Trouble
from schemas.segments import Segment
from schemas.tiers import TierRule

SEGMENT = {"name": "Regulars", "enters": "orders >= 4", "leaves": "orders < 3"}
TIERS = {
    "zone": "Europe/London",
    "tiers": [{"tier": "bronze", "earn_percent": 100, "threshold_points": 0}],
    "period": "MONTH",
    "periods": 6,
    "downgrade": "ONE_STEP",
}


def read(folder: Path, kind: Any, given: Any) -> Any:
    file = folder / "given.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    return read_definition(file, kind, "such thing", "Look it up.")


def test_what_is_right_is_read(tmp_path: Path) -> None:
    """Fields with a default may be missing."""
    assert read(tmp_path, Segment, SEGMENT).enters == "orders >= 4"
    assert read(tmp_path, Segment, {"name": "All", "enters": "true"}).leaves == ""
    assert read(tmp_path, TierRule, TIERS).tiers[0].tier == "bronze"


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        (Segment, {**SEGMENT, "leavs": "orders < 3"}, r"\$\.leavs"),
        (
            TierRule,
            {**TIERS, "tiers": [*TIERS["tiers"], {**TIERS["tiers"][0], "benefit": 3}]},  # type: ignore[misc,dict-item]
            r"\$\.tiers\[1\]\.benefit",
        ),
    ],
)
def test_a_misspelt_field_is_refused_with_its_place(
    tmp_path: Path, kind: Any, given: Any, field: str
) -> None:
    """It would be lost without a word, and the default would hold."""
    with pytest.raises(Trouble) as raised:
        read(tmp_path, kind, given)
    assert raised.match(field)
    assert raised.value.exit_code == 2
