"""What is read of a changelog and not written yet: the newest of each key, and no more than is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams import restore
from streams.restore import Job
from streams.store import Store, open_cache


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    store = Store(tmp_path / "store", open_cache(1 << 20))
    yield Job(0, store, 0, 100)
    store.close()


def test_the_newest_of_each_key_goes_into_the_store(job: Job) -> None:
    """With the position behind the last of them, and every record that was read is counted."""
    job.store.write([(b"gone", b"1")], 1, "topic")
    for position, (key, value) in enumerate(
        [(b"k", b"1"), (b"gone", b"2"), (b"k", b"22"), (b"gone", None), (b"k", b"3")], 2
    ):
        job.take(key, value, position)
    assert job.records == 0
    job.write("topic")
    assert (job.store.get(b"k"), job.store.get(b"gone")) == (b"3", None)
    written = job.store.written
    assert written is not None
    assert (written.offset, job.records) == (6, 5)
    assert (job.pending, job.held_bytes, job.ahead) == ({}, 0, 0)


def test_bytes_are_counted_of_what_is_held(job: Job) -> None:
    for value in (b"12345", b"1", None, b"123"):
        job.take(b"key", value, 1)
        assert job.held_bytes == len(b"key") + len(value or b"")


def test_it_is_written_when_much_is_held(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "HELD_BYTES", 10)
    job.take(b"key", b"123456", 1)
    assert not restore._ahead([job])
    job.take(b"key", b"1234567", 2)
    assert restore._ahead([job])


def test_it_is_written_when_much_was_read(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few busy keys are not read all over again after a kill."""
    monkeypatch.setattr(restore, "AHEAD_RECORDS", 3)
    for position in (1, 2):
        job.take(b"key", b"1", position)
    assert not restore._ahead([job])
    job.take(b"key", b"1", 3)
    assert restore._ahead([job])
