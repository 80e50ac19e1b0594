"""Candidates of members and of product pages, and how good they were; see the .sql file of the same name."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make it."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
