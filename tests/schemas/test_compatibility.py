"""Every version that was ever released is read for ever, and the exported files are current."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import codec, export
from schemas.avro import avro_schema, rabin, schema_fingerprint
from schemas.codec import RECORDS, Record

GOLDEN = Path(__file__).parent.parent / "golden"
SAMPLES = sorted(GOLDEN.glob("*.bin"))
HINT = "run `python -m schemas.export --release tests/golden` and commit what it writes"


def test_exported_files_are_current() -> None:
    """The committed .avsc files and the AsyncAPI document are what the Structs say."""
    for path, text in export.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is old: {HINT}"


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.__name__)
def test_todays_version_is_kept(record: type[Record]) -> None:
    """A changed record is released: its schema and sample bytes are kept."""
    assert (GOLDEN / f"{record.__name__}.{rabin(record).hex()}.bin").exists(), HINT


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_golden_bytes_decode(path: Path) -> None:
    """Bytes of every released version decode into today's record."""
    record = codec.decode(path.read_bytes())
    assert type(record).__name__ == path.stem.split(".")[0]
    assert record.event_id


def test_every_released_schema_has_bytes() -> None:
    """No released version is without sample bytes, nor bytes without their schema."""
    schemas = {f"{s['name']}.{schema_fingerprint(s).hex()}" for s in codec.released()}
    assert schemas == {path.stem for path in SAMPLES}


def test_fields_are_only_added_with_defaults() -> None:
    """Against each released version, today's record only adds fields, and those have defaults."""
    today = {record.__name__: avro_schema(record) for record in RECORDS}
    for old in codec.released():
        had = {field["name"]: field["type"] for field in old["fields"]}
        for field in today[old["name"]]["fields"]:
            assert field["name"] in had or "default" in field, (old["name"], field["name"])
