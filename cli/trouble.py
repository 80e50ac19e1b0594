"""What goes wrong for a person at the terminal: a short fact, the detail, what to do.

Every command's mistakes and the platform's absences end here; a traceback is a bug of ours.
"""

from __future__ import annotations

import psycopg
import redis
from confluent_kafka import KafkaException

from local.process import PlatformError


class Trouble(Exception):
    """Said to a person in three parts; `exit_code` 2 is a user's mistake, 1 anything else."""

    def __init__(self, fact: str, detail: str, remedy: str, *, exit_code: int = 1) -> None:
        super().__init__(f"{fact} {detail} {remedy}")
        self.fact = fact
        self.detail = detail
        self.remedy = remedy
        self.exit_code = exit_code


STARTED = "Is the platform up? See: memberstream status. Start it: memberstream up."

LOGS = "See: memberstream status; the logs of the processes are in the data folder, in logs/."
SETTINGS = "All variables: memberstream settings."


def explained(error: BaseException) -> Trouble | None:
    """The trouble behind an exception of a client library; None: not known, so a bug."""
    match error:
        case Trouble():
            return error
        case PlatformError():
            return Trouble("The platform did not do what was asked.", str(error), "")
        case KafkaException():
            return Trouble("Kafka does not answer.", _kafka(error), STARTED)
        case psycopg.OperationalError():
            return Trouble("Postgres does not answer.", _line(error), STARTED)
        case psycopg.errors.UndefinedTable() | psycopg.errors.InvalidSchemaName():
            return Trouble(
                "The tables are missing in Postgres.",
                _line(error),
                "Start a sink once, it creates them: memberstream sink postgres.",
            )
        case redis.ConnectionError() | redis.TimeoutError():
            return Trouble("Redis does not answer.", _line(error), STARTED)
        case _:
            return _refused(error)


def _refused(error: BaseException) -> Trouble | None:
    """What workers, sinks, replay and audit refuse; imported late, as only trouble needs them."""
    from audit.auditor import NotPassed
    from cli.watching import Stalled
    from replay.stopped import ReplayRefused
    from schemas.emitter import InvalidAction
    from sinks.ending import Refused as ViewRefused
    from streams.clock import TopicMissing
    from streams.ending import Refused
    from streams.settings import SettingsRefused

    match error:
        case SettingsRefused():
            return Trouble("A setting is refused.", str(error), SETTINGS, exit_code=2)
        case Refused() | ViewRefused() | ReplayRefused() | TopicMissing():
            return Trouble("This cannot be done here.", str(error), "", exit_code=2)
        case InvalidAction():
            return Trouble("Nothing was sent.", str(error), "", exit_code=2)
        case NotPassed() | Stalled():
            return Trouble("Not everything has caught up.", str(error), LOGS)
        case _:
            return None


def _kafka(error: KafkaException) -> str:
    first = error.args[0] if error.args else error
    return f"{first.str()}." if hasattr(first, "str") else f"{first}."


def _line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
