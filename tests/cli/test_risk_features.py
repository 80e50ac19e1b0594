"""The page of features is what the code declares."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.risk.features import FEATURES, ROLES
from cli.main import app

PAGE = Path(__file__).parent.parent.parent / "docs/features.md"


def test_the_page_is_current() -> None:
    """What `memberstream risk features` prints; `make docs` writes it."""
    printed = CliRunner().invoke(app, ["risk", "features"])
    assert printed.exit_code == 0
    assert PAGE.read_text(encoding="utf-8") == printed.stdout


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_is_on_the_page(name: str) -> None:
    """With its unit and meaning; those of tokens once for all roles."""
    page = PAGE.read_text(encoding="utf-8")
    names = {name, *(f"ROLE_{name.removeprefix(f'{role}_')}" for role in ROLES)}
    row = next(line for line in page.splitlines() if any(f"| `{one}` |" in line for one in names))
    assert FEATURES[name].unit in row
