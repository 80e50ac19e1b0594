"""A log and a database of a test's own."""

from __future__ import annotations

import pytest

from sinks.postgres.views import wanted
from sinks.settings import Settings
from tests.sinks.log import Log


@pytest.fixture
def log(kafka: str, unique: str) -> Log:
    """The topics that the tables are fed from, in two partitions each."""
    return Log(kafka, unique).create(*wanted())


@pytest.fixture
def settings(log: Log, postgres: str) -> Settings:
    """A sink's settings for a log and a database of the test's own."""
    return Settings(kafka=log.kafka, postgres=postgres, topic_prefix=log.prefix)
