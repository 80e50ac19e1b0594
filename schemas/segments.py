"""The words of segments: who is in a group of members, by an expression over what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
from msgspec import Struct

from schemas.record import IDENTIFIER, Cause, Event, MemberOutcome, Outcome, Timestamp, Word, doc

FIRST = Path(__file__).with_suffix(".json")
SegmentId = Annotated[str, doc("The segment.", **IDENTIFIER)]
Version = Annotated[int, doc("Version of the segment, counted from 1.", ge=1)]
Operator = Annotated[str, doc("The operator.", **IDENTIFIER)]


class Segment(Struct, frozen=True, kw_only=True):
    """Who is in a segment. The names in expressions are in docs/segments.md."""

    name: Annotated[str, doc("For people.", max_length=100)]
    enters: Annotated[str, doc("A member enters where this holds.", min_length=1, max_length=2_000)]
    leaves: Annotated[
        str,
        doc("A member leaves where this holds; empty: where `enters` does not.", max_length=2_000),
    ] = ""


class SegmentChanged(Event, frozen=True, kw_only=True):
    """An operator set the next version of a segment; it holds from when it is heard."""

    KEY: ClassVar[str] = "segment_id"
    STAGE: ClassVar[str] = "members"
    BROADCAST: ClassVar[bool] = True
    segment_id: SegmentId
    occurred_at: Timestamp
    version: Version
    changed_by: Operator
    segment: Annotated[Segment, doc("What holds.")]


class SegmentRetired(Event, frozen=True, kw_only=True):
    """An operator ended a segment: all its members leave."""

    KEY: ClassVar[str] = "segment_id"
    STAGE: ClassVar[str] = "members"
    BROADCAST: ClassVar[bool] = True
    segment_id: SegmentId
    occurred_at: Timestamp
    changed_by: Operator


class SegmentAccepted(Outcome, frozen=True, kw_only=True):
    """A version of a segment holds; without a `segment` it is retired."""

    KEY: ClassVar[str] = "segment_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    segment_id: SegmentId
    occurred_at: Timestamp
    caused_by: Cause = ""
    version: Version
    changed_by: Operator
    segment: Annotated[Segment | None, doc("What holds; none: it is retired.")] = None


class SegmentRefused(Outcome, frozen=True, kw_only=True):
    """A change of a segment was not taken, and why."""

    KEY: ClassVar[str] = "segment_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    segment_id: SegmentId
    occurred_at: Timestamp
    caused_by: Cause = ""
    changed_by: Operator
    reasons: Annotated[list[str], doc("Every reason, for people.")]


class Fact(Struct, frozen=True, kw_only=True):
    """What was known under a name of the expression; a list of words is joined by commas."""

    name: Annotated[str, doc("The name.")]
    number: Annotated[float | None, doc("Its value, if it is a number.")] = None
    word: Annotated[str | None, doc("Its value, if it is a word or words.")] = None


class SegmentEntered(MemberOutcome, frozen=True, kw_only=True):
    """The member is in the segment from now on."""

    segment_id: SegmentId
    version: Version
    facts: Annotated[list[Fact], doc("What the expression names, as it was: the reason.")]


class Exit(Word):
    """Why a member left a segment, in the order of the checks."""

    UNKNOWN = "UNKNOWN"
    RETIRED = "RETIRED"
    SILENT = "SILENT"
    NO_LONGER = "NO_LONGER"


class SegmentLeft(MemberOutcome, frozen=True, kw_only=True):
    """The member is no longer in the segment."""

    segment_id: SegmentId
    version: Version
    entered_at: Timestamp
    reason: Annotated[
        Exit, doc("RETIRED, SILENT (two years without a sign), or by its expressions.")
    ]
    facts: Annotated[list[Fact], doc("What the expressions name, as it was: the reason.")]


SEGMENT_ACTIONS: tuple[type[Event], ...] = (SegmentChanged, SegmentRetired)
SEGMENT_OUTCOMES: tuple[type[Outcome], ...] = (
    SegmentAccepted,
    SegmentRefused,
    SegmentEntered,
    SegmentLeft,
)


def first_segments(at: int, changed_by: str, path: Path = FIRST) -> Iterator[SegmentChanged]:
    """The segments that an installation can begin with, as actions; `at` in milliseconds.

    The same `at` gives the same ids. Raises `OSError`, `msgspec.DecodeError`.
    """
    found = msgspec.json.decode(path.read_bytes(), type=dict[str, Segment])
    for segment_id, segment in found.items():
        yield SegmentChanged(
            event_id=f"first-{segment_id}-{at}",
            segment_id=segment_id,
            occurred_at=at,
            version=1,
            changed_by=changed_by,
            segment=segment,
        )
