"""Read the Online Retail year and clean it: rows in, invoices in the order of time out.

Every rule that drops or changes a row has a word in `Rule`, and every use of it is counted, so that
the whole of the file is accounted for. Invoice times carry no zone in the file and count as UTC.
"""

from __future__ import annotations

import enum
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

CURRENCY = "GBP"
CARRIAGE = frozenset({"POST", "DOT", "C2"})
GOODS_WITHOUT_DIGITS = ("DCGS", "PADS")
ROWS_A_BATCH = 32_768


class Rule(enum.StrEnum):
    """What happened to a row or an invoice, in the order of the checks."""

    ROW_READ = "rows read"
    ACCOUNTING_DROPPED = "rows dropped: bookkeeping of bad debt (invoice begins with A)"
    CARRIAGE_TO_POSTAGE = "rows turned into the postage of a member's order (POST, C2, DOT)"
    CARRIAGE_DROPPED = "rows dropped: carriage of guests or of returns (POST, C2, DOT)"
    NOT_GOODS_DROPPED = "rows dropped: no goods (manual, discount, samples, fees, vouchers …)"
    CODE_UPPERCASED = "rows whose product code was written in lower case, made upper case"
    PRICE_ROUNDED = "rows whose amount is no whole number of pence, rounded to the nearest"
    ORDER_LINE = "rows kept as lines of members' orders"
    RETURN_LINE = "rows kept as lines of members' returns"
    GUEST_LINE = "rows kept as movements of stock: guests' orders, returns and stock counts"
    ORDER_WITHOUT_GOODS_DROPPED = "invoices dropped: a member's, with no goods left"


class Kind(enum.Enum):
    """What an invoice is."""

    ORDER = "ORDER"
    RETURN = "RETURN"
    GUEST_ORDER = "GUEST_ORDER"
    GUEST_RETURN = "GUEST_RETURN"
    STOCK_COUNT = "STOCK_COUNT"


class Line(NamedTuple):
    """A cleaned row. `quantity` is signed for guests only; `amount_minor` is for all pieces."""

    product_id: str
    name: str
    quantity: int
    price_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """The cleaned rows of one invoice; `at` is its first row's time in milliseconds, UTC."""

    invoice_id: str
    kind: Kind
    at: int
    member_id: str | None
    country: str
    lines: tuple[Line, ...]
    postage_minor: int = 0


class Row(NamedTuple):
    """A row as it stands in the file, the time in milliseconds."""

    invoice: str
    code: str
    description: str | None
    quantity: int
    at: int
    price: float
    customer: int | None
    country: str


def data_file() -> Path:
    """Where the year lies within the package."""
    return Path(str(resources.files("replay"))) / "data" / "online_retail.parquet"


def invoices(counts: Counter[Rule], path: Path | None = None) -> Iterator[Invoice]:
    """All invoices that keep a line, in the order of time; `counts` says what every rule did."""
    found, counted = _cleaned(path or data_file())
    counts.update(counted)
    yield from found


@lru_cache(maxsize=1)
def _cleaned(path: Path) -> tuple[tuple[Invoice, ...], Counter[Rule]]:
    """Read once in a process: more than one year may be told of it, and nothing changes an invoice."""
    counts: Counter[Rule] = Counter()
    found = []
    for rows in sorted(_grouped(_rows(path)), key=lambda rows: rows[0].at):
        counts[Rule.ROW_READ] += len(rows)
        invoice = _invoice(rows, counts)
        if invoice is not None:
            found.append(invoice)
    return tuple(found), counts


def _rows(path: Path) -> Iterator[Row]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_A_BATCH):
            at = batch.column("InvoiceDate").cast(pa.timestamp("ms")).cast(pa.int64())
            names = "InvoiceNo StockCode Description Quantity at UnitPrice CustomerID Country"
            columns = [
                _texts_shared((at if name == "at" else batch.column(name)).to_pylist())
                for name in names.split()
            ]
            yield from map(Row._make, zip(*columns, strict=True))


def _texts_shared(values: list[Any]) -> list[Any]:
    """The values with their texts interned: they repeat, and the year is held whole for a moment."""
    return [sys.intern(value) if isinstance(value, str) else value for value in values]


def _grouped(rows: Iterable[Row]) -> list[list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.invoice, []).append(row)
    return list(groups.values())


def _invoice(rows: list[Row], counts: Counter[Rule]) -> Invoice | None:
    first = rows[0]
    member_id = None if first.customer is None else str(first.customer)
    kind = _kind(first)
    postage, lines = 0, []
    for row in rows:
        dropped = _dropped(row, kind)
        if dropped is None:
            lines.append(_line(row, kind, counts))
            dropped = _kept(kind)
        elif dropped is Rule.CARRIAGE_TO_POSTAGE:
            postage += round(row.quantity * row.price * 100)
        counts[dropped] += 1
    if not lines:
        counts[Rule.ORDER_WITHOUT_GOODS_DROPPED] += member_id is not None
        return None
    return Invoice(first.invoice, kind, first.at, member_id, first.country, tuple(lines), postage)


def _kind(row: Row) -> Kind:
    cancelled = row.invoice.startswith("C")
    if row.customer is not None:
        return Kind.RETURN if cancelled else Kind.ORDER
    if cancelled:
        return Kind.GUEST_RETURN
    return Kind.STOCK_COUNT if row.price == 0 else Kind.GUEST_ORDER


def _dropped(row: Row, kind: Kind) -> Rule | None:
    if row.invoice.startswith("A"):
        return Rule.ACCOUNTING_DROPPED
    if row.code in CARRIAGE:
        return Rule.CARRIAGE_TO_POSTAGE if kind is Kind.ORDER else Rule.CARRIAGE_DROPPED
    if not (row.code[:5].isdigit() or row.code.startswith(GOODS_WITHOUT_DIGITS)):
        return Rule.NOT_GOODS_DROPPED
    return None


def _kept(kind: Kind) -> Rule:
    if kind is Kind.ORDER:
        return Rule.ORDER_LINE
    return Rule.RETURN_LINE if kind is Kind.RETURN else Rule.GUEST_LINE


def _line(row: Row, kind: Kind, counts: Counter[Rule]) -> Line:
    code = row.code.strip().upper()
    counts[Rule.CODE_UPPERCASED] += code != row.code
    quantity = -row.quantity if kind is Kind.RETURN else row.quantity
    exact = abs(quantity) * row.price * 100
    amount = round(exact)
    counts[Rule.PRICE_ROUNDED] += abs(exact - amount) > 1e-3
    name = (row.description or "").strip()
    return Line(code, name, quantity, round(row.price * 100), amount)
