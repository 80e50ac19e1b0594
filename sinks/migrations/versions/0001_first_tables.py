"""The first tables; their columns are in the .sql file of the same name."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
