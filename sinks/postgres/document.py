"""docs/tables.md, written from the declarations of the tables and of what fills them.

python -m sinks.postgres.document
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from schemas.samples import sample
from sinks.postgres.statements import ORIGIN
from sinks.postgres.tables import CLOSED_BOARDS, CLOSED_RANKS, CURSOR, METADATA, origin
from sinks.postgres.views import VIEWS, wanted

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
INTRODUCTION = """\
# The tables in Postgres

This page is written by `python -m sinks.postgres.document` from `sinks/postgres/tables.py` and
`views.py`; a test fails when it is not current.

Read through the schema `memberstream` (`MEMBERSTREAM_POSTGRES_SCHEMA`): it has a view for each table
of the version that is read, and `memberstream.current` says which that is (`memberstream_v1`, …).
Applications use the functions of `sinks/postgres/queries.py`. One writer, the Postgres sink, fills the
tables: rows and cursors in one transaction. `memberstream views rebuild` makes the next version from the
log beside the running one and switches to it.

Positions (`log_partition`, `log_offset`) compare within a partition, and a key always lies in the same
one: newer overwrites older, never the other way round. A NUL character in a text, which Postgres
cannot hold, is shown as ␀.

Every row but those of `cursor` ends with its origin:
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, *_columns(origin())]
    fed = _fed_by()
    for table in METADATA.tables.values():
        parts.extend(_table(table, fed.get(table.name, [])))
    return "\n".join(parts) + "\n"


def _fed_by() -> dict[str, list[str]]:
    """Table → its topic, then the outcomes that give rows in it."""
    found: dict[str, list[str]] = {}
    for topic, records in wanted().items():
        for record in records:
            tables = {write.table.name for write, _ in VIEWS[record](sample(record))}
            for name in tables:
                found.setdefault(name, [topic]).append(f"`{record.__name__}`")
    for table in (CLOSED_BOARDS, CLOSED_RANKS):
        found[table.name] = found["board_closings"]
    return found


def _table(table: Table, fed: list[str]) -> Iterator[str]:
    key = ", ".join(f"`{column.name}`" for column in table.primary_key)
    yield f"\n## `{table.name}`\n\n{table.comment}\n\n- key: {key}"
    if fed:
        yield f"- from {fed[0]}: {', '.join(fed[1:])}"
    yield ""
    own = [column for column in table.columns if table is CURSOR or column.name not in ORIGIN]
    yield from _columns(own)


def _columns(columns: list[Column[object]]) -> Iterator[str]:
    yield "| column | type | holds |"
    yield "|---|---|---|"
    for column in columns:
        kind = column.type.compile(dialect=postgresql.dialect()).lower()  # type: ignore[no-untyped-call]
        short = kind.replace("timestamp with time zone", "timestamptz")
        null = ", may be null" if column.nullable else ""
        yield f"| `{column.name}` | {short}{null} | {column.comment} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
