"""The main job on a platform: topics, two workers, both sinks as processes, and their audit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from audit import auditor
from benchmarks.fleet import ROOT, Fleet, Process
from local.platform import Addresses
from streams.ending import ExitCode
from streams.settings import Settings, read_settings
from streams.topics import all_topics, create_topics

PARTITIONS = 4
SESSION_SECONDS = 6.0
TRANSACTION_SECONDS = 6.0
WORKER = "streams"
SINKS = ("sinks.postgres", "sinks.redis_sink")
COMMANDS = "cli.main"


@dataclass(slots=True)
class Processes:
    """All that runs on one platform; `prefix` keeps it apart from others there."""

    addresses: Addresses
    folder: Path
    prefix: str = ""
    partitions: int = PARTITIONS
    session_seconds: float = SESSION_SECONDS
    workers: list[Process] = field(default_factory=list)
    sinks: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.settings
        create_topics(settings.kafka, all_topics(settings))
        self.workers = [self._process(f"worker-{n}", WORKER) for n in range(2)]
        self.sinks = [self._process(module, module) for module in SINKS]

    @property
    def app(self) -> str:
        """The workers' consumer group."""
        return f"{self.prefix}memberstream"

    @property
    def settings(self) -> Settings:
        """A worker's settings."""
        return read_settings(
            kafka=self.addresses.kafka,
            data=self.folder / "data",
            app=self.app,
            topic_prefix=self.prefix,
            partitions=self.partitions,
            session_timeout_seconds=self.session_seconds,
            transaction_timeout_seconds=TRANSACTION_SECONDS,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The same, and the sinks', as variables."""
        found = self.settings.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        own = {f"MEMBERSTREAM_{name.upper()}": str(value) for name, value in found.items()}
        return own | self.addresses.environment()

    @property
    def fleet(self) -> Fleet:
        """Workers and sinks."""
        return Fleet([*self.workers, *self.sinks])

    def audit(
        self, wait_seconds: float = 90.0, tend: Callable[[], None] = lambda: None
    ) -> auditor.Audit:
        """What the auditor finds; `tend` is called while it waits. Raises `NotPassed`."""
        return auditor.run(
            self.addresses.kafka,
            postgres=self.addresses.postgres,
            redis=self.addresses.redis,
            prefix=self.prefix,
            group=self.app,
            wait_seconds=wait_seconds,
            tend=tend,
        )

    @property
    def fenced(self) -> int:
        """How often a worker ended because the broker refused it as a stale owner."""
        return sum(worker.exits.count(ExitCode.FENCED) for worker in self.workers)

    def close(self) -> None:
        """Kill all processes."""
        self.fleet.close()

    def command(self, *words: str) -> str:
        """Run a command of memberstream on this job; what it printed. Raises `CalledProcessError`."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            [sys.executable, "-m", COMMANDS, *words],
            cwd=ROOT,
            env=environment,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.stdout

    def _process(self, name: str, module: str) -> Process:
        command = [sys.executable, "-m", module]
        return Process(command, self.environment, self.folder / f"{name}.log")
