"""Labelled payments from anybody's file: what is wanted, what is taken if it is there, what is left out.

Wanted: `member_id`, `occurred_at`, `amount` (major units), `label` (1 or 0). Taken where it is there:
`event_id`, `terminal_id`, `product_id`, `device`, `card`, `address`, `network`, `country`, `currency`.
Every other column of numbers is a number that the platform sends along. A row that cannot be used is left
out and named; an optional value that cannot be used is missing, and counted.

A column that tells the label by itself (the kind of fraud, say) is known only with the label, and one that
only rises with time is a clock: both are left out, and that is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from evaluation.columns import (
    BadRow,
    Columns,
    UnusableFile,
    moment,
    no_column,
    number,
    refuse_unknown,
    text,
    truth,
)
from evaluation.columns import read as read_columns
from schemas.record import MAX_AMOUNT
from schemas.risk import Number, PaymentCaptured

WANTED = ("member_id", "occurred_at", "amount", "label")
TOKENS = ("terminal_id", "product_id", "device", "card", "address", "network", "country")
OPTIONAL = ("event_id", "currency", *TOKENS)
NUMBERS_MOST = 100
NUMERIC_SHARE = 0.9  # so many of a column's values are numbers, or it is none of numbers
BAD_ROWS_NAMED = 100
ID_MOST = 128
MINOR = 100
LEAST_FRAUDS = 10
CLOCK_VALUES = 10
UNKNOWN_CURRENCY = "XXX"
KNOWN: Sequence[Mapping[str, str]] = (  # public data sets, so that no map is needed
    {  # the Fraud Detection Handbook
        "event_id": "TRANSACTION_ID",
        "member_id": "CUSTOMER_ID",
        "occurred_at": "TX_DATETIME",
        "amount": "TX_AMOUNT",
        "terminal_id": "TERMINAL_ID",
        "label": "TX_FRAUD",
    },
)


class Payments(Struct, kw_only=True):
    """Payments in the order of time, whether each was fraud, and all that was left out."""

    payments: list[PaymentCaptured]
    fraud: list[bool]
    rows: int
    bad_rows: int
    bad_rows_named: list[BadRow]
    missing: dict[str, int]  # values that are not there or cannot be used, by column of ours
    numbers: list[str]
    left_out: dict[str, str]  # columns, and why


def read(path: Path, names: Mapping[str, str] | None = None) -> Payments:
    """The payments of a file; `names` maps our columns to the file's.

    Raises `UnusableFile`, and `OSError` when it cannot be read.
    """
    columns = read_columns(path)
    named = _named(columns.values, names or {})
    numbers, left_out = _numbers(columns.values, named)
    found = Payments(
        payments=[],
        fraud=[],
        rows=len(columns.rows) + len(columns.torn),
        bad_rows=0,
        bad_rows_named=[],
        missing={},
        numbers=numbers,
        left_out=left_out,
    )
    _take(columns, named, found)
    if not found.payments:
        raise UnusableFile(f"{path.name} holds no payment that can be used: {_first(found)}")
    return found


def _first(found: Payments) -> str:
    if not found.bad_rows_named:
        return "it has no rows."
    bad = found.bad_rows_named[0]
    return f"row {bad.row}, column {bad.column}: {bad.why}."


def _named(columns: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Our columns and the file's: as mapped, else by the same name, else as a known data set has it."""
    refuse_unknown(names, (*WANTED, *OPTIONAL))
    for theirs in names.values():
        if theirs not in columns:
            raise no_column(columns, theirs)
    found = {name: name for name in (*WANTED, *OPTIONAL) if name in columns}
    for known in KNOWN:
        if set(known.values()) <= set(columns):
            found = dict(known) | found
    found |= names
    for wanted in WANTED:
        if wanted not in found:
            raise no_column(columns, wanted, wanted)
    _refuse_label_elsewhere(found)
    return found


def _refuse_label_elsewhere(named: Mapping[str, str]) -> None:
    """What tells the label would be scored by itself."""
    label = named["label"]
    for ours, theirs in named.items():
        if ours != "label" and theirs == label:
            raise UnusableFile(
                f"{ours} and label are both the column {label}: a payment would be scored by its own "
                f"label. Map {ours} to another column, or leave it out where it is optional."
            )


# ---- rows ------------------------------------------------------------------------------------------


def _take(columns: Columns, named: Mapping[str, str], found: Payments) -> None:
    bad = list(columns.torn)
    missing: Counter[str] = Counter()
    taken: list[tuple[PaymentCaptured, bool]] = []
    seen: set[str] = set()
    values = {ours: columns.values[theirs] for ours, theirs in named.items()}
    numbers = {name: columns.values[name] for name in found.numbers}
    for place, row in enumerate(columns.rows):
        made = _payment(place, row, values, numbers, missing)
        if isinstance(made, BadRow):
            bad.append(replace(made, column=named.get(made.column, made.column)))
        elif made[0].payment_id in seen:
            bad.append(BadRow(row, named.get("event_id", "event_id"), "the id was there before"))
        else:
            seen.add(made[0].payment_id)
            taken.append(made)
    taken.sort(key=lambda one: one[0].occurred_at)
    found.payments = [payment for payment, _ in taken]
    found.fraud = [fraud for _, fraud in taken]
    found.bad_rows = len(bad)
    found.bad_rows_named = sorted(bad)[:BAD_ROWS_NAMED]
    found.missing = dict(sorted(missing.items()))


def _payment(
    place: int,
    row: int,
    values: Mapping[str, list[Any]],
    numbers: Mapping[str, list[Any]],
    missing: Counter[str],
) -> tuple[PaymentCaptured, bool] | BadRow:
    member_id = text(values["member_id"][place])
    if member_id is None:
        return BadRow(row, "member_id", "it is empty")
    at = moment(values["occurred_at"][place])
    if at is None or at < 0:
        return BadRow(row, "occurred_at", _no(values["occurred_at"][place], "moment"))
    amount = number(values["amount"][place])
    if amount is None or not 0 <= amount * MINOR <= MAX_AMOUNT:
        return BadRow(row, "amount", _no(values["amount"][place], "amount of zero or more"))
    fraud = truth(values["label"][place])
    if fraud is None:
        return BadRow(row, "label", _no(values["label"][place], "label: 1 or 0"))
    event_id = text(values["event_id"][place]) if "event_id" in values else None
    payment_id = event_id or f"row-{row}"
    for name, its_id in (("member_id", member_id), ("event_id", payment_id)):
        if len(its_id) > ID_MOST:
            return BadRow(row, name, f"it has more than {ID_MOST} characters")
    payment = PaymentCaptured(
        event_id=payment_id,
        member_id=member_id,
        occurred_at=at,
        payment_id=payment_id,
        amount_minor=round(amount * MINOR),
        currency=_currency(values, place),
        numbers=list(_known_numbers(numbers, place, missing)),
        **dict(_tokens(values, place, missing)),
    )
    return payment, fraud


def _no(value: Any, wanted: str) -> str:
    return "it is empty" if value is None else f"{str(value)[:40]!r} is no {wanted}"


def _currency(values: Mapping[str, list[Any]], place: int) -> str:
    code = text(values["currency"][place]) if "currency" in values else None
    fits = code is not None and len(code) == 3 and code.isascii() and code.isalpha()
    return code.upper() if code is not None and fits else UNKNOWN_CURRENCY


def _tokens(
    values: Mapping[str, list[Any]], place: int, missing: Counter[str]
) -> Iterator[tuple[str, str]]:
    for name in TOKENS:
        if name in values:
            token = text(values[name][place])
            if token is None or len(token) > ID_MOST:
                missing[name] += 1
            else:
                yield name, token


def _known_numbers(
    numbers: Mapping[str, list[Any]], place: int, missing: Counter[str]
) -> Iterator[Number]:
    for name, column in numbers.items():
        value = number(column[place])
        if value is None:
            missing[name] += 1
        else:
            yield Number(name=name, value=value)


# ---- columns of numbers ----------------------------------------------------------------------------


def _numbers(
    columns: Mapping[str, list[Any]], named: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """The columns that are numbers sent along, and those that cannot be, with the reason."""
    labels = [truth(value) for value in columns[named["label"]]]
    moments = [moment(value) for value in columns[named["occurred_at"]]]
    taken: list[str] = []
    left_out: dict[str, str] = {}
    for name, column in columns.items():
        if name in named.values():
            continue
        values = [number(value) for value in column]
        reason = _unfit(name, column, values, labels, moments)
        if reason is None and len(taken) == NUMBERS_MOST:
            reason = f"only {NUMBERS_MOST} numbers can be sent along"
        if reason is None:
            taken.append(name)
        else:
            left_out[name] = reason
    return taken, left_out


def _unfit(
    name: str,
    column: Sequence[Any],
    values: Sequence[float | None],
    labels: Sequence[bool | None],
    moments: Sequence[int | None],
) -> str | None:
    given = sum(1 for value in column if value is not None and value != "")
    known = sum(1 for value in values if value is not None)
    if not known:
        return "it holds no numbers"
    if known < NUMERIC_SHARE * given:
        return f"only {known} of its {given} values are numbers"
    if len(name) > ID_MOST:
        return f"its name has more than {ID_MOST} characters"
    if _tells(values, labels):
        return "it tells the label by itself, so it can be known no earlier than the label"
    if _clock(values, moments):
        return "it only rises with time"
    return None


def _tells(values: Sequence[float | None], labels: Sequence[bool | None]) -> bool:
    """True when frauds and honest payments have no value in common, or a bound lies between them."""
    frauds = {v for v, label in zip(values, labels, strict=True) if label and v is not None}
    count = sum(1 for v, label in zip(values, labels, strict=True) if label and v is not None)
    honest = {v for v, label in zip(values, labels, strict=True) if label is False}
    honest.discard(None)
    if count < LEAST_FRAUDS or not honest:
        return False
    numbers = [value for value in honest if value is not None]
    apart = min(frauds) > max(numbers) or max(frauds) < min(numbers)
    return apart or (len(frauds) <= count / 2 and frauds.isdisjoint(numbers))


def _clock(values: Sequence[float | None], moments: Sequence[int | None]) -> bool:
    """True when a column takes many values and never falls from one moment to a later one."""
    known = [
        (at, value)
        for at, value in zip(moments, values, strict=True)
        if at is not None and value is not None
    ]
    in_time = [value for _, value in sorted(known)]
    rises = all(earlier <= later for earlier, later in pairwise(in_time))
    return rises and len(set(in_time)) >= CLOCK_VALUES
