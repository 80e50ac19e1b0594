"""A log and a database of a test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sinks.postgres.views import wanted
from sinks.settings import Settings
from tests.sinks.log import Log
from tests.sinks.process import Sinks


@pytest.fixture
def log(kafka: str, unique: str) -> Log:
    """The topics that the tables are fed from, in two partitions each."""
    return Log(kafka, unique).create(*wanted())


@pytest.fixture
def settings(log: Log, postgres: str) -> Settings:
    """A sink's settings for a log and a database of the test's own."""
    return Settings(kafka=log.kafka, postgres=postgres, topic_prefix=log.prefix)


@pytest.fixture
def processes() -> Iterator[Sinks]:
    """Starts sinks as processes; none outlives the test."""
    made = Sinks()
    yield made
    made.close()
