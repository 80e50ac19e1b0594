"""How a worker ends: its exit codes, and the one way out for what nobody expected.

A worker never limps on: whatever is not foreseen ends the process at once, without clean-up, so
that nothing half-done is finished by a shutdown handler. The supervisor starts it again.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from enum import IntEnum
from typing import NoReturn

import structlog
from aiokafka.errors import ProducerFenced

from agents import BrokenLedger
from streams.settings import SettingsRefused
from streams.trouble import Broken


class ExitCode(IntEnum):
    """What a worker's exit says; only REFUSED is not cured by starting it again."""

    STOPPED = 0  # asked to, and all committed
    REFUSED = 2  # settings, topics or stores that cannot be worked with
    FENCED = 3  # another worker owns what this one held
    BROKEN = 4  # a ledger, a store or an inside writer is not what it must be
    UNEXPECTED = 70  # anything else


class Refused(Exception):
    """What is there cannot be worked with: a short fact, the detail, what to do."""


class Fenced(ProducerFenced):  # type: ignore[misc]  # aiokafka ships no types
    """The group or the transaction coordinator no longer takes this worker for the owner."""

    def __init__(self, msg: str = "a newer worker took over this transactional id") -> None:
        super().__init__(msg)


def exit_code(error: BaseException) -> ExitCode:
    """Which exit an error asks for."""
    match error:
        case Refused() | SettingsRefused():
            return ExitCode.REFUSED
        case ProducerFenced():
            return ExitCode.FENCED
        case Broken() | BrokenLedger():
            return ExitCode.BROKEN
        case _:
            return ExitCode.UNEXPECTED


def end_process(error: BaseException, where: str) -> NoReturn:
    """Log the error and leave at once, non-zero."""
    code = exit_code(error)
    details = "" if code is not ExitCode.UNEXPECTED else "".join(traceback.format_exception(error))
    structlog.get_logger().error(
        "worker_ends", where=where, exit=code.name, reason=str(error) or repr(error)
    )
    if details:
        sys.stderr.write(details)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
