"""The risk rules that an installation begins with: `risk_rules.json`, to be read, copied and changed.

They are sent as the first versions by whoever starts an installation; from then on what operators set holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from schemas.risk import RiskRule, RiskRuleChanged

FILE = Path(__file__).with_suffix(".json")


def first_rules(path: Path = FILE) -> dict[str, RiskRule]:
    """The rules of a file by their ids, in its order. Raises `OSError`, `msgspec.DecodeError`."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, RiskRule])


def first_versions(at: int, changed_by: str) -> Iterator[RiskRuleChanged]:
    """The rules as actions: all hold from `at` (milliseconds) on. The same `at` gives the same ids."""
    for rule_id, rule in first_rules().items():
        yield RiskRuleChanged(
            event_id=f"first-{rule_id}-{at}",
            rule_id=rule_id,
            occurred_at=at,
            version=1,
            effective_at=at,
            changed_by=changed_by,
            rule=rule,
        )
