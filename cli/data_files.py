"""Files of anybody's, as the commands `evaluate` take them: columns mapped, rows left out and named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.terminal import say
from cli.trouble import Trouble

if TYPE_CHECKING:
    from evaluation.columns import BadRow

MAP_HELP = "A column of the file: member_id=THEIR_COLUMN. As often as needed, or with commas."
MAPPED = typer.Option("--map", help=MAP_HELP)
BAD_ROWS_SHOWN = 10


def names(parts: list[str]) -> dict[str, str]:
    """What --map says. Raises `Trouble`.

    >>> names(["member_id=who,amount=paid", "label=is fraud"])
    {'member_id': 'who', 'amount': 'paid', 'label': 'is fraud'}
    """
    found = {}
    for part in (one for listed in parts for one in listed.split(",")):
        ours, equals, theirs = (one.strip() for one in part.partition("="))
        if not ours or not equals or not theirs:
            raise Trouble(
                f"{part!r} maps no column.",
                "Our name, =, and the file's name are expected.",
                "Write --map member_id=THEIR_COLUMN.",
                exit_code=2,
            )
        found[ours] = theirs
    return found


def tell_rows(file: Path, rows: int, bad_rows: int, named: Sequence[BadRow]) -> None:
    """How many rows the file has, how many were left out, and why the first of them."""
    say(f"{file.name}: {rows:,} rows, {bad_rows:,} of them left out.")
    for bad in named[:BAD_ROWS_SHOWN]:
        say(f"  row {bad.row}, column {bad.column}: {bad.why}")
    if bad_rows > BAD_ROWS_SHOWN:
        say("  …")
