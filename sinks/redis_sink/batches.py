"""A batch of the log as a few short calls: cut at records, the newest of each identity only.

Parts of a partition are chained: each begins where the one before ends, and the script refuses one
that does not begin at the cursor. So they can be sent together, and a refusal stops all that follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sinks.redis_sink.views import FEEDS, STEPS, Argument, Operation, View, view
from sinks.source import Batch, Heard

# A score costs some 4 us in Valkey: one call stays well below 5 ms, also on a busy machine.
OPERATIONS_MOST = 250

Steps = list[list[tuple[Argument, ...]]]
Meant = tuple[Heard, list[Operation]]


class Part(NamedTuple):
    """What one call writes: [start, end) of a partition for one view."""

    start: int
    end: int
    occurred_at: int | None  # of the last outcome heard; none: none was heard
    recorded_at: int  # of the last record; 0: there is none
    outcomes: int
    steps: Steps


def parts(of: View, batch: Batch, most: int = OPERATIONS_MOST) -> Iterator[Part]:
    """The batch for one view, of at most so many operations each (or one record)."""
    start = batch.start
    *chunks, last = _chunks(of, batch, most)
    for chunk in chunks:
        heard = chunk[-1][0]
        yield _part(start, heard.offset + 1, chunk, heard.recorded_at)
        start = heard.offset + 1
    yield _part(start, batch.end, last, batch.recorded_at)


def _chunks(of: View, batch: Batch, most: int) -> list[list[Meant]]:
    """Cut where the operations would be too many; the last one may be empty.

    What is broadcast lies in every partition alike: the first one's is enough.
    """
    chunks: list[list[Meant]] = [[]]
    held = 0
    for heard in batch.heard:
        again = heard.outcome.BROADCAST and batch.place.partition > 0
        if again or FEEDS[type(heard.outcome)] is not of:
            continue
        operations = list(view(heard.outcome))
        if chunks[-1] and held + len(operations) > most:
            chunks.append([])
            held = 0
        chunks[-1].append((heard, operations))
        held += len(operations)
    return chunks


def _part(start: int, end: int, chunk: list[Meant], recorded_at: int) -> Part:
    occurred_at: int | None = None
    if chunk:
        occurred_at = chunk[-1][0].outcome.occurred_at  # type: ignore[attr-defined]  # all declare it
    return Part(start, end, occurred_at, recorded_at, len(chunk), _steps(chunk))


def _steps(chunk: list[Meant]) -> Steps:
    """Arguments by step; of the same identity the newest."""
    found: list[dict[tuple[str, ...], tuple[Argument, ...]]] = [{} for _ in STEPS]
    for _, operations in chunk:
        for operation in operations:
            found[operation.step][operation.identity] = operation.arguments
    return [list(step.values()) for step in found]
