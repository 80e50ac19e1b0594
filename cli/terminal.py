"""How the commands print: tables for people, JSON for machines, times as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table

from cli.trouble import Trouble

Data = Annotated[
    Path | None,
    typer.Option(help="Folder of the installation. Default: MEMBERSTREAM_DATA, or .memberstream."),
]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]

WIDTH = 160  # where there is no terminal: ids are not to be cut

console = Console(highlight=False)
if not console.is_terminal:
    console.width = WIDTH


def say(text: str) -> None:
    """A line for people."""
    console.print(text, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """A value, or records of msgspec, as JSON."""
    print(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False))


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table under a title."""
    if title:
        say(title)
    console.print(table(columns, rows))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; columns that begin with > are set to the right, the first is never cut."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        justify: JustifyMethod = "right" if column.startswith(">") else "left"
        made.add_column(column.lstrip(">"), justify=justify, no_wrap=number == 0, overflow="fold")
    for row in rows:
        made.add_row(*map(word, row))
    return made


def word(value: object) -> str:
    """A value in a cell."""
    match value:
        case None:
            return "-"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case _:
            return str(value).replace("[", "\\[")


def moment(text: str) -> datetime:
    """A moment as it is typed: a date, or a date and time, UTC unless it says otherwise.

    >>> moment("2011-12-09").isoformat()
    '2011-12-09T00:00:00+00:00'
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Trouble(
            f"{text!r} is no moment.",
            "A date, or a date and a time, is expected.",
            "Write it as 2011-12-09 or 2011-12-09T13:00:00+00:00.",
            exit_code=2,
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def milliseconds(at: datetime) -> int:
    """A moment as it is on the wire."""
    return int(at.timestamp() * 1000)


def when(at: int) -> str:
    """Milliseconds for people; nothing for 0."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}" if at else "-"


def write_json(path: Path, value: Any) -> None:
    """Figures into a file. Raises `Trouble`."""
    try:
        path.write_text(json.dumps(msgspec.to_builtins(value), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise Trouble(
            f"{path} cannot be written.", f"{error.strerror}.", "Name another file.", exit_code=2
        ) from error
