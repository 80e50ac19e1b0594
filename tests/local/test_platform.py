"""The embedded platform keeps data and ports through stops and kills, and is started once."""

from __future__ import annotations

import fcntl
import socket
from pathlib import Path

import psycopg
import pytest
import redis
from confluent_kafka.admin import AdminClient, NewTopic

from local.platform import Platform, named_addresses
from local.process import PlatformError


def test_parts_survive_a_kill(stoppable_platform: Platform) -> None:
    """After kill -9 of each part and a new start, data and addresses are as before."""
    before = stoppable_platform.addresses
    admin = AdminClient({"bootstrap.servers": before.kafka})
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(30)
    with psycopg.connect(before.postgres, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (word text)")
    redis.Redis.from_url(before.redis).set("kept", "yes")

    stoppable_platform.kafka.kill()
    stoppable_platform.postgres.kill()
    assert not stoppable_platform.running
    after = stoppable_platform.start()

    assert after == before
    assert "kept" in AdminClient({"bootstrap.servers": after.kafka}).list_topics(timeout=30).topics
    with psycopg.connect(after.postgres) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert redis.Redis.from_url(after.redis).get("kept") == b"yes"


def test_two_at_once_are_refused(stoppable_platform: Platform) -> None:
    """Who starts or stops a folder's parts while another does is told so."""
    with (stoppable_platform.folder / "platform.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PlatformError, match="Another process"):
            Platform(stoppable_platform.folder).start()


def test_attach_from_another_object(stoppable_platform: Platform) -> None:
    """Who names the same folder finds the running parts and starts nothing twice."""
    other = Platform(stoppable_platform.folder)
    assert other.running
    assert other.start() == stoppable_platform.addresses


def test_one_part_that_fails_leaves_none_running(tmp_path: Path) -> None:
    """A port that is taken: the text says what is wrong, and nothing is left behind."""
    platform = Platform(tmp_path / "platform")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (platform.valkey.folder / "port").write_text(str(taken.getsockname()[1]))
        with pytest.raises(PlatformError, match="valkey"):
            platform.start()
    assert [part.server.running for part in platform.parts] == [False] * 3


def test_some_urls_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One URL in the environment without the others is a mistake, and says which is missing."""
    monkeypatch.setenv("MEMBERSTREAM_KAFKA", "localhost:9092")
    monkeypatch.delenv("MEMBERSTREAM_POSTGRES", raising=False)
    monkeypatch.delenv("MEMBERSTREAM_REDIS", raising=False)
    with pytest.raises(PlatformError, match="MEMBERSTREAM_POSTGRES"):
        named_addresses()
