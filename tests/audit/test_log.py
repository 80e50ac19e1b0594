"""The auditor's own reading: every version of every record, and nothing of what is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.log import BRIEF, Decoder, Entry

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.bin"))
DECODER = Decoder()


def read(data: bytes | None) -> Entry:
    return DECODER.entry("topic", 1, 2, 3, data)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_record_that_was_ever_written_is_read(path: Path) -> None:
    """By the committed schemas alone, with the fields of today."""
    data = path.read_bytes()
    entry = read(data)
    assert entry.name == path.name.partition(".")[0]
    assert entry.fields["event_id"]
    assert entry.fields["occurred_at"] > 1_000_000_000_000
    assert entry[2:] == ("topic", 1, 2, 3)
    if entry.name not in BRIEF:
        assert read(data[:-1]).name == ""


@pytest.mark.parametrize("data", [None, b"", b"\x00\x00\x00\x00\x01x", b"\xc3\x01" + bytes(40)])
def test_what_is_no_record_has_no_name(data: bytes | None) -> None:
    """And its place all the same."""
    assert read(data) == Entry("", {}, "topic", 1, 2, 3)
