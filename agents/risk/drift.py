"""Drift: whether the champion's loss has changed, by ADWIN over the means of blocks of examples.

river's detector (Bifet and Gavaldà, 2007) is asked anew each time over the blocks that are kept, so that the
state is a list of numbers and nothing of river's own lies in a log.
"""

from __future__ import annotations

from math import log
from typing import Any

from msgspec import Struct, field

BLOCK_EXAMPLES = 100
BLOCKS_KEPT = 400
CHECK_BLOCKS = 8
CONFIDENCE = 0.002  # ADWIN's delta: the share of false alarms that is borne
LEAST = 1e-6


class Losses(Struct, array_like=True):
    """Mean log loss by block, oldest first; `fresh` of them have not been looked at."""

    blocks: list[float] = field(default_factory=list)
    fresh: int = 0
    count: int = 0
    total: float = 0.0

    def add(self, one: float) -> None:
        """Add an example's loss."""
        self.count += 1
        self.total += one
        if self.count == BLOCK_EXAMPLES:
            self.blocks.append(self.total / self.count)
            del self.blocks[:-BLOCKS_KEPT]
            self.fresh = min(self.fresh + 1, len(self.blocks))
            self.count, self.total = 0, 0.0

    def drifted(self) -> bool:
        """Whether the alarm goes off within the fresh blocks, which are then no longer fresh."""
        from river.drift import ADWIN  # a second and 100 MiB, needed once a day in one process

        detector: Any = ADWIN(delta=CONFIDENCE, clock=CHECK_BLOCKS)  # type: ignore[no-untyped-call]  # river has no types here
        since, found = len(self.blocks) - self.fresh, False
        for number, mean in enumerate(self.blocks):
            detector.update(mean)
            found = found or (number >= since and detector.drift_detected)
        self.fresh = 0
        return found


def loss(probability: float, fraud: bool) -> float:
    """The log loss of a probability in nats, at most 13.8.

    >>> round(loss(0.5, True), 3), round(loss(0.0, True), 1), round(loss(0.0, False), 3)
    (0.693, 13.8, 0.0)
    """
    said = min(max(probability, LEAST), 1 - LEAST)
    return -log(said if fraud else 1 - said)
