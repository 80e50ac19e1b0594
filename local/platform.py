"""The three parts together, and the order of choice: URLs, then Docker, then embedded.

platform = Platform(Path("data"))
addresses = platform.start()      # idempotent; from another process, too
…
platform.stop()
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from local.kafka import Kafka
from local.postgres import Postgres
from local.process import PlatformError
from local.valkey import Valkey

VARIABLES = {
    "kafka": "MEMBERSTREAM_KAFKA",
    "postgres": "MEMBERSTREAM_POSTGRES",
    "redis": "MEMBERSTREAM_REDIS",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts are."""

    kafka: str  # host:port, comma separated
    postgres: str  # postgresql://…
    redis: str  # redis://…

    def environment(self) -> dict[str, str]:
        """The same as environment variables, for processes that are started with them."""
        return {variable: getattr(self, part) for part, variable in VARIABLES.items()}


class Platform:
    """Kafka, Postgres and Valkey in one folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kafka = Kafka(self.folder / "kafka")
        self.postgres = Postgres(self.folder / "postgres")
        self.valkey = Valkey(self.folder / "valkey")

    @property
    def parts(self) -> tuple[Kafka, Postgres, Valkey]:
        """All parts."""
        return self.kafka, self.postgres, self.valkey

    @property
    def addresses(self) -> Addresses:
        """Where the parts are. Raises `PlatformError` before the first start."""
        return Addresses(self.kafka.bootstrap, self.postgres.url, self.valkey.url)

    @property
    def running(self) -> bool:
        """True when every part runs."""
        return all(part.server.running for part in self.parts)

    def start(self) -> Addresses:
        """Start what does not run, all parts at once. Raises `PlatformError`, and then none runs."""
        with self._alone(), ThreadPoolExecutor(len(self.parts)) as pool:
            started = [pool.submit(part.start) for part in self.parts]
            try:
                for one in started:
                    one.result()
            except BaseException:
                wait(started)
                for part in self.parts:
                    part.stop()
                raise
        return self.addresses

    def stop(self) -> None:
        """Stop all parts; data and ports are kept."""
        with self._alone(), ThreadPoolExecutor(len(self.parts)) as pool:
            for stopped in [pool.submit(part.stop) for part in self.parts]:
                stopped.result()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else starts or stops this folder's parts meanwhile."""
        with (self.folder / "platform.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PlatformError(
                    f"Another process is starting or stopping the platform in {self.folder}: "
                    "wait until it is done, or name another folder."
                ) from error
            yield


def named_addresses() -> Addresses | None:
    """The addresses from the environment; none when no variable is set.

    Raises `PlatformError` when only some are set.
    """
    found = {part: os.environ.get(variable, "") for part, variable in VARIABLES.items()}
    if not any(found.values()):
        return None
    missing = [VARIABLES[part] for part, value in found.items() if not value]
    if missing:
        raise PlatformError(
            f"Set {', '.join(missing)} too, or none of {', '.join(VARIABLES.values())}."
        )
    return Addresses(**found)
