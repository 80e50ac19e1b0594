"""The segments: data that every members partition holds whole, the newest version of each.

A version holds from when it is heard. Members are looked at when something is said of them and when their own
week begins, so a new segment is full a week later, and nothing is stopped to fill it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, assert_never

from msgspec import Struct, field

from agents import Place, StateMap, Table, Tables
from agents.expressions import Unfit
from agents.segments.facts import language
from agents.versions import not_next
from schemas.segments import (
    Segment,
    SegmentAccepted,
    SegmentChanged,
    SegmentRefused,
    SegmentRetired,
)

NAME = "segments"
SEGMENTS_MOST = 100


class Held(Struct, frozen=True, array_like=True):
    """The newest version; no `segment`: it is retired."""

    version: int
    segment: Segment | None


class Segments(Struct):
    """The ids of those that hold, in the order in which they were made; all ever made."""

    ids: list[str] = field(default_factory=list)
    held: StateMap[Held] = field(default_factory=StateMap)


class Holding(NamedTuple):
    """A segment that holds."""

    segment_id: str
    version: int
    segment: Segment


Change = SegmentChanged | SegmentRetired
Answer = SegmentAccepted | SegmentRefused


def holding(tables: Tables) -> list[Holding]:
    """The segments that hold now."""
    state: Segments = tables[NAME]
    found = []
    for segment_id in state.ids:
        held = state.held[segment_id]
        assert held.segment is not None, segment_id
        found.append(Holding(segment_id, held.version, held.segment))
    return found


def react(state: Segments, event: Change, place: Place) -> Iterator[Answer]:
    """Keep the version or refuse it with every reason; partition 0 says so."""
    match event:
        case SegmentChanged():
            reasons = [*_numbered(state, event), *wrong(event.segment)]
            if not reasons:
                if event.segment_id not in state.ids:
                    state.ids.append(event.segment_id)
                state.held[event.segment_id] = Held(event.version, event.segment)
        case SegmentRetired():
            known = event.segment_id in state.ids
            reasons = [] if known else ["There is no such segment, or it is retired already."]
            if known:
                version = state.held[event.segment_id].version + 1
                state.ids.remove(event.segment_id)
                state.held[event.segment_id] = Held(version, None)
        case _:
            assert_never(event)
    if place.partition == 0:
        yield _answer(state, event, reasons)


def _answer(state: Segments, event: Change, reasons: list[str]) -> Answer:
    if reasons:
        return SegmentRefused(
            segment_id=event.segment_id,
            occurred_at=event.occurred_at,
            changed_by=event.changed_by,
            reasons=reasons,
        )
    held = state.held[event.segment_id]
    return SegmentAccepted(
        segment_id=event.segment_id,
        occurred_at=event.occurred_at,
        version=held.version,
        changed_by=event.changed_by,
        segment=held.segment,
    )


def _numbered(state: Segments, event: SegmentChanged) -> Iterator[str]:
    held = state.held.get(event.segment_id)
    following = 1 if held is None else held.version + 1
    yield from not_next(event.segment_id, event.version, following)
    if event.segment_id not in state.ids and len(state.ids) >= SEGMENTS_MOST:
        yield f"There are {SEGMENTS_MOST} segments already: retire one first."


def wrong(segment: Segment) -> Iterator[str]:
    """What is wrong with a segment in itself, for people to read."""
    for field_name in ("enters", "leaves"):
        text = getattr(segment, field_name)
        try:
            if text:
                language().check(text)
        except Unfit as unfit:
            yield from (f"{field_name}: {reason}" for reason in unfit.reasons)


SEGMENTS: Table[Any] = Table(NAME, Segments, frozenset({SegmentChanged, SegmentRetired}), react)
