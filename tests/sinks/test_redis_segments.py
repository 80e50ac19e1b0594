"""Segments in Valkey: who is in one, and which ones a member is in, for who serves a page."""

from __future__ import annotations

import pytest

from schemas.segments import Exit, SegmentEntered, SegmentLeft
from tests.sinks.redis_case import MOMENT, Views


@pytest.fixture
def views(redis: str, unique: str) -> Views:
    return Views(redis, f"{unique}ms:")


def entered(member_id: str, segment_id: str, seconds: int = 0) -> SegmentEntered:
    return SegmentEntered(
        event_id=f"e-{member_id}-{segment_id}-{seconds}", member_id=member_id,
        occurred_at=MOMENT + 1_000 * seconds, segment_id=segment_id, version=1, facts=[],
    )  # fmt: skip


def left(member_id: str, segment_id: str, seconds: int) -> SegmentLeft:
    return SegmentLeft(
        event_id=f"l-{member_id}-{segment_id}-{seconds}", member_id=member_id,
        occurred_at=MOMENT + 1_000 * seconds, segment_id=segment_id, version=1,
        entered_at=MOMENT, reason=Exit.NO_LONGER, facts=[],
    )  # fmt: skip


def test_who_is_in_a_segment(views: Views) -> None:
    """Both ways; who left is gone, also within one batch; nothing is left of an empty segment."""
    views.hear(entered("m", "a"), entered("m", "b"), entered("n", "a"))
    views.hear(left("m", "a", 5), entered("o", "a", 6), left("o", "a", 7))
    assert views.queries.segment_members("a") == {"n"}
    assert views.queries.segment_members("b") == {"m"}
    assert views.queries.segments_of("m") == {"b": MOMENT}
    assert views.queries.segments_of("o") == {}
    views.hear(left("n", "a", 8))
    assert "segment:a" not in views.dump()
