"""The pages say what is there: quoted code stands in its file, links lead somewhere, tables are current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

ROOT = Path(__file__).parent.parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
QUOTED = re.findall(
    r"^`([\w/]+\.py)`\n```python\n(.*?)```$",
    (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
LINKS = [
    pytest.param(page, target, id=f"{page.name}-{target}")
    for page in PAGES
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    if "://" not in target
]


@pytest.mark.parametrize(("path", "code"), QUOTED, ids=[code.split("\n")[0] for _, code in QUOTED])
def test_quoted_code_stands_in_its_file(path: str, code: str) -> None:
    """The worked example is the code itself."""
    assert code in (ROOT / path).read_text(encoding="utf-8")


def test_the_example_quotes_every_step() -> None:
    """Words, rows, behaviour, topology and view."""
    assert len(QUOTED) == 6


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_links_lead_somewhere(page: Path, target: str) -> None:
    """A file of this project."""
    assert (page.parent / target).exists()


def test_the_settings_page_is_current() -> None:
    """What `memberstream settings` prints; `make docs` writes it."""
    printed = CliRunner().invoke(app, ["settings"])
    assert printed.exit_code == 0
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == printed.stdout


@pytest.mark.parametrize(
    "path", ["agents", "streams", "sinks", "schemas", "audit", "replay", "local"]
)
def test_every_folder_is_on_the_map(path: str) -> None:
    """The README's map has every folder with code."""
    assert f"| `{path}/` |" in (ROOT / "README.md").read_text(encoding="utf-8")
