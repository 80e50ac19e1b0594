"""The command `evaluate recommendations`: what members touch next, foretold, and what came."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.data_files import MAPPED, names, tell_rows
from cli.terminal import console, say, show, write_json
from cli.trouble import Trouble

if TYPE_CHECKING:
    from evaluation.recommendations import Report
    from evaluation.recommendations_measures import Figures


class Asked(StrEnum):
    """What is asked when."""

    LAST_ITEM = "last-item"
    PREQUENTIAL = "prequential"
    NEXT_BASKET = "next-basket"


def recommendations(
    file: Annotated[Path, typer.Argument(help="Touches: parquet, csv or tsv.")],
    columns: Annotated[list[str] | None, MAPPED] = None,
    protocol: Annotated[
        Asked,
        typer.Option(
            help="last-item: each member's last product is held out. prequential: asked before each "
            "touch. next-basket: asked before each order, logged in."
        ),
    ] = Asked.PREQUENTIAL,
    k: Annotated[int, typer.Option("--k", min=1, max=100, help="Length of a list.")] = 20,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures into this file.")
    ] = None,
) -> None:
    """Foretell what members touch next, in one pass over a file, and compare with what came.

    Wanted columns: member_id, product_id, occurred_at (a date or time, UTC where it has no zone; or seconds
    or milliseconds since 1970). If there are name, category, brand and price, products are also likened by
    them. Rows that cannot be used are left out and named. Everything that a member
    may be offered is ranked, nothing is sampled; the agents of production are asked first and told later.
    Beside them, on the same stream: popularity, item-kNN (cosine), and for orders the member's own
    frequency.
    """
    from evaluation.columns import UnusableFile
    from evaluation.recommendations import CannotEvaluate, Protocol, evaluate
    from evaluation.recommendations_data import read

    try:
        with console.status(f"Reading {file} …") as status:
            data = read(file, names(columns or []))
            report = evaluate(data, Protocol(protocol), k, status.update)
    except (UnusableFile, CannotEvaluate, OSError) as error:
        raise Trouble(f"{file} cannot be evaluated.", f"{error}", "", exit_code=2) from error
    tell_rows(file, report.rows, report.bad_rows, data.bad_rows_named)
    _tell(report)
    if json_file is not None:
        write_json(json_file, report)


def _tell(report: Report) -> None:
    title = (
        f"{report.protocol}: {report.events:,} touches of {report.products:,} products "
        f"({report.described:,} described) by "
        f"{report.members:,} members; lists of {report.k}, all products ranked"
    )
    rows = [("memberstream " + name, *_cells(found)) for name, found in report.figures.items()]
    rows += [(name, *_cells(found)) for name, found in report.references.items()]
    columns = ["", ">lists", ">HR", ">MRR", ">nDCG", ">recall", ">coverage", ">diversity"]
    show(title, [*columns, ">novelty, bits"], rows)
    chosen = ", ".join(f"{name} {value}" for name, value in report.parameters.items())
    say(f"{report.events_per_second:,.0f} touches a second, asking included.\n{chosen}")


def _cells(found: Figures) -> tuple[str, ...]:
    shares = (found.hit_rate, found.mrr, found.ndcg, found.recall, found.coverage, found.diversity)
    cells = (f"{value:.4f}" for value in shares)
    return (f"{found.lists:,}", *cells, f"{found.novelty_bits:.2f}")
