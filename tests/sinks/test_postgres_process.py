"""The Postgres sink as a process: killed, refused, rebuilt, and without its Postgres."""

from __future__ import annotations

import signal
import time
from urllib.request import urlopen

import psycopg
import pytest

from local.platform import Platform
from local.process import free_port
from schemas import outcomes as o
from schemas.samples import sample
from sinks.ending import ExitCode, Fenced, Refused
from sinks.postgres.rebuild import rebuild
from sinks.postgres.views import wanted
from sinks.settings import Settings
from tests.sinks.log import Log
from tests.sinks.postgres_harness import (
    MEMBERS,
    NAME,
    caught_up,
    changed,
    follow,
    of_topic,
    rows,
    running,
    snapshot,
    wait,
)
from tests.sinks.process import Sinks


def test_killed_at_any_moment_it_goes_on_where_the_rows_are(
    processes: Sinks, log: Log, settings: Settings
) -> None:
    """Rows and cursors are there together or not at all: nothing is missing, nothing doubled."""
    count = 30_000  # six times what the sink writes at once
    entry = sample(o.PointsExpired)
    for n in range(0, count, 500):
        log.write(MEMBERS, [changed(entry, event_id=f"{n + k}") for k in range(500)], n // 500 % 2)
    for written in (0, 1_000):
        process = processes.start("postgres", settings)
        wait(lambda written=written: _entries(settings) > written)
        process.kill()
        process.communicate(timeout=120)
    assert 0 < _entries(settings) < count, "it was killed too late to show anything"
    port = free_port()
    process = processes.start("postgres", settings, MEMBERSTREAM_HTTP_PORT=str(port))
    wait(lambda: caught_up(settings))
    assert read(port, "/working") == read(port, "/alive").replace("alive", "working")
    assert 'memberstream_view_lag_records{view="postgres"} 0.0' in read(port, "/metrics")
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=120)[1].count(b"sink_stopped") == 1
    assert process.returncode == ExitCode.STOPPED
    found = rows(settings, "SELECT count(*), count(DISTINCT event_id) FROM entries")
    assert found == [(count, count)]


def read(port: int, path: str) -> str:
    """What the process answers. Raises `HTTPError` when it is not well."""
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return str(answer.read().decode())


def _entries(settings: Settings) -> int:
    try:
        return int(rows(settings, "SELECT count(*) FROM entries")[0][0])
    except psycopg.Error:
        return 0


def test_what_cannot_be_read_ends_the_process(
    processes: Sinks, log: Log, settings: Settings
) -> None:
    """With an exit code and a sentence that names the record."""
    log.write(MEMBERS, [sample(o.MemberEnrolled), b"\xc3\x01 of another version"])
    process = processes.start("postgres", settings)
    said = process.communicate(timeout=120)[1].decode()
    assert process.returncode == ExitCode.BROKEN
    assert f"{log.prefix}{MEMBERS}/0/1 cannot be read" in said


def test_a_missing_topic_ends_the_process(processes: Sinks, settings: Settings) -> None:
    """It is no use to start it again before the topics are made."""
    process = processes.start("postgres", settings, MEMBERSTREAM_TOPIC_PREFIX="none.")
    said = process.communicate(timeout=120)[1].decode()
    assert process.returncode == ExitCode.REFUSED
    assert "The topic none.outcomes.members does not exist" in said


# ---- rebuilding -------------------------------------------------------------------------------------


def test_a_rebuild_equals_what_was_there(log: Log, settings: Settings) -> None:
    """Beside the running sink, which then goes on with the new tables and loses nothing."""
    for topic in wanted():
        log.write(topic, of_topic(topic) * 2)
    follow(settings)
    before = snapshot(settings)
    with running(settings, ends_with=Fenced) as sink:
        done = rebuild(settings)
        assert done.version == 2
        assert snapshot(settings, f"{NAME}_v2") == before
        log.write(MEMBERS, [changed(sample(o.MemberEnrolled), member_id="new")])
        sink.join(30)
    assert rows(settings, "SELECT number FROM current") == [(2,)]
    assert ("new",) not in rows(settings, "SELECT member_id FROM members")
    follow(settings)
    assert ("new",) in rows(settings, "SELECT member_id FROM members")
    assert rebuild(settings).version == 3
    assert rows(settings, "SELECT to_regnamespace('memberstream_v1')") == [(None,)]
    assert (
        snapshot(settings, f"{NAME}_v3")["members"] == snapshot(settings, f"{NAME}_v2")["members"]
    )


def test_one_rebuild_at_a_time(log: Log, settings: Settings) -> None:
    """The second is refused, and says so."""

    def second(done: int, of: int) -> None:
        with pytest.raises(Refused, match="running already"):
            rebuild(settings)

    log.write(MEMBERS, [sample(o.MemberEnrolled)])
    assert rebuild(settings, second).outcomes == 1


# ---- outages ----------------------------------------------------------------------------------------


def test_parts_that_are_away_come_back(stoppable_platform: Platform, unique: str) -> None:
    """Postgres stopped, Postgres killed, Kafka stopped: the sink waits, and nothing is lost."""
    parts = stoppable_platform
    log = Log(parts.addresses.kafka, unique).create(*wanted())
    settings = Settings(kafka=log.kafka, postgres=parts.addresses.postgres, topic_prefix=log.prefix)
    away = (
        lambda: None,
        lambda: (parts.postgres.stop(), write(1), time.sleep(0.3), parts.postgres.start()),
        lambda: (parts.postgres.kill(), write(2), time.sleep(0.3), parts.postgres.start()),
        lambda: (parts.kafka.stop(), time.sleep(0.3), parts.kafka.start()),
    )

    def write(phase: int) -> None:
        entry = sample(o.PointsExpired)
        log.write(MEMBERS, [changed(entry, event_id=f"{phase}-{n}") for n in range(50)])

    with running(settings):
        for phase, outage in enumerate(away):
            outage()
            write(10 + phase)
            wait(lambda: caught_up(settings))
    found = rows(settings, "SELECT count(*), count(DISTINCT event_id) FROM entries")
    assert found == [(300, 300)]
