"""Every version that was ever released is read for ever, and the exported files are current."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
    """Against each released version, today's record only adds: fields with defaults, and words."""
    today = {record.__name__: avro_schema(record) for record in RECORDS}
    for old in codec.released():
        only_adds(old, today[old["name"]], old["name"])


def only_adds(old: Any, new: Any, place: str) -> None:
    """Every field of the old type is there in the new one, and of the same kind."""
    if isinstance(old, list):
        assert len(old) == len(new), place
        for before, after in zip(old, new, strict=True):
            only_adds(before, after, place)
    elif not isinstance(old, dict):
        assert old == (new if isinstance(new, str) else new.get("name")), place
    elif old["type"] == "record":
        had = {field["name"]: field for field in old["fields"]}
        has = {field["name"]: field for field in new["fields"]}
        assert had.keys() <= has.keys(), f"{place}: {had.keys() - has.keys()} is gone"
        assert all("default" in has[name] for name in has.keys() - had.keys()), place
        for name, field in had.items():
            only_adds(field["type"], has[name]["type"], f"{place}.{name}")
    else:
        assert old["type"] == new["type"], place
        assert set(old.get("symbols", ())) <= set(new.get("symbols", ())), place
        if "items" in old:
            only_adds(old["items"], new["items"], place)


def test_a_field_that_is_gone_is_found() -> None:
    """The check itself: a released record with one field more, or of another type, does not pass."""
    schema = avro_schema(RECORDS[0])
    more = {**schema, "fields": [*schema["fields"], {"name": "gone", "type": "string"}]}
    with pytest.raises(AssertionError, match="gone"):
        only_adds(more, schema, "record")
    other = [{**field, "type": "double"} for field in schema["fields"]]
    with pytest.raises(AssertionError):
        only_adds({**schema, "fields": other}, schema, "record")
