"""Purchases from a file of anybody's: parquet, csv, or text with blanks between the columns.

Three columns are wanted: who (`member_id`), when (`occurred_at`), and how much (`amount`, in major units).
A map names the columns of the file for them; an amount may be a product of columns. Lines of one member
at one moment are one order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import csv, parquet

WANTED = ("member_id", "occurred_at", "amount")
KNOWN = {  # columns of public data sets, so that no map is needed
    ("customer_id", "date", "number_of_cds", "dollar_value"): {
        "member_id": "customer_id",
        "occurred_at": "date",
        "amount": "dollar_value",
    },
    ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice"): {
        "member_id": "CustomerID",
        "occurred_at": "InvoiceDate",
        "amount": "Quantity*UnitPrice",
    },
}
MINOR = 100


class Purchase(NamedTuple):
    """An order: when (milliseconds since 1970, UTC), whose, how much (minor units)."""

    at: int
    member_id: str
    amount_minor: int


class Purchases(NamedTuple):
    """All orders in the order of time, and the rows that were left out."""

    orders: list[Purchase]
    without_member: int
    negative: int  # returns: what they return is not told


class UnusableFile(ValueError):
    """The file is no list of purchases; the sentence says what is missing."""


def read(path: Path, names: Mapping[str, str] | None = None) -> Purchases:
    """The purchases of a file; `names` maps the wanted columns to the file's.

    Raises `UnusableFile`, and `OSError` when it cannot be read.
    """
    columns = _columns(path)
    named = _known(columns) | dict(names or {})
    members = _column(columns, named.get("member_id", "member_id"))
    moments = _column(columns, named.get("occurred_at", "occurred_at"))
    amounts = _product(columns, named.get("amount", "amount"))
    orders: dict[tuple[int, str], float] = {}
    without_member = negative = 0
    for member, moment, amount in zip(members, moments, amounts, strict=True):
        if member is None or member == "" or moment is None or amount is None:
            without_member += 1
        elif amount < 0:
            negative += 1
        else:
            order = (milliseconds(moment), str(member))
            orders[order] = orders.get(order, 0.0) + amount
    if not orders:
        raise UnusableFile(f"{path.name} holds no purchase.")
    found = [Purchase(at, who, round(paid * MINOR)) for (at, who), paid in orders.items()]
    return Purchases(sorted(found), without_member, negative)


def milliseconds(moment: Any) -> int:
    """A moment as milliseconds since 1970: a date or time, ISO text, YYYYMMDD, or milliseconds.

    What has no zone is UTC. Raises `UnusableFile`.

    >>> milliseconds(19970101) == milliseconds("1997-01-01") == milliseconds(date(1997, 1, 1))
    True
    """
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise UnusableFile(f"{moment!r} is no moment: write 2011-12-09T12:00:00.") from None
    elif isinstance(moment, int):
        if moment > 10**11:
            return moment
        return milliseconds(str(moment))
    if isinstance(moment, datetime):
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    if isinstance(moment, date):
        return milliseconds(datetime(moment.year, moment.month, moment.day, tzinfo=UTC))
    raise UnusableFile(f"{moment!r} is no moment.")


# ---- columns ---------------------------------------------------------------------------------------


def _columns(path: Path) -> dict[str, list[Any]]:
    match path.suffix:
        case ".parquet":
            table = parquet.read_table(path)
        case ".csv":
            table = csv.read_csv(path)
        case _:
            return _of_text(path.read_text(encoding="utf-8").splitlines())
    return {
        name: column.to_pylist()
        for name, column in zip(table.column_names, table.columns, strict=True)
        if not pa.types.is_nested(column.type)
    }


def _of_text(lines: Iterable[str]) -> dict[str, list[Any]]:
    rows = [line.split() for line in lines if line.strip()]
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise UnusableFile("The text has not the same number of columns in each line.")
    head, *body = rows
    return {name: [row[place] for row in body] for place, name in enumerate(head)}


def _known(columns: Mapping[str, list[Any]]) -> dict[str, str]:
    for names, mapped in KNOWN.items():
        if set(names) <= set(columns):
            return mapped
    return {}


def _column(columns: Mapping[str, list[Any]], name: str) -> list[Any]:
    try:
        return columns[name]
    except KeyError:
        raise UnusableFile(
            f"There is no column {name}; there are {', '.join(columns)}. "
            f"Name them with --map {','.join(f'{wanted}=COLUMN' for wanted in WANTED)}."
        ) from None


def _product(columns: Mapping[str, list[Any]], names: str) -> Iterator[float | None]:
    factors = [_column(columns, name.strip()) for name in names.split("*")]
    for row in zip(*factors, strict=True):
        if any(value is None for value in row):
            yield None
            continue
        product = 1.0
        for value in row:
            product *= _number(value)
        yield product


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not isfinite(number):
        raise UnusableFile(f"{value!r} is no amount.")
    return number
