"""Touches from a file of anybody's: who touched which product when; parquet, csv or tsv.

Three columns are wanted: `member_id`, `product_id`, `occurred_at`; where there are any, `name`, `category`,
`brand` and `price` describe products. A map names the columns of the file for them. Rows that cannot be used
are counted and the first of them named.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec.structs import replace

from evaluation.columns import BadRow, UnusableFile, moment, no_column, number, refuse_unknown, text
from evaluation.columns import read as read_columns

WANTED = ("member_id", "product_id", "occurred_at")
DESCRIBING = ("name", "category", "brand", "price")
PRICE_MOST = 10**10  # of which a hundredth is a minor unit
OURS = (*WANTED, *DESCRIBING)
ID_MOST = 128
BAD_ROWS_NAMED = 20
KNOWN: tuple[Mapping[str, str], ...] = (  # columns of public data sets, so that no map is needed
    {
        "member_id": "CustomerID",
        "product_id": "StockCode",
        "occurred_at": "InvoiceDate",
        "name": "Description",
        "price": "UnitPrice",
    },
    {
        "member_id": "user_id:token",
        "product_id": "item_id:token",
        "occurred_at": "timestamp:float",
    },
)


class Touch(NamedTuple):
    """When (milliseconds since 1970, UTC), who, what."""

    at: int
    member_id: str
    product_id: str


class Description(NamedTuple):
    """What a product is described by; empty and 0: not at all."""

    name: str = ""
    category: str = ""
    brand: str = ""
    price_minor: int = 0


class Touches(NamedTuple):
    """All touches in the order of time (equal times in the file's order), and what was left out.

    `described` has products as the first row that was kept describes them.
    """

    touches: list[Touch]
    rows: int
    bad_rows: int
    bad_rows_named: list[BadRow]
    described: Mapping[str, Description] = MappingProxyType({})


def read(path: Path, names: Mapping[str, str] | None = None) -> Touches:
    """The touches of a file; `names` maps our columns to the file's.

    Raises `UnusableFile`, and `OSError` when it cannot be read.
    """
    columns = read_columns(path)
    named = _named(columns.values, names or {})
    values = {ours: columns.values[theirs] for ours, theirs in named.items()}
    bad = list(columns.torn)
    touches: list[Touch] = []
    described: dict[str, Description] = {}
    for place, row in enumerate(columns.rows):
        found = _touch(place, row, values)
        if isinstance(found, BadRow):
            bad.append(replace(found, column=named[found.column]))
        else:
            touches.append(found)
            if found.product_id not in described:
                described[found.product_id] = _description(place, values)
    if not touches:
        raise UnusableFile(f"{path.name} holds no row that can be used.")
    touches.sort(key=lambda touch: touch.at)
    rows = len(columns.rows) + len(columns.torn)
    known = {product: its for product, its in described.items() if its != Description()}
    return Touches(touches, rows, len(bad), sorted(bad)[:BAD_ROWS_NAMED], known)


def _named(columns: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    refuse_unknown(names, OURS)
    for theirs in names.values():
        if theirs not in columns:
            raise no_column(columns, theirs)
    found = {name: name for name in OURS if name in columns}
    for known in KNOWN:
        if {known[name] for name in WANTED} <= set(columns):
            found = {ours: its for ours, its in known.items() if its in columns} | found
    found |= names
    for wanted in WANTED:
        if wanted not in found:
            raise no_column(columns, wanted, wanted)
    return found


def _description(place: int, values: Mapping[str, list[Any]]) -> Description:
    """What the columns that are there say."""
    held = {name: values[name][place] for name in DESCRIBING if name in values}
    price = number(held.get("price")) or 0.0
    return Description(
        name=(text(held.get("name")) or "")[:500],
        category=(text(held.get("category")) or "")[:100],
        brand=(text(held.get("brand")) or "")[:100],
        price_minor=round(100 * price) if 0 < price <= PRICE_MOST else 0,
    )


def _touch(place: int, row: int, values: Mapping[str, list[Any]]) -> Touch | BadRow:
    ids = []
    for name in ("member_id", "product_id"):
        found = text(values[name][place])
        if found is None:
            return BadRow(row, name, "it is empty")
        if len(found) > ID_MOST:
            return BadRow(row, name, f"it has more than {ID_MOST} characters")
        ids.append(found)
    at = moment(values["occurred_at"][place])
    if at is None or at < 0:
        return BadRow(row, "occurred_at", f"{values['occurred_at'][place]!r} is no moment")
    return Touch(at, *ids)
