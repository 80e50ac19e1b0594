"""How a sink ends: its exit codes are a worker's, so that one supervisor reads both.

A sink never limps on: it exits, and its supervisor starts it again from its cursors.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a sink's exit says; only REFUSED is not cured by starting it again."""

    STOPPED = 0  # asked to, and all committed
    REFUSED = 2  # settings, topics or cursors that cannot be worked with
    FENCED = 3  # another sink moved the cursor
    BROKEN = 4  # an inside writer sent what this version cannot read
    UNEXPECTED = 70  # anything else


class Refused(Exception):
    """What is there cannot be worked with: a short fact, the detail, what to do."""


class Fenced(Exception):
    """The view's cursor is not where this sink left it: another one is at work."""


class Broken(Exception):
    """An inside writer sent what this version cannot read."""


def exit_code(error: BaseException) -> ExitCode:
    """Which exit an error asks for."""
    match error:
        case Refused():
            return ExitCode.REFUSED
        case Fenced():
            return ExitCode.FENCED
        case Broken():
            return ExitCode.BROKEN
        case _:
            return ExitCode.UNEXPECTED
