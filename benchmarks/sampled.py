"""Runs a module as `python -m` does, and samples what its processor time goes into.

    python -m benchmarks.sampled OUT.json MODULE ARGUMENTS…

Every five milliseconds of processor time it notes which function is at work: a C function counts
for the Python function that called it. That costs less than a hundredth. The samples are written
every few seconds, so that a process that is killed has left its profile too.
"""

from __future__ import annotations

import json
import runpy
import signal
import sys
import sysconfig
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

SAMPLE_SECONDS = 0.005
WRITE_EVERY = 500
ROOT = str(Path(__file__).resolve().parent.parent)
LIBRARIES = sysconfig.get_path("purelib")
WAITING = {"select", "wait", "_wait_for_tstate_lock", "acquire", "get", "sleep", "_worker"}


class Sampler:
    """Counts (place, function) and (our place, our function) of every sample."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples = 0
        self.noting = False
        self.own: Counter[tuple[str, str]] = Counter()
        self.ours: Counter[tuple[str, str]] = Counter()

    def start(self) -> None:
        """Sample from now on. Only in the main thread."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        working = _working(frame)
        if working is None or self.noting:  # a sample that comes while one is noted or written
            return
        self.noting = True
        self._note(working)
        self.noting = False

    def _note(self, working: FrameType) -> None:
        self.samples += 1
        self.own[_named(working)] += 1
        self.ours[_named(_nearest_ours(working))] += 1
        if self.samples % WRITE_EVERY == 0:
            self.write()

    def write(self) -> None:
        """Write what was found so far, replacing the file in one step."""
        found = {
            "samples": self.samples,
            "own": [[*named, count] for named, count in self.own.most_common(50)],
            "ours": [[*named, count] for named, count in self.ours.most_common()],
        }
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(found), encoding="utf-8")
        new.replace(self.path)


def _working(frame: FrameType | None) -> FrameType | None:
    """The main thread's frame, or when it waits, another thread's that does not.

    When all wait, it was the waiting that cost: system calls.
    """
    if frame is None or frame.f_code.co_name not in WAITING:
        return frame
    main = threading.main_thread().ident
    others = (f for ident, f in sys._current_frames().items() if ident != main)
    return next((f for f in others if f.f_code.co_name not in WAITING), frame)


def _nearest_ours(frame: FrameType) -> FrameType:
    """The innermost function of this project that the event loop has called; else the innermost of all.

    Of an agent it is the outermost: what an agent calls of its neighbours is its own cost.
    """
    caller: FrameType | None = frame
    while caller is not None and caller.f_code.co_qualname != TURN_OF_THE_LOOP:
        folder = _folder(caller)
        if folder == "agents":
            return _outermost_agent(caller)
        if folder in OURS:
            return caller
        caller = caller.f_back
    return frame


def _outermost_agent(frame: FrameType) -> FrameType:
    while frame.f_back is not None and _folder(frame.f_back) == "agents":
        frame = frame.f_back
    return frame


def _folder(frame: FrameType) -> str:
    return _place(frame).partition("/")[0]


TURN_OF_THE_LOOP = "Handle._run"  # asyncio's: what is outside of it called nothing that is inside
OURS = {"schemas", "agents", "streams", "sinks", "benchmarks"}


def _place(frame: FrameType) -> str:
    """The file, from the project's or the library's folder on."""
    name = frame.f_code.co_filename
    for start in (LIBRARIES, ROOT):
        if name.startswith(start):
            return name[len(start) + 1 :]
    return name.rpartition("/")[2]


def _named(frame: FrameType) -> tuple[str, str]:
    return _place(frame), frame.f_code.co_qualname


def main() -> None:
    """Run the named module under the sampler."""
    path, module, *arguments = sys.argv[1:]
    sampler = Sampler(Path(path))
    sys.argv = [module, *arguments]
    sampler.start()
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        sampler.write()


if __name__ == "__main__":
    main()
