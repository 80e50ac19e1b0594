"""The real parts for tests. Order of choice: URLs in the environment, Docker, embedded."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis as redis_client
from hypothesis import settings

from local.docker import docker_addresses
from local.platform import Addresses, Platform, named_addresses

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Kafka, Postgres and Valkey for the whole session."""
    named = named_addresses()
    if named is not None:
        yield named
        return
    with docker_addresses() as found:
        if found is not None:
            yield found
            return
    embedded = Platform(tmp_path_factory.mktemp("platform"))
    try:
        yield embedded.start()
    finally:
        embedded.stop()


@pytest.fixture
def stoppable_platform(tmp_path: Path) -> Iterator[Platform]:
    """An embedded platform of the test's own, whose parts it may stop and kill."""
    embedded = Platform(tmp_path / "platform")
    embedded.start()
    try:
        yield embedded
    finally:
        embedded.stop()


@pytest.fixture
def unique() -> str:
    """A prefix of the test's own, for topics, groups and keys on shared parts."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture(scope="session")
def kafka(platform: Addresses) -> str:
    """Bootstrap servers."""
    return platform.kafka


@pytest.fixture
def postgres(platform: Addresses) -> Iterator[str]:
    """URL of a fresh database, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(platform.postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield platform.postgres.rpartition("/")[0] + f"/{name}"
    finally:
        with psycopg.connect(platform.postgres, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def redis_database(platform: Addresses, worker_id: str) -> str:
    """URL of a Valkey database that tests empty; nothing of others lies in it.

    Number 15, and of the tests' second process 14, as both may have been given the same server.
    """
    number = 15 - int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 15
    url = platform.redis.rpartition("/")[0] + f"/{number}"
    with redis_client.Redis.from_url(url) as client:
        found = client.dbsize()
    if found:
        pytest.exit(
            f"Database {number} of MEMBERSTREAM_REDIS holds {found} keys, and tests would delete them: "
            f"name a server whose database {number} is empty, or empty it (FLUSHDB) if nobody needs them.",
            returncode=4,
        )
    return url


@pytest.fixture
def redis(redis_database: str) -> Iterator[str]:
    """URL of an empty Valkey database."""
    with redis_client.Redis.from_url(redis_database) as client:
        client.flushdb()
        yield redis_database
        client.flushdb()
