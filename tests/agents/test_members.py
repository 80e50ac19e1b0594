"""A person is enrolled once."""

from __future__ import annotations

import pytest

from agents.members import MEMBERS
from schemas.actions import MemberRegistered
from schemas.outcomes import MemberEnrolled
from tests.agents.rows import Life, ids


def registered(event_id: str, country: str | None, at: int) -> MemberRegistered:
    return MemberRegistered(event_id=event_id, member_id="m", occurred_at=at, country=country)


ROWS = [
    ("once", [registered("e1", "GB", 5)], [("GB", 5)]),
    ("without a country", [registered("e1", None, 5)], [(None, 5)]),
    ("again: nothing new", [registered("e1", "GB", 5), registered("e2", "GB", 9)], [("GB", 5)]),
    ("elsewhere: the first holds", [registered("e1", "GB", 5), registered("e2", "FR", 9)], [("GB", 5)]),
    ("of the first moment of all", [registered("e1", "GB", 0), registered("e2", "GB", 0)], [("GB", 0)]),
]  # fmt: skip


@pytest.mark.parametrize(("events", "said"), [row[1:] for row in ROWS], ids=ids(ROWS))
def test_enrolled_once(events: list[MemberRegistered], said: list[tuple[str | None, int]]) -> None:
    """The first registration that is heard enrols; any other says nothing."""
    found = Life(MEMBERS).hear(*events)
    assert [(o.country, o.occurred_at) for o in found if isinstance(o, MemberEnrolled)] == said
    assert len(found) == len(said)
