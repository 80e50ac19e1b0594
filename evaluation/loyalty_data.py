"""Purchases from a file of anybody's: parquet, csv, tsv, or text with blanks between the columns.

Three columns are wanted: who (`member_id`), when (`occurred_at`), and how much (`amount`, in major units).
A map names the columns of the file for them; an amount may be a product of columns. Lines of one member
at one moment are one order. Rows that cannot be used are counted and the first of them named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from evaluation.columns import BadRow, UnusableFile, moment, no_column, number, refuse_unknown, text
from evaluation.columns import read as read_columns

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
AMOUNT_MOST = 1e12
BAD_ROWS_NAMED = 20


class Purchase(NamedTuple):
    """An order: when (milliseconds since 1970, UTC), whose, how much (minor units)."""

    at: int
    member_id: str
    amount_minor: int


class Purchases(NamedTuple):
    """All orders in the order of time, and the rows that were left out.

    Those `without_member` and `negative` ones (returns: of what is not told) are none of the bad ones.
    """

    orders: list[Purchase]
    rows: int = 0
    without_member: int = 0
    negative: int = 0
    bad_rows: int = 0
    bad_rows_named: Sequence[BadRow] = ()


def read(path: Path, names: Mapping[str, str] | None = None) -> Purchases:
    """The purchases of a file; `names` maps the wanted columns to the file's.

    Raises `UnusableFile`, and `OSError` when it cannot be read.
    """
    columns = read_columns(path)
    named = _named(columns.values, names or {})
    bad = list(columns.torn)
    orders: dict[tuple[int, str], float] = {}
    without_member = negative = 0
    members, moments = columns.values[named["member_id"]], columns.values[named["occurred_at"]]
    amounts = _products([columns.values[name] for name in _factors(named["amount"])])
    for row, member, when, amount in zip(columns.rows, members, moments, amounts, strict=True):
        member_id, at = text(member), moment(when)
        if member_id is None:
            without_member += 1
        elif at is None:
            bad.append(BadRow(row, named["occurred_at"], f"{when!r} is no moment"))
        elif amount is None or abs(amount) > AMOUNT_MOST:
            bad.append(BadRow(row, named["amount"], "it is no amount"))
        elif amount < 0:
            negative += 1
        else:
            orders[at, member_id] = orders.get((at, member_id), 0.0) + amount
    bad.sort()
    if not orders:
        first = f" Row {bad[0].row}, column {bad[0].column}: {bad[0].why}." if bad else ""
        raise UnusableFile(f"{path.name} holds no purchase.{first}")
    found = [Purchase(at, who, round(paid * MINOR)) for (at, who), paid in orders.items()]
    rows = len(columns.rows) + len(columns.torn)
    return Purchases(sorted(found), rows, without_member, negative, len(bad), bad[:BAD_ROWS_NAMED])


def _named(columns: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Our column → the file's, or for an amount a product of the file's. Raises `UnusableFile`."""
    refuse_unknown(names, WANTED)
    known = next((mapped for its, mapped in KNOWN.items() if set(its) <= set(columns)), {})
    found = {name: name for name in WANTED} | known | dict(names)
    for wanted, its in found.items():
        for name in _factors(its) if wanted == "amount" else [its]:
            if name not in columns:
                raise no_column(columns, name, wanted)
    return found


def _factors(names: str) -> list[str]:
    return [name.strip() for name in names.split("*")]


def _products(factors: Sequence[list[Any]]) -> Iterator[float | None]:
    """Row by row; none where a factor is no number."""
    for row in zip(*factors, strict=True):
        product: float | None = 1.0
        for value in map(number, row):
            product = None if product is None or value is None else product * value
        yield product
