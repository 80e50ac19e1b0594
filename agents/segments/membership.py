"""Who is in which segment: a member enters and leaves as what is known of them changes, or as time goes by.

A member is looked at when their persona is said, and at the beginning of each of their own weeks: by then the
score has fallen with silence, a new segment may be there, or an old one retired. Who gives no sign for
`SILENT_MOST` leaves all segments and is left alone until they come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, Tables, Woken
from agents.expressions import Value
from agents.loyalty.snapshots import WEEK, begin_of, rhythm, week_of
from agents.segments.definitions import Holding, holding
from agents.segments.facts import (
    Known,
    facts,
    language,
    learn_persona,
    learn_score,
    learn_tier,
    named,
)
from schemas.loyalty import LoyaltyScored
from schemas.persona import PersonaChanged
from schemas.record import Event, Outcome
from schemas.segments import Exit, SegmentEntered, SegmentLeft
from schemas.tiers import TierChanged

SILENT_MOST = 104 * WEEK
AFTER_SCORE = 60_000  # loyalty scores at the beginning of the same week: it is heard first


class Inside(Struct, frozen=True, array_like=True):
    """In a segment since then, by this version of it."""

    version: int
    entered_at: int


class Membership(Struct):
    """What is known of a member, the segments that they are in, and when they are looked at next."""

    known: Known = field(default_factory=Known)
    inside: dict[str, Inside] = field(default_factory=dict)
    wakes_at: int | None = None


Heard = LoyaltyScored | PersonaChanged | TierChanged | Woken
Said = SegmentEntered | SegmentLeft


def react(state: Membership, event: Heard, tables: Tables) -> Iterator[Said]:
    """Take it in, and see where the member belongs now."""
    match event:
        case LoyaltyScored():
            learn_score(state.known, event)
            _keep_awake(state, event.member_id, event.occurred_at)
        case PersonaChanged():
            learn_persona(state.known, event)
            _keep_awake(state, event.member_id, event.occurred_at)
            yield from _look(state, event.member_id, event.occurred_at, tables)
        case TierChanged():
            learn_tier(state.known, event)  # it comes before an order's score and persona
        case Woken(key=member_id, occurred_at=at):
            if at - state.known.active_at >= SILENT_MOST:
                yield from _forget(state, member_id, at)
            else:
                state.wakes_at = at + WEEK
                yield from _look(state, member_id, at, tables)
        case _:
            assert_never(event)


def wake_at(state: Membership) -> int | None:
    """Just after the beginning of the member's next week."""
    return state.wakes_at


def _keep_awake(state: Membership, member_id: str, at: int) -> None:
    if state.wakes_at is None and at - state.known.active_at < SILENT_MOST:
        own = rhythm(member_id)
        state.wakes_at = begin_of(own, week_of(own, at) + 1) + AFTER_SCORE


def _look(state: Membership, member_id: str, at: int, tables: Tables) -> Iterator[Said]:
    """Leave what no longer holds, then enter what does."""
    known, every = facts(state.known, at), holding(tables)
    here = {one.segment_id for one in every}
    for segment_id in [one for one in state.inside if one not in here]:
        yield _left(state, member_id, segment_id, at, Exit.RETIRED)
    enters = language().holding(tuple(one.segment.enters for one in every), known)
    leaves = language().holding(tuple(one.segment.leaves or "false" for one in every), known)
    for one, entering, leaving in zip(every, enters, leaves, strict=True):
        if one.segment_id in state.inside:
            if leaving if one.segment.leaves else not entering:
                yield _left(state, member_id, one.segment_id, at, Exit.NO_LONGER, one, known)
        elif entering and not leaving:
            yield _entered(state, member_id, one, at, known)


def _entered(
    state: Membership, member_id: str, one: Holding, at: int, known: dict[str, Value]
) -> SegmentEntered:
    state.inside[one.segment_id] = Inside(one.version, at)
    return SegmentEntered(
        member_id=member_id,
        occurred_at=at,
        segment_id=one.segment_id,
        version=one.version,
        facts=named([one.segment.enters], known),
    )


def _left(
    state: Membership,
    member_id: str,
    segment_id: str,
    at: int,
    reason: Exit,
    one: Holding | None = None,
    known: dict[str, Value] | None = None,
) -> SegmentLeft:
    inside = state.inside.pop(segment_id)
    texts = [] if one is None else [one.segment.leaves or one.segment.enters]
    return SegmentLeft(
        member_id=member_id,
        occurred_at=at,
        segment_id=segment_id,
        version=inside.version if one is None else one.version,
        entered_at=inside.entered_at,
        reason=reason,
        facts=named(texts, known or {}),
    )


def _forget(state: Membership, member_id: str, at: int) -> Iterator[SegmentLeft]:
    """What is known stays: with the next sign the member is as they were."""
    for segment_id in list(state.inside):
        yield _left(state, member_id, segment_id, at, Exit.SILENT)
    state.wakes_at = None


HEARS: frozenset[type[Event | Outcome]] = frozenset({LoyaltyScored, PersonaChanged, TierChanged})
MEMBERSHIP: Agent[Any] = Agent("membership", Membership, HEARS, react, wake_at)
