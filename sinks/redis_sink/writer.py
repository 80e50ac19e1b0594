"""The one writer of the views in Redis: batches through Lua, each call with its cursor.

Nothing is remembered but what Redis holds: where its cursors are not what the writer believes (Redis
was flushed, came back with less, another sink wrote, the filling was switched) it is `Lost`, and
whoever drives it opens it again and reads on from what the cursors say then.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from redis import Redis
from redis.exceptions import NoScriptError

from sinks.metrics import ViewMetrics
from sinks.redis_sink import keys
from sinks.redis_sink.batches import Part, parts
from sinks.redis_sink.views import VIEWS, View
from sinks.source import Batch, Cursor, Place, TopicFacts, starts

FIRST = "v1"
SCRIPTS = {view.script for view in VIEWS}
PACK = msgspec.msgpack.Encoder()


class Lost(Exception):
    """Redis is not as this writer left it: open it again."""


class Writer:
    """Writes one filling: the one that is read, or (`filling` named) one that is being made."""

    def __init__(self, client: Redis, root: str, filling: str | None = None) -> None:
        self._client = client
        self._root = root
        self._made = filling
        self.filling = filling or FIRST
        self.positions: dict[View, dict[Place, int]] = {}
        self._metrics = {view: ViewMetrics(f"redis_{view.name}") for view in VIEWS}
        self._hashes: dict[str, str] = {}

    def open(self, facts: Mapping[str, TopicFacts]) -> dict[Place, int]:
        """Look where every view stands; returns the lowest position of each partition.

        Raises `Refused` when a view is of another topic than there is now.
        """
        if self._made is None:
            self.filling = current(self._client, self._root, claim=FIRST)
        self._hashes = {
            script: self._client.script_load(keys.script("begin", script, "advance"))
            for script in SCRIPTS
        }
        self.positions = {
            view: starts({view.topic: facts[view.topic]}, self._cursors(view, facts[view.topic]))
            for view in VIEWS
        }
        return lowest(self.positions)

    def write(self, batches: Iterable[Batch]) -> None:
        """Write batches for every view that has not taken them yet. Raises `Lost`."""
        calls = [
            (view, batch.place, part)
            for batch in batches
            for view in VIEWS
            if view.topic == batch.place.topic
            for left in [batch.since(self.positions[view][batch.place])]
            if left is not None and left.end > left.start
            for part in parts(view, left)
        ]
        if calls:
            self._call(calls)

    def verify(self) -> None:
        """Look whether Redis is as it was left, for when nothing is to be written. Raises `Lost`."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.get(keys.pointer(self._root))
        for view, positions in self.positions.items():
            pipeline.hmget(
                self._cursor(view), [f"{place.partition}:position" for place in positions]
            )
        named, *found = pipeline.execute()
        if self._made is None and named != self.filling.encode():
            raise Lost(f"the filling {self.filling} is no longer the one that is read")
        for (view, positions), values in zip(self.positions.items(), found, strict=True):
            if [int(value or 0) for value in values] != list(positions.values()):
                raise Lost(f"the cursor of {view.name} is not where it was left")

    def _call(self, calls: list[tuple[View, Place, Part]]) -> None:
        """All calls in one round trip; what was written counts, also when a later one is refused."""
        began = time.monotonic()
        pipeline = self._client.pipeline(transaction=False)
        for view, place, part in calls:
            pipeline.evalsha(self._hashes[view.script], 1, *self._arguments(view, place, part))
        try:
            answers: list[Any] = pipeline.execute()
        except NoScriptError as error:
            raise Lost("Redis does not know the scripts: it was started again") from error
        seconds = time.monotonic() - began
        for (view, place, part), answer in zip(calls, answers, strict=True):
            if answer == b"WRITTEN":
                self.positions[view][place] = part.end
                self._metrics[view].wrote(part.outcomes, seconds)
        self._refused(calls, answers)

    def _refused(self, calls: list[tuple[View, Place, Part]], answers: list[Any]) -> None:
        for (view, place, part), answer in zip(calls, answers, strict=True):
            if answer == b"MOVED":
                raise Lost(f"the filling {self.filling} is no longer the one that is read")
            if answer != b"WRITTEN":
                raise Lost(
                    f"the cursor of {view.name} in partition {place.partition} is at "
                    f"{bytes(answer).decode()}, not at {part.start}"
                )

    def _arguments(self, view: View, place: Place, part: Part) -> list[Any]:
        return [
            self._cursor(view),
            f"{self._root}{self.filling}:",
            "" if self._made else keys.pointer(self._root),
            self.filling,
            place.partition,
            part.start,
            part.end,
            "" if part.occurred_at is None else part.occurred_at,
            part.recorded_at,
            PACK.encode(part.steps),
            view.name,
        ]

    def _cursors(self, view: View, facts: TopicFacts) -> dict[Place, Cursor]:
        """The view's cursors; a view that is new is marked with the topic that it is made from."""
        pointer = "" if self._made else keys.pointer(self._root)
        flat: Any = self._client.eval(
            keys.script("open"),
            1,
            self._cursor(view),
            pointer,
            self.filling,
            facts.topic_id,
            str(facts.partitions),
        )
        if flat == b"MOVED":
            raise Lost(f"the filling {self.filling} is no longer the one that is read")
        words = [word.decode() for word in flat]
        fields = dict(zip(words[::2], words[1::2], strict=True))
        topic_id, partitions = fields["topic_id"], int(fields["partitions"])
        return {
            Place(view.topic, n): Cursor(int(fields.get(f"{n}:position", 0)), topic_id, partitions)
            for n in range(partitions)
        }

    def _cursor(self, view: View) -> str:
        return keys.key(self._root, self.filling, "cursor", view.name)

    def lags(self, lag: Mapping[Place, int], recorded_at: Mapping[Place, int]) -> None:
        """Tell the figures how far each view is behind."""
        for view, metrics in self._metrics.items():
            places = self.positions[view]
            metrics.lags(
                sum(lag.get(place, 0) for place in places),
                max((recorded_at.get(place, 0) for place in places), default=0),
            )


def lowest(positions: Mapping[View, Mapping[Place, int]]) -> dict[Place, int]:
    """Where to read from in each partition, so that no view misses anything."""
    found: dict[Place, int] = {}
    for places in positions.values():
        for place, position in places.items():
            found[place] = min(position, found.get(place, position))
    return found


def current(client: Redis, root: str, claim: str = "") -> str:
    """The filling that is read; with `claim`, that one where none is yet, else none: empty."""
    if claim:
        client.set(keys.pointer(root), claim, nx=True)
    named: Any = client.get(keys.pointer(root))
    return named.decode() if isinstance(named, bytes) else named or claim
