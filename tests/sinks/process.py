"""A sink as a process, for tests that kill it."""

from __future__ import annotations

import os
import subprocess
import sys

from sinks.settings import Settings


class Sinks:
    """The sink processes of one test; none outlives it."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, sink: str, settings: Settings, **variables: str) -> subprocess.Popen[bytes]:
        """Start `postgres` or `redis_sink` with small writes; its standard error is a pipe."""
        environment = {
            "MEMBERSTREAM_KAFKA": settings.kafka,
            "MEMBERSTREAM_POSTGRES": settings.postgres,
            "MEMBERSTREAM_REDIS": settings.redis,
            "MEMBERSTREAM_TOPIC_PREFIX": settings.topic_prefix,
            "MEMBERSTREAM_SINK_RECORDS": "50",
            **variables,
        }
        command = [sys.executable, "-m", f"sinks.{sink}"]
        process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.PIPE)
        self._started.append(process)
        return process

    def close(self) -> None:
        """Kill what still runs."""
        for process in self._started:
            with process:
                process.kill()
