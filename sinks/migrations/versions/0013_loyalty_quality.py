"""How good the chances of loyalty were, by week; the columns are in the .sql file of the same name."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    """Make it."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
