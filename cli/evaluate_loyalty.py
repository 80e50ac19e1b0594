"""The command `evaluate loyalty`: who buys again, foretold, and what came."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.data_files import MAP_HELP, names, tell_rows
from cli.terminal import console, moment, say, show, write_json
from cli.trouble import Trouble

if TYPE_CHECKING:
    from evaluation.loyalty import Report
    from evaluation.probabilities import Figures

DAYS = {"d": 1, "w": 7}
MOST_DAYS = 3_650


def loyalty(
    file: Annotated[Path, typer.Argument(help="Purchases: parquet, csv, tsv, or txt with blanks.")],
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help=f"{MAP_HELP} An amount may be a product: amount=PIECES*PRICE."),
    ] = None,
    horizon: Annotated[str, typer.Option(help="Foretell so far: 90d, 26w.")] = "90d",
    cut: Annotated[
        str, typer.Option(help="Foretell at the end of this day (UTC). Default: of every week.")
    ] = "",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures into this file.")
    ] = None,
) -> None:
    """Foretell who buys again, in one pass over a file of purchases, and compare with what came.

    The columns are member_id, occurred_at (a date or time, UTC where it has no zone; or seconds or
    milliseconds since 1970), amount (major units; negative: left out). Rows that cannot be used are left out
    and named. The agents of production score first and learn when a label is as old as its
    horizon. Beside them: recency, a logistic regression on recency, frequency and money, and BG/NBD, each
    fitted on what was known.
    """
    from evaluation.columns import UnusableFile
    from evaluation.loyalty import CannotEvaluate, evaluate
    from evaluation.loyalty_data import read

    days = _days(horizon)
    day = moment(cut).date() if cut else None
    try:
        with console.status(f"Reading {file} …") as status:
            purchases = read(file, names(columns or []))
            report = evaluate(purchases, days, day, status.update)
    except (UnusableFile, CannotEvaluate, OSError) as error:
        raise Trouble(f"{file} cannot be evaluated.", f"{error}", "", exit_code=2) from error
    tell_rows(file, report.rows, report.bad_rows, purchases.bad_rows_named)
    _tell(report)
    if json_file is not None:
        write_json(json_file, report)


def _days(horizon: str) -> int:
    found = re.fullmatch(r"(\d+)([dw])", horizon.strip())
    days = int(found[1]) * DAYS[found[2]] if found else 0
    if not 1 <= days <= MOST_DAYS:
        raise Trouble(
            f"{horizon!r} is no horizon.",
            "Days or weeks are expected.",
            "90d, or 26w.",
            exit_code=2,
        )
    return days


# ---- the tables ------------------------------------------------------------------------------------


def _tell(report: Report) -> None:
    say(
        f"{report.orders:,} orders, {report.first_day} to {report.last_day}; no part of them: "
        f"{report.rows_without_member:,} rows without a member, {report.rows_negative:,} negative."
    )
    one = report.cuts[0] if len(report.cuts) == 1 else None
    where = f"at the end of {one.cut}" if one else f"mean of {len(report.cuts)} weeks"
    title = f"Buys again within {report.horizon_days} days, {where}, {report.members:,} members"
    rows = [("memberstream", *_cells(report.auc, report.brier, report.ece))]
    rows += [(name.replace("_", " "), *_of(found)) for name, found in report.references.items()]
    show(title, ["", ">AUC", ">Brier", ">ECE"], rows)
    bins = [
        (f"{b.least:.1f} to {b.most:.1f}", b.members, f"{b.predicted:.3f}", f"{b.observed:.3f}")
        for b in report.calibration
    ]
    show("Calibration", ["said", ">members", ">mean said", ">came"], bins)
    if one is None:
        _tell_weeks(report)


def _tell_weeks(report: Report) -> None:
    names = list(report.references)
    rows = [
        (
            cut.cut,
            cut.members,
            f"{cut.came:.3f}",
            f"{cut.predicted:.3f}",
            *_cells(cut.auc, cut.brier, cut.ece),
            *(_cell(cut.references[n].auc) if n in cut.references else "-" for n in names),
        )
        for cut in report.cuts
    ]
    columns = ["week's end", ">members", ">came", ">said", ">AUC", ">Brier", ">ECE"]
    show("By week", columns + [f">AUC {name.replace('_', ' ')}" for name in names], rows)


def _of(found: Figures) -> tuple[str, str, str]:
    return _cells(found.auc, found.brier, found.ece)


def _cells(auc: float | None, brier: float | None, ece: float | None) -> tuple[str, str, str]:

    return _cell(auc), _cell(brier), _cell(ece)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
