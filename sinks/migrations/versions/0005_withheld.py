"""Points that a verdict stopped, and who is hidden from boards; the columns are in the .sql file."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add them."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
