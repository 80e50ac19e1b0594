"""A stage as the engine sees it, and its progress: what everything around the loop shares."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from streams.behaviour import Behaviour


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage as the engine sees it; `sources` in the order in which they are drained."""

    name: str
    sources: tuple[str, ...]
    changelog: str
    partitions: int
    behaviour: Behaviour


@dataclass(slots=True)
class Progress:
    """What health and metrics want to know of a stage."""

    passed_at: float = field(default_factory=time.monotonic)  # last commit, or nothing to do
    drained_at: float = field(default_factory=time.monotonic)  # last look for what is fetched
    queued_records: int = 0
    queued_bytes: int = 0
    owned: int = 0
    acquiring: bool = False
