"""The page about the keys in Redis is what the code says."""

from __future__ import annotations

from sinks.redis_sink.keys import FAMILIES
from sinks.redis_sink.keyspace import PAGE, page


def test_the_page_is_current() -> None:
    """Write it again with `python -m sinks.redis_sink.keyspace`."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_no_family_hides_another() -> None:
    """A key tells its family: no start is another one's start followed by a name."""
    starts = [family.start for family in FAMILIES]
    assert len(set(starts)) == len(starts)
    named = [start for start in starts if start.endswith(":")]
    assert not [(a, b) for a in named for b in starts if a != b and b.startswith(a)]
