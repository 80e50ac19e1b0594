"""Models, their versions and quality; the columns are in the .sql file of the same name."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make them."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
