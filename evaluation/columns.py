"""The columns of anybody's file, parquet or text, as Python values; a torn line of text is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from msgspec import Struct
from pyarrow import csv, parquet

TABBED = {".tsv", ".inter"}  # text with tabs between the columns
BLANKS = ".txt"
SECONDS_BEFORE = 10**11  # a number below this counts seconds since 1970, above it milliseconds
DATES = (19_500_101, 21_001_231)  # as numbers; as seconds since 1970 they would be of that summer
LAST = 253_402_300_799_999  # the end of the year 9999: what is later counts something else


class UnusableFile(ValueError):
    """The file holds nothing of what is wanted; the sentence says what is missing and what to do."""


class BadRow(Struct, frozen=True, order=True):
    """A row that was left out: its number (the first row of data is 1), the column, why."""

    row: int
    column: str
    why: str


class Columns(NamedTuple):
    """All columns by name, the number in the file of each row, and the rows that were torn."""

    values: dict[str, list[Any]]
    rows: Sequence[int]
    torn: list[BadRow]


def read(path: Path) -> Columns:
    """The columns of a file. Raises `UnusableFile`, and `OSError` when it cannot be read."""
    try:
        if path.suffix == ".parquet":
            return _columns(parquet.read_table(path), [])
        if path.suffix in {".csv", *TABBED}:
            return _of_text(path)
        if path.suffix == BLANKS:
            return _of_blanks(path.read_text(encoding="utf-8"))
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise UnusableFile(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    raise UnusableFile(f"{path.name} is neither .parquet nor .csv nor .tsv nor .txt.")


def refuse_unknown(names: Mapping[str, str], ours: Sequence[str]) -> None:
    """Raises `UnusableFile` when a map names a column that is none of ours."""
    for name in names:
        if name not in ours:
            raise UnusableFile(f"There is no column {name} to map; there are {', '.join(ours)}.")


def no_column(columns: Mapping[str, Any], name: str, wanted: str = "") -> UnusableFile:
    """The file has no such column; `wanted`: which of ours it could be mapped to."""
    what_to_do = f" Name it: --map {wanted}=THEIR_COLUMN." if wanted else ""
    return UnusableFile(f"The file has no column {name}; it has {', '.join(columns)}.{what_to_do}")


def _torn(row: int, actual: int, expected: int) -> BadRow:
    return BadRow(row, "(line)", f"the line has {actual} columns, {expected} are expected")


def _of_text(path: Path) -> Columns:
    """A line with more or fewer columns than the head is torn, and left out."""
    torn: list[BadRow] = []

    def leave_out(line: Any) -> str:
        number = (line.number or 0) - 1  # the head is line 1
        torn.append(_torn(number, line.actual_columns, line.expected_columns))
        return "skip"

    table = csv.read_csv(
        path,
        read_options=csv.ReadOptions(use_threads=False),  # else lines have no numbers
        parse_options=csv.ParseOptions(
            delimiter="\t" if path.suffix in TABBED else ",", invalid_row_handler=leave_out
        ),
        convert_options=csv.ConvertOptions(strings_can_be_null=True),
    )
    return _columns(table, torn)


def _of_blanks(told: str) -> Columns:
    """Columns stand apart by blanks, so that none may be empty."""
    head, *body = [line.split() for line in told.splitlines() if line.strip()] or [[]]
    whole = {row: line for row, line in enumerate(body, 1) if len(line) == len(head)}
    torn = [
        _torn(row, len(line), len(head)) for row, line in enumerate(body, 1) if row not in whole
    ]
    values = {name: [line[place] for line in whole.values()] for place, name in enumerate(head)}
    return Columns(values, list(whole), torn)


def _columns(table: pa.Table, torn: list[BadRow]) -> Columns:
    twice = {name for name in table.column_names if table.column_names.count(name) > 1}
    if twice:
        raise UnusableFile(f"The file has more than one column {', '.join(sorted(twice))}.")
    gone = {one.row for one in torn}
    numbers = [n for n in range(1, table.num_rows + len(torn) + 1) if n not in gone]
    flat = {
        name: _whole(column).to_pylist()
        for name, column in zip(table.column_names, table.columns, strict=True)
        if not pa.types.is_nested(column.type)
    }
    return Columns(flat, numbers, torn)


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Moments to the microsecond: Python's have no nanoseconds."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column


# ---- values ----------------------------------------------------------------------------------------


def text(value: Any) -> str | None:
    """An id as text; None where there is none. A whole number loses its decimal point.

    >>> text(596.0), text(" a "), text(""), text(float("nan"))
    ('596', 'a', None, None)
    """
    if value is None:
        return None
    if isinstance(value, float):
        if not isfinite(value):
            return None
        value = int(value) if value == int(value) else value
    return str(value).strip() or None


def number(value: Any) -> float | None:
    """A finite number; None for all else.

    >>> number("1.5"), number(True), number("n/a"), number(float("inf"))
    (1.5, 1.0, None, None)
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if isfinite(found) else None


def moment(value: Any) -> int | None:
    """Milliseconds since 1970, UTC: of a date or time, ISO text, YYYYMMDD, or (milli)seconds since 1970.

    >>> moment("1970-01-02"), moment(86_400), moment(1_522_540_831_000), moment("soon"), moment("5")
    (86400000, 86400000, 1522540831000, None, 5000)
    >>> moment(20110102) == moment("2011-01-02")
    True
    """
    if isinstance(value, int) and DATES[0] <= value <= DATES[1]:
        value = str(value)
    if isinstance(value, str):
        with suppress(ValueError):  # else a number, in a column that also holds words
            value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round(zoned.timestamp() * 1000)
    if isinstance(value, date):
        return round(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
    seconds = number(value)
    if seconds is None or isinstance(value, bool):
        return None
    found = round(seconds * 1000 if abs(seconds) < SECONDS_BEFORE else seconds)
    return found if found <= LAST else None


WORDS = {
    True: frozenset({"1", "1.0", "true", "t", "yes", "y", "fraud"}),
    False: frozenset({"0", "0.0", "false", "f", "no", "n", "legit", "honest", "genuine"}),
}


def truth(value: Any) -> bool | None:
    """A label: 1 and 0, true and false, yes and no.

    >>> truth(1), truth("0"), truth("No"), truth(2)
    (True, False, False, None)
    """
    word = (text(value) or "").lower()
    for answer, words in WORDS.items():
        if word in words:
            return answer
    return None
