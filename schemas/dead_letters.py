"""The dead letter: what could not be taken, with the reason in a sentence for people.

Nothing is lost: up to 256 KiB of the record is kept, and the place where the whole lies, so that it
can be replayed.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from schemas import topics
from schemas.record import Outcome, Timestamp, Word, doc


class DeadLetterProblem(Word):
    """Why a record was not taken. Enum order = order of the checks."""

    UNKNOWN = "UNKNOWN"
    UNREADABLE = "UNREADABLE"
    UNKNOWN_SCHEMA = "UNKNOWN_SCHEMA"
    OVERSIZE = "OVERSIZE"
    INVALID = "INVALID"
    WRONG_TOPIC = "WRONG_TOPIC"
    WRONG_KEY = "WRONG_KEY"
    IN_THE_FUTURE = "IN_THE_FUTURE"
    TOO_OLD = "TOO_OLD"
    CONFLICTS = "CONFLICTS"
    RAISED = "RAISED"


class DeadLettered(Outcome, frozen=True, kw_only=True):
    """A record that was not taken; `occurred_at` is its Kafka timestamp, as its own may be unreadable."""

    KEY: ClassVar[str] = "source"
    STAGE: ClassVar[str] = ""
    SAID_IN: ClassVar[str] = ""
    TOPIC: ClassVar[str] = topics.DEAD_LETTERS
    source: Annotated[str, doc("Where it lies: topic/partition/offset.")]
    occurred_at: Timestamp
    caused_by: Annotated[
        str, doc("Its event id, when it could be read; else empty.", filled=True)
    ] = ""
    stage: Annotated[str, doc("The stage that could not take it.")]
    problem: DeadLetterProblem
    detail: Annotated[str, doc("What is wrong and what to do, for a person; no personal data.")]
    topic: Annotated[str, doc("Topic it came from.")]
    partition: Annotated[int, doc("Partition it came from.", ge=0)]
    offset: Annotated[int, doc("Offset it came from.", ge=0)]
    record_key: Annotated[bytes | None, doc("Its key, as it came.")] = None
    record_value: Annotated[bytes | None, doc("Its value, as it came; cut at 256 KiB.")] = None
