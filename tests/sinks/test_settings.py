"""What a sink can be told, and what it refuses to be told."""

from __future__ import annotations

import pytest

from sinks.ending import Refused
from sinks.settings import Settings, describe, read_settings


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("KAFKA", "nowhere", "='nowhere' is refused: .* Kafka's bootstrap servers"),
        ("POSTGRES", "mysql://x", "='mysql://x' is refused: .*postgresql://user"),
        ("POSTGRES", "mysql://me:secret@x/y", "='mysql://…@x/y' is refused"),
        ("REDIS", "localhost", "='localhost' is refused: .*redis://host:port"),
        ("POSTGRES_SCHEMA", 'x"; DROP', '=.x"; DROP. is refused: .*schemas in Postgres'),
        ("SINK_RECORDS", "0", "='0' is refused: .*Records that a sink takes"),
        ("LOG_LEVEL", "loud", "='loud' is refused"),
    ],
)
def test_wrong_values_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    """The message has the variable and what it should be."""
    monkeypatch.setenv("MEMBERSTREAM_KAFKA", "localhost:9092")
    monkeypatch.setenv(f"MEMBERSTREAM_{variable}", value)
    with pytest.raises(Refused, match=f"MEMBERSTREAM_{variable}{says}"):
        read_settings()


def test_what_is_needed_must_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka always; Postgres and Redis by the sink that writes there."""
    for variable in ("KAFKA", "POSTGRES", "REDIS"):
        monkeypatch.delenv(f"MEMBERSTREAM_{variable}", raising=False)
    with pytest.raises(Refused, match="MEMBERSTREAM_KAFKA is not set"):
        read_settings()
    settings = read_settings(kafka="localhost:9092")
    with pytest.raises(Refused, match="MEMBERSTREAM_POSTGRES is not set"):
        settings.required("postgres")


def test_every_variable_is_described() -> None:
    """One row each."""
    assert describe().count("MEMBERSTREAM_") >= len(Settings.model_fields)
