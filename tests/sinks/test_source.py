"""The log as a sink reads it: positions, ends, types, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from confluent_kafka.admin import AdminClient

from schemas import codec
from schemas.outcomes import MemberEnrolled, ProductSold
from schemas.samples import sample
from sinks.ending import Broken, Refused
from sinks.source import Batch, Cursor, Place, Source, TopicFacts, read_ends, read_facts, starts
from tests.sinks.log import Log

MEMBERS = "outcomes.members"
ENROLLED = sample(MemberEnrolled)
WANTED = {MEMBERS: [MemberEnrolled]}


def until(source: Source, done: Callable[[], bool], seconds: float = 60) -> list[Batch]:
    """Batches until `done`."""
    found: list[Batch] = []
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, (source.positions, found)
        found += source.take(0.1)
    return found


def at_end(source: Source, kafka: str, prefix: str) -> Callable[[], bool]:
    """Every position is the committed end of its partition."""
    ends = read_ends(kafka, source.facts, prefix)
    return lambda: source.positions == ends


def test_positions_count_control_records_and_batches_are_whole(kafka: str, unique: str) -> None:
    """Aborted records are not handed out; the end of a partition is beyond its last control record."""
    log = Log(kafka, unique).create(MEMBERS)
    log.write(MEMBERS, [ENROLLED] * 3)
    log.write(MEMBERS, [ENROLLED] * 2, aborted=True)
    source = Source(kafka, WANTED, unique)
    source.start(starts(source.facts, {}))
    found = until(source, at_end(source, kafka, unique))
    first = [batch for batch in found if batch.place == Place(MEMBERS, 0)]
    assert first[0].start == 0
    assert first[-1].end == 7  # 3 + commit + 2 + abort
    assert [b.end for b in first[:-1]] == [b.start for b in first[1:]]
    assert [h.offset for b in first for h in b.heard] == [0, 1, 2]
    assert all(h.outcome == ENROLLED for b in first for h in b.heard)
    log.write(MEMBERS, [ENROLLED])
    more = until(source, at_end(source, kafka, unique))
    assert [h.offset for b in more for h in b.heard] == [7]
    assert source.lag()[Place(MEMBERS, 0)] == 0
    source.close()


def test_types_that_nobody_asked_for_move_the_position_only(kafka: str, unique: str) -> None:
    """They are told by their fingerprint and not decoded: broken bytes behind it do not matter."""
    log = Log(kafka, unique).create(MEMBERS, partitions=1)
    log.write(MEMBERS, [codec.encode(sample(ProductSold))[:-3], ENROLLED], at=1_700_000_000_000)
    source = Source(kafka, WANTED, unique)
    source.start(starts(source.facts, {}))
    found = until(source, at_end(source, kafka, unique))
    assert [h.offset for b in found for h in b.heard] == [1]
    assert found[0].recorded_at == 1_700_000_000_000
    source.close()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xc3\x01" + bytes(8) + b"x", "fingerprint 0000000000000000 is not known"),
        (b"hello, this is text", "starts with 68 65"),
        (b"", "empty"),
    ],
)
def test_what_an_inside_writer_cannot_have_sent_stops_the_sink(
    kafka: str, unique: str, data: bytes, says: str
) -> None:
    """The message names topic, partition and offset, and what to do."""
    log = Log(kafka, unique).create(MEMBERS, partitions=1)
    log.write(MEMBERS, [ENROLLED, data])
    source = Source(kafka, WANTED, unique)
    source.start(starts(source.facts, {}))
    with pytest.raises(Broken, match=f"{MEMBERS}/0/1 cannot be read: .*{says}.*upgrade"):
        until(source, lambda: False)
    source.close()


def test_start_and_seek(kafka: str, unique: str) -> None:
    """A sink goes on from its cursors; a view that lost its own is read again from there."""
    log = Log(kafka, unique).create(MEMBERS, partitions=1)
    log.write(MEMBERS, [ENROLLED] * 4)
    source = Source(kafka, WANTED, unique)
    facts = source.facts[MEMBERS]
    place = Place(MEMBERS, 0)
    source.start(starts(source.facts, {place: Cursor(2, *facts)}))
    found = until(source, at_end(source, kafka, unique))
    assert [h.offset for b in found for h in b.heard] == [2, 3]
    source.seek({place: 1})
    found = until(source, at_end(source, kafka, unique))
    assert [h.offset for b in found for h in b.heard] == [1, 2, 3]
    whole = next(b for b in found if b.heard)
    later = whole.since(3)
    assert later is not None
    assert (later.start, [h.offset for h in later.heard]) == (3, [3])
    assert whole.since(whole.end) is None
    assert whole.since(0) is whole
    source.close()


def _until_gone(admin: AdminClient, topic: str) -> None:
    """A broker hears of it a moment after the controller."""
    for _ in range(100):
        if topic not in admin.list_topics(timeout=10).topics:
            return
        time.sleep(0.1)
    raise AssertionError(f"{topic} is still there")


def test_a_topic_made_anew_is_refused(kafka: str, unique: str) -> None:
    """Its positions mean nothing in the new one; the message says to rebuild."""
    Log(kafka, unique).create(MEMBERS)
    before = read_facts(kafka, [MEMBERS], unique)
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.delete_topics([unique + MEMBERS])[unique + MEMBERS].result(30)
    _until_gone(admin, unique + MEMBERS)
    with pytest.raises(Refused, match="does not exist"):
        read_facts(kafka, [MEMBERS], unique)
    Log(kafka, unique).create(MEMBERS)
    now = read_facts(kafka, [MEMBERS], unique)
    assert now != before
    cursors = {Place(MEMBERS, 0): Cursor(5, *before[MEMBERS])}
    assert starts(before, cursors) == {Place(MEMBERS, 0): 5, Place(MEMBERS, 1): 0}
    with pytest.raises(Refused, match=r"not the one that the view was made from.*views rebuild"):
        starts(now, cursors)


def test_a_topic_of_another_size_is_refused() -> None:
    """Keys lie in other partitions there."""
    with pytest.raises(Refused, match="2 partitions and is id with 3"):
        starts({MEMBERS: TopicFacts("id", 3)}, {Place(MEMBERS, 0): Cursor(5, "id", 2)})
