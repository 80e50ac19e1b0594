"""The Redis sink as a process: `python -m sinks.redis_sink`."""

from __future__ import annotations

from sinks.process import run_process
from sinks.redis_sink.sink import run

if __name__ == "__main__":
    run_process(run)
