"""What a partition puts into a transaction, and what is stored when that is committed.

Outputs; one changelog record for each changed key; and one for the source positions, so that every
transaction has a record in the changelog of every partition whose offsets it commits.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.behaviour import Effects
from streams.offset_commit import Membership
from streams.share import Owned, Share
from streams.store import SOURCES_KEY, Source, encode
from streams.transaction import Row

Records = dict[tuple[str, int], list[Row]]
Offsets = dict[tuple[str, int], int]


class Writing:
    """One partition's part of one transaction; made right before it, as effects are taken once."""

    def __init__(self, share: Share, owned: Owned) -> None:
        self.share = share
        self._owned = owned
        self._effects: Effects = owned.acquired.work.effects()
        self._log = (share.spec.changelog, owned.acquired.partition)

    @property
    def membership(self) -> Membership:
        """Under which all of it was fetched."""
        return self._owned.acquired.membership

    @property
    def outputs(self) -> int:
        """How many records it says."""
        return sum(map(len, self._effects.outputs.values()))

    def lay(self, records: Records, offsets: Offsets, now: int) -> None:
        """Add everything to a transaction's; `now` (ms) is the time of changelog records."""
        for at, rows in self._effects.outputs.items():
            known = records.get(at)
            if known is None:
                records[at] = rows
            else:
                known.extend(rows)
        for topic, position in self._owned.positions.items():
            offsets[topic, self._owned.acquired.partition] = position
        self._effects.changes[SOURCES_KEY] = encode(self._sources())
        records[self._log] = [(key, value, now) for key, value in self._effects.changes.items()]

    def store(self, ends: Mapping[tuple[str, int], int]) -> None:
        """After the commit; `ends`: the offset after the last record of each partition."""
        acquired = self._owned.acquired
        acquired.changelog_offset = max(ends[self._log], acquired.changelog_offset)
        changelog_id = self.share.facts[self.share.spec.changelog].topic_id
        acquired.store.write(self._effects.changes.items(), acquired.changelog_offset, changelog_id)
        acquired.work.committed()
        if self._effects.counted is not None:
            self.share.metrics.counted(self._effects.counted)
        self._owned.touched = False

    def _sources(self) -> dict[str, Source]:
        """How far each source was read, and of which topic that is."""
        facts, partitions = self.share.facts, self.share.spec.partitions
        return {
            topic: Source(position, facts[topic].topic_id, partitions)
            for topic, position in self._owned.positions.items()
        }
