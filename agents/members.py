"""Who is in the programme: a person is enrolled once, by the first registration that is heard.

Another registration of the same member, under another event id, says nothing new: platforms repeat
themselves at each log-in, and nobody waits for an answer. What it tells differently is not taken, as a
country that changes is another fact than a person who joins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from agents import Agent, Tables
from schemas.actions import MemberRegistered
from schemas.outcomes import MemberEnrolled


class Member(Struct):
    """Since when the member is in the programme; none: not yet."""

    enrolled_at: int | None = None


def react(state: Member, event: MemberRegistered, _tables: Tables) -> Iterable[MemberEnrolled]:
    """The first registration enrols."""
    if state.enrolled_at is not None:
        return ()
    state.enrolled_at = event.occurred_at
    return (
        MemberEnrolled(
            member_id=event.member_id, occurred_at=event.occurred_at, country=event.country
        ),
    )


MEMBERS: Agent[Any] = Agent("members", Member, frozenset({MemberRegistered}), react)
