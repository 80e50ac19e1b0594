"""Named places where a test can kill or stop a worker, so that each is tried and not only hoped for.

Armed by one setting that is refused outside tests: NAME:ACTION:NTH[:STAGE], for instance
`before-commit:kill:3:members`. Unarmed, reaching a place costs one comparison.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from dataclasses import dataclass, field

NAMES = (
    "after-decode",  # agents have reacted, the transaction is not begun
    "mid-outputs",  # some records are with the broker, some are not
    "before-commit",  # offsets are in the transaction, its end is not
    "between-commit-and-store",
    "in-restore",
    "in-revoke",
)


class FailpointReached(Exception):
    """What the action `raise` does: an error that nobody expects."""


@dataclass(slots=True)
class Failpoints:
    """At most one place, armed for its nth passing."""

    name: str = ""
    action: str = "kill"
    nth: int = 1
    stage: str = ""
    passed: int = field(default=0)

    @classmethod
    def parse(cls, text: str) -> Failpoints:
        """From NAME:ACTION:NTH[:STAGE]; empty arms nothing. Raises `ValueError`."""
        if not text:
            return cls()
        name, action, nth, *stage = text.split(":")
        if name not in NAMES:
            raise ValueError(f"There is no failpoint {name}; there are {', '.join(NAMES)}.")
        return cls(name, action, int(nth), stage[0] if stage else "")

    def reach(self, name: str, stages: Collection[str]) -> None:
        """Pass a place, on behalf of these stages; at the armed time, be killed or stopped here."""
        if name != self.name or (self.stage and self.stage not in stages):
            return
        self.passed += 1
        if self.passed != self.nth:
            return
        if self.action == "raise":
            raise FailpointReached(name)
        os.kill(os.getpid(), signal.SIGKILL if self.action == "kill" else signal.SIGSTOP)
