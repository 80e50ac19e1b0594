"""Rows and how they get into their tables: one statement a table for any number of rows.

A write's rows travel as one array a column, so that one statement takes a whole batch and many
statements travel together. Newer overwrites older and never the other way round, whatever is read
twice; that is in the statement, not in the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, DateTime, Double, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from sinks.postgres.tables import origin

ORIGIN = tuple(str(column.name) for column in origin())
Values = tuple[Any, ...]


class Mode(Enum):
    """What a write does to a row that is there."""

    APPEND = "a record gives one row, and a repeat gives none"
    PUT = "the row is replaced by a newer one"
    COMPLETE = "as PUT, but what is None leaves what is there"
    CHANGE = "as COMPLETE, but a row that is not there is not made"


@dataclass(frozen=True)
class Write:
    """What goes into a table: these columns, keys first, and the origin behind them."""

    table: Table
    columns: tuple[str, ...]
    mode: Mode = Mode.PUT
    unless: str = ""  # a condition on the row that is there: it is left as it is

    def __hash__(self) -> int:
        return id(self)

    @cached_property
    def keys(self) -> int:
        """How many of the first columns are the key; an appended row's key is its origin."""
        return 0 if self.mode is Mode.APPEND else len(self.table.primary_key)

    @cached_property
    def statement(self) -> str:
        """Its parameters are arrays, one a column of `columns` and `ORIGIN`."""
        names = (*self.columns, *ORIGIN)
        columns = [self.table.columns[name] for name in names]
        arrays = ", ".join(f"%s::{_array(column)}[]" for column in columns)
        rows = f"unnest({arrays}) AS u({_list(names)})"
        values = ", ".join(_value(column) for column in columns)
        if self.mode is Mode.CHANGE:
            return self._update(names, values, rows)
        insert = f"INSERT INTO {self.table.name} AS t ({_list(names)}) SELECT {values} FROM {rows} "
        return insert + self._conflict(names)

    def _conflict(self, names: Sequence[str]) -> str:
        if self.mode is Mode.APPEND:
            return "ON CONFLICT DO NOTHING"
        key = _list(column.name for column in self.table.primary_key)
        changes = ", ".join(self._set(name) for name in names[self.keys :])
        return f"ON CONFLICT ({key}) DO UPDATE SET {changes} WHERE {self._newer()}"

    def _update(self, names: Sequence[str], values: str, rows: str) -> str:
        same = " AND ".join(f't."{name}" = excluded."{name}"' for name in names[: self.keys])
        changes = ", ".join(self._set(name) for name in names[self.keys :])
        given = f"(SELECT {values} FROM {rows}) AS excluded({_list(names)})"
        return f"UPDATE {self.table.name} AS t SET {changes} FROM {given} WHERE {same} AND {self._newer()}"

    def _set(self, name: str) -> str:
        new = f'excluded."{name}"'
        return f'"{name}" = ' + (new if self.mode is Mode.PUT else f'COALESCE({new}, t."{name}")')

    def _newer(self) -> str:
        newer = "t.log_offset < excluded.log_offset"
        return f"{newer} AND NOT ({self.unless})" if self.unless else newer


def _list(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _array(column: Column[Any]) -> str:
    match column.type:
        case Text() | JSONB():
            return "text"
        case Boolean():
            return "boolean"
        case LargeBinary():
            return "bytea"
        case Double():
            return "double precision"
        case _:
            return "bigint"


def _value(column: Column[Any]) -> str:
    match column.type:
        case DateTime():
            return f'to_timestamp(u."{column.name}" / 1000::float8)'
        case JSONB():
            return f'u."{column.name}"::jsonb'
        case _:
            return f'u."{column.name}"'


class Rows:
    """Rows that wait to be written: of those with one key in a write, the newest."""

    def __init__(self, writes: Sequence[Write]) -> None:
        self._rows: dict[Write, dict[Values, Values]] = {write: {} for write in writes}

    def add(self, write: Write, values: Values, origin: Values) -> None:
        """One row; later ones come from later records of their partition."""
        rows = self._rows[write]
        row = values + origin
        if write.mode is Mode.APPEND:
            rows[origin] = row
            return
        key = row[: write.keys]
        if write.mode is not Mode.PUT and key in rows:
            row = tuple(
                old if new is None else new for new, old in zip(row, rows[key], strict=True)
            )
        rows[key] = row

    def take(self) -> Iterable[tuple[str, list[str]]]:
        """Every statement with its parameters, in the order of the writes; nothing is left."""
        for write, rows in self._rows.items():
            if rows:
                columns = zip(*rows.values(), strict=True)
                yield write.statement, [array_literal(column) for column in columns]
                rows.clear()


def array_literal(values: Sequence[Any]) -> str:
    """A column as Postgres reads arrays; much cheaper than to hand over element by element.

    >>> array_literal([1, None, -3]), array_literal(["a", 'say "x"', None])
    ('{1,NULL,-3}', '{"a","say \\\\"x\\\\"",NULL}')
    """
    kinds = set(map(type, values))
    if kinds <= {int}:
        return "{" + ",".join(map(str, values)) + "}"
    if kinds == {str} and not _UNSAFE.search("".join(values)):
        return '{"' + '","'.join(values) + '"}'
    return "{" + ",".join(map(_element, values)) + "}"


_UNSAFE = re.compile(r'["\\\0]')


def _element(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "t" if value else "f"
        case str():
            plain = value.replace("\0", "\N{SYMBOL FOR NULL}")  # Postgres has no text with a NUL
            return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case bytes():
            return '"\\\\x' + value.hex() + '"'
        case _:
            return str(value)


_NUL_IN_JSON = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def json_text(value: Any) -> str:
    r"""A Struct or a list of them as JSON for Postgres, which knows no NUL.

    >>> json_text(["a\0", "\\u0000"])
    '["a\\u2400","\\\\u0000"]'
    """
    text = msgspec.json.encode(value).decode()
    return _NUL_IN_JSON.sub(r"\1\\u2400", text) if "u0000" in text else text
