"""The command `evaluate fraud`: payments scored as they come, and what they turned out to be."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.risk.publication import FIRST, First
from cli.data_files import MAPPED, names, tell_rows
from cli.terminal import console, moment, say, show, write_json
from cli.trouble import Trouble

if TYPE_CHECKING:
    from evaluation.fraud import Report
    from evaluation.fraud_agreement import Agreement
    from evaluation.fraud_data import Payments
    from evaluation.fraud_measures import Figures

DELAY_DAYS_MOST = 29


class Retrained(StrEnum):
    """How often the batch model beside is trained anew."""

    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "none"


DAYS = {Retrained.DAILY: 1, Retrained.WEEKLY: 7, Retrained.NEVER: 0}


def fraud(
    file: Annotated[Path, typer.Argument(help="Labelled payments: parquet, csv or tsv.")],
    columns: Annotated[list[str] | None, MAPPED] = None,
    label_delay: Annotated[
        str, typer.Option(help="So long after a payment its label is known: 1d to 29d.")
    ] = "7d",
    score_from: Annotated[
        str,
        typer.Option(help="First day of the figures (UTC). Default: the first with a model."),
    ] = "",
    score_to: Annotated[
        str, typer.Option(help="Last day of the figures, included. Default: the last.")
    ] = "",
    reference: Annotated[
        Retrained, typer.Option(help="How often the batch model beside is trained anew.")
    ] = Retrained.WEEKLY,
    first_frauds: Annotated[
        int, typer.Option(min=1, help="The model's first version takes so many labelled frauds …")
    ] = FIRST.frauds,
    first_honest: Annotated[
        int, typer.Option(min=1, help="… and so many labelled honest payments, as in production.")
    ] = FIRST.honest,
    through_kafka: Annotated[
        bool,
        typer.Option(
            "--through-kafka",
            help="Start a Kafka and a worker for it: much slower, and each score compared.",
        ),
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures into this file.")
    ] = None,
) -> None:
    """Score payments as they come, in one pass, learn when their labels come, and measure.

    Wanted columns: member_id, occurred_at (a date or time, UTC where it has no zone; or seconds or
    milliseconds since 1970), amount (major units), label (1 or 0). Taken where they are there: event_id,
    terminal_id, product_id, device, card, address, network, country, currency; all other columns of
    numbers are features too. What is empty is missing. Rows that cannot be used are left out and named.

    The agents of production run in this process, without rules; with --through-kafka in a worker, and each
    of its scores is compared with what is said in process. The batch model beside is LightGBM, which comes
    with the extra named evaluation.
    """
    from evaluation.columns import UnusableFile
    from evaluation.fraud import CannotEvaluate, evaluate
    from evaluation.fraud_data import read
    from evaluation.fraud_reference import there

    delay = delay_days(label_delay)
    first, last = _day(score_from), _day(score_to)
    try:
        with console.status(f"Reading {file} …"):
            payments = read(file, names(columns or []))
        _tell_rows(file, payments)  # now: they may be why nothing comes of it
        with console.status("Living through the payments …") as status:
            report = evaluate(
                payments,
                delay,
                first,
                last,
                DAYS[reference],
                status.update,
                first=First(first_frauds, first_honest),
                through_kafka=through_kafka,
            )
    except (UnusableFile, CannotEvaluate, OSError) as error:
        raise Trouble(f"{file} cannot be evaluated.", f"{error}", "", exit_code=2) from error
    _tell(report)
    if DAYS[reference] and not there():
        say("No batch model beside: pip install 'memberstream[evaluation]'.")
    if json_file is not None:
        write_json(json_file, report)


def delay_days(delay: str) -> int:
    """What --label-delay says, in days. Raises `Trouble`.

    >>> delay_days("7d"), delay_days("2w")
    (7, 14)
    """
    found = re.fullmatch(r"(\d+)([dw]?)", delay.strip())
    days = int(found[1]) * (7 if found[2] == "w" else 1) if found else 0
    if not 1 <= days <= DELAY_DAYS_MOST:
        raise Trouble(
            f"{delay!r} is no label delay.",
            f"1 to {DELAY_DAYS_MOST} days are expected.",
            "Write 7d.",
            exit_code=2,
        )
    return days


def _day(text: str) -> date | None:
    return moment(text).date() if text else None


# ---- the tables ------------------------------------------------------------------------------------


def _tell(report: Report) -> None:
    if report.unlearned:
        say(f"{report.unlearned:,} payments gave way to newer ones of their member, unlearned")
    title = (
        f"{report.score_from} to {report.score_to}: {report.events:,} payments, {report.frauds:,} "
        f"of them fraud; labels known after {report.label_delay_days} days"
    )
    rows = [("memberstream", *_cells(report))]
    rows += [(name, *_cells(found)) for name, found in report.references.items()]
    show(title, ["", ">AUC", ">AP", ">AP daily", ">CP@100", ">CP@100 handbook", ">Brier"], rows)
    say(
        f"AP daily: mean over days. CP@100: the share of defrauded members among a day's 100 highest, "
        "known ones left out;\nhandbook: also those found on an earlier day of the week.\n"
        f"{report.events_lived:,} payments lived through, {report.events_per_second:,.0f} a second, "
        f"learning included; payment to score {report.milliseconds_p50:.2f} ms (p50), "
        f"{report.milliseconds_p99:.2f} ms (p99); {report.versions} versions of the model."
    )
    if report.in_process is not None:
        _tell_agreement(report.in_process)
    if report.without_model:
        say(
            f"{report.without_model:,} of the payments came before its first version; they count as 0."
        )


def _tell_agreement(found: Agreement) -> None:
    say(
        f"Through Kafka and in process {found.alike:,} of {found.payments:,} payments have the same "
        f"probability; the others are {found.apart_most:.2g} apart at most, all {found.apart_mean:.2g} "
        "in the mean."
    )
    if found.most_apart is not None:
        say(f"  most apart: payment {found.most_apart}")
    if found.without_model:
        say(f"  {found.without_model:,} had a model in one of the two only")


def _tell_rows(file: Path, found: Payments) -> None:
    tell_rows(file, found.rows, found.bad_rows, found.bad_rows_named)
    for name, count in found.missing.items():
        say(f"  {name}: {count:,} values are missing")
    for name, why in found.left_out.items():
        say(f"  column {name} left out: {why}")
    if found.numbers:
        say(f"  numbers sent along: {', '.join(found.numbers)}")


def _cells(found: Figures) -> tuple[str, ...]:
    values = (
        found.auc,
        found.ap,
        found.ap_daily,
        found.card_precision_100,
        found.card_precision_100_handbook,
    )
    return (*(_cell(value) for value in values), _cell(found.brier, 5))


def _cell(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
