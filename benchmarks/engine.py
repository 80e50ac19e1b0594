"""The counting pipeline on the engine and on its peers, in turn, on one broker."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.broker import delete_topics
from benchmarks.measure import Rate, measure
from benchmarks.peer import PEERS, Absent, Peer
from benchmarks.report import OURS, EngineReport
from benchmarks.workload import Work, load

EVENTS = 1_500_000
FEWEST = 10_000


def prepare_ours() -> Sequence[str]:
    """The engine with a stage that counts, in one worker process."""
    return [sys.executable, "-m", "benchmarks.counting"]


ENGINE = Peer(OURS, "memberstream's engine", prepare_ours)
TITLES = {peer.name: peer.title for peer in (ENGINE, *PEERS)}


def compare(bootstrap: str, data: Path, events: int, console: Console) -> EngineReport:
    """Measure the engine and every peer that can run here, one after the other."""
    report = EngineReport()
    for peer in (ENGINE, *PEERS):
        console.print(f"{peer.title} …", style="dim")
        try:
            report.rates[peer.name] = _one(peer, bootstrap, data, events)
        except Absent as reason:
            report.absent[peer.name] = str(reason)
        except RuntimeError as reason:
            report.failed[peer.name] = str(reason)
    return report


def _one(peer: Peer, bootstrap: str, data: Path, events: int) -> Rate:
    work = Work(f"benchmark-{peer.name}-{time.time_ns()}", max(FEWEST, int(events * peer.share)))
    load(bootstrap, work)
    try:
        return measure(peer, bootstrap, work, data)
    finally:
        delete_topics(bootstrap, work.topic)
