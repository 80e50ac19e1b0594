"""Item-kNN beside candidates, judged by the same touches; see the .sql file of the same name."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make it."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
