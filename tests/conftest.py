"""The real parts for tests. Order of choice: URLs in the environment, Docker, embedded."""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import psycopg
import pytest
import redis as redis_client
from hypothesis import settings

from local.docker import docker_addresses
from local.platform import Addresses, Platform, named_addresses
from local.process import in_turn

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


# Files go to processes whole and in this order, so that none begins minutes when the rest is done.
LONGEST_FIRST = (
    "cli/test_installation.py",
    "chaos/test_main_job.py",
    "streams/test_engine.py",
    "simulation/test_shop.py",
    "conformance/test_contract.py",
    "evaluation/test_fraud_kafka.py",
    "evaluation/test_misbehaviour.py",
    "streams/test_broadcasts.py",
    "sinks/test_postgres_process.py",
    "evaluation/test_loyalty.py",
    "evaluation/test_recommendations.py",
    "evaluation/test_dry_run.py",
    "evaluation/test_fraud.py",
    "replay/test_year.py",
    "replay/test_misbehaviour.py",
    "contracts/test_agents.py",
    "local/test_platform.py",
)
TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; all else keeps its order."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST_FIRST)}
    assert all(path.exists() for path in places), "LONGEST_FIRST names a file that is gone"
    items.sort(key=lambda item: places.get(item.path, len(places)))


# The embedded broker lives for minutes: what the second compiler costs it never earns back.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Addresses]:
    """Kafka, Postgres and Valkey for the whole run, the same for all its processes."""
    named = named_addresses()
    if named is not None:
        yield named
        return
    with docker_addresses() as found:
        if found is not None:
            yield found
            return
    own = tmp_path_factory.getbasetemp()
    with embedded(own if worker_id == "master" else own.parent) as addresses:
        yield addresses


@contextmanager
def embedded(root: Path) -> Iterator[Addresses]:
    """The platform of all processes with this folder: the first starts it, the last one stops it.

    The servers are children of the first, which therefore waits for the others.
    """
    made = Platform(root / "platform")
    with (root / "users.lock").open("w") as users:
        with in_turn(root / "turn.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            first = not made.running
            if first:
                made.start()
        try:
            yield made.addresses
        finally:
            while not stopped(made, root, users) and first:
                time.sleep(0.2)


def stopped(platform: Platform, root: Path, users: TextIO) -> bool:
    """Stop it unless others use it; False: they do."""
    with in_turn(root / "turn.lock"):
        if alone(users):
            platform.stop()
            return True
    return False


def alone(users: TextIO) -> bool:
    """True when nobody else holds the lock that this process holds."""
    with suppress(BlockingIOError):
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


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

    Number 15, of the tests' second process 14, and so on, as all have the same server.
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
