"""The store keeps what was written last, as a changelog that is not compacted yet needs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.store import Store, open_cache

Changes = list[tuple[bytes, bytes | None]]


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        pytest.param([(b"k", b"2"), (b"a", b"0"), (b"k", b"1")], b"1", id="a smaller value later"),
        pytest.param([(b"k", b"1"), (b"k", None)], None, id="deleted later"),
        pytest.param([(b"k", None), (b"k", b"1")], b"1", id="set again after a deletion"),
    ],
)
def test_the_last_change_of_a_key_wins(
    tmp_path: Path, changes: Changes, kept: bytes | None
) -> None:
    """One write may hold a key several times: the order of the log decides."""
    store = Store(tmp_path / "store", open_cache(1 << 20))
    store.write(changes, 3, "topic")
    assert store.get(b"k") == kept
    store.close()
