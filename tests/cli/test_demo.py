"""What the demo came to: a question without an answer is no zero."""

from __future__ import annotations

import msgspec
import pytest

from audit.auditor import Audit
from cli.demo import figures_of
from cli.status import Behind, Status
from replay.writer import Progress

ASKED = Status(
    folder="f",
    processes=[],
    versions={},
    views={"postgres": Behind(0, 0.0)},
    ledger_sum=0,
    dead_letters=0,
)
ROWS = [
    ({}, 0, [], True),
    ({}, 3, [], False),
    ({"ledger_sum": 2}, 0, [], False),
    ({"ledger_sum": None}, 0, ["the ledger's sum"], False),
    ({"dead_letters": None}, 0, ["the dead letters"], False),
    ({"views": {}}, 0, ["the lag of every view"], False),
    ({"troubles": ["Redis does not answer."]}, 0, ["the lag of every view"], False),
]


@pytest.mark.parametrize(("status", "audit_sum", "unknown", "right"), ROWS)
def test_what_could_not_be_asked_is_not_zero(
    status: dict[str, object], audit_sum: int, unknown: list[str], right: bool
) -> None:
    """It is null in the figures, it is named, and the demo does not end well."""
    asked = msgspec.structs.replace(ASKED, **status)
    found = figures_of(asked, Progress(), 1.0, 0, Audit(ledger_sum=audit_sum), 0.0)
    assert (found.unknown, found.right) == (unknown, right)
    written = msgspec.json.decode(msgspec.json.encode(found))
    nulls = [name for name, value in written.items() if value is None]
    assert len(nulls) == len(unknown)
