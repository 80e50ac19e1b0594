"""Times one peer from its first to its last committed output, and verifies what it wrote.

The clock starts when the first outputs are committed and counts only what is committed after it.
So start-up (interpreter or JVM, imports, joining the group, creating topics, an empty restore, the
first transaction) is left out for everybody alike.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.broker import create_topic
from benchmarks.peer import Absent, Peer, running
from benchmarks.verifier import Verdict, read_outputs
from benchmarks.watcher import SAMPLE_SECONDS, Sample, Watcher
from benchmarks.workload import Work

START_SECONDS = 90.0
STALL_SECONDS = 20.0


@dataclass(frozen=True)
class Rate:
    """One peer's figure: `events_per_second` between first and last committed output."""

    name: str
    events: int
    events_per_second: float
    second_half: float
    seconds: float
    processor_seconds: float  # of the peer's process, from first to last output
    verdict: Verdict


def measure(peer: Peer, bootstrap: str, work: Work, data: Path) -> Rate:
    """Run `peer` over the whole of `work`.

    Raises `Absent` when it cannot run here, RuntimeError when it says nothing or dies.
    """
    command = peer.prepare()
    topic_out = f"{work.topic}.{peer.name}.counts"
    create_topic(bootstrap, topic_out)
    home = data / topic_out
    home.mkdir(parents=True, exist_ok=True)
    arguments = peer.arguments(bootstrap, work.topic, topic_out, home)
    watcher = Watcher(bootstrap, topic_out)
    processor = _watch([*command, *arguments], watcher, peer, work, data / f"{peer.name}.log")
    return _rate(peer, watcher, work, processor)


def _watch(
    command: Sequence[str], watcher: Watcher, peer: Peer, work: Work, log: Path
) -> dict[float, float]:
    """Sample until the peer is done; returns its processor seconds at each kept moment."""
    processor: dict[float, float] = {}
    with running(command, log) as process:
        times = psutil.Process(process.pid)
        started = moved = time.perf_counter()
        while True:
            sample = watcher.sample()
            if sample is watcher.samples[-1]:
                used = times.cpu_times()
                processor[sample.at] = used.user + used.system
                moved = sample.at
            if _done(sample, moved, started, peer, work):
                return processor
            if process.poll() is not None:
                raise RuntimeError(f"{peer.title} ended by itself: {_last_line(log)}")
            time.sleep(SAMPLE_SECONDS)


def _done(sample: Sample, moved: float, started: float, peer: Peer, work: Work) -> bool:
    """Whether all is committed and nothing follows, or nothing has come for too long."""
    quiet = sample.at - moved
    if sample.records >= work.events:
        return quiet > peer.quiet_seconds
    if not sample.records:
        return sample.at - started > START_SECONDS
    return quiet > STALL_SECONDS


def _rate(peer: Peer, watcher: Watcher, work: Work, processor: dict[float, float]) -> Rate:
    first = watcher.first
    if first is None:
        raise RuntimeError(f"{peer.title} committed nothing in {START_SECONDS:.0f} s")
    outputs = read_outputs(watcher.bootstrap, watcher.topic, first.ends)
    last = watcher.reached(outputs.last) or watcher.samples[-1]
    seconds = max(last.at - first.at, SAMPLE_SECONDS)
    return Rate(
        name=peer.name,
        events=work.events,
        events_per_second=(outputs.tally.outputs - outputs.before) / seconds,
        second_half=_second_half(watcher, first, last),
        seconds=seconds,
        processor_seconds=processor[last.at] - processor[first.at],
        verdict=outputs.tally.verdict(work.counts()),
    )


def _second_half(watcher: Watcher, first: Sample, last: Sample) -> float:
    """The rate after half of the outputs: what a JVM or a cache has learned by then counts."""
    middle = (first.records + last.records) / 2
    half = next(sample for sample in watcher.samples if sample.records >= middle)
    if half is last:
        return 0.0
    return (last.records - half.records) / (last.at - half.at)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


__all__ = ["Absent", "Rate", "measure"]
