"""A view's rows beside what the log comes to: every difference is a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from audit.books import Key, Table, Tables

NOTHING = object()


def differences(
    view: str,
    expected: Tables,
    found: Tables,
    judged: Callable[[str, Key], bool] = lambda _table, _key: True,
) -> Iterator[str]:
    """All rows that are missing, too many or other than they should be, of the tables of the view."""
    for name, table in found.items():
        wanted = _part(expected[name], table)
        for key in sorted(wanted.keys() | table.keys(), key=str):
            if judged(name, key):
                yield from _difference(
                    f"{view} {name} {'/'.join(map(str, key))}",
                    wanted.get(key, NOTHING),
                    table.get(key, NOTHING),
                )


def _difference(place: str, wanted: object, found: object) -> Iterator[str]:
    if wanted == found:
        return
    if found is NOTHING:
        yield f"{place}: is not there, the log makes it {wanted}"
    elif wanted is NOTHING:
        yield f"{place}: says {found}, the log knows of none"
    else:
        yield f"{place}: says {found}, the log makes it {wanted}"


def _part(wanted: Table, table: Table) -> Table:
    """Of records the fields that this view shows."""
    shown = next(iter(table.values()), None)
    if not isinstance(shown, Mapping):
        return wanted
    return {key: {field: row[field] for field in shown} for key, row in wanted.items()}
