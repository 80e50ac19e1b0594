"""What a worker can be told, read once from the environment; wrong values are refused at the start.

Each field is a variable: `MEMBERSTREAM_` and its name in capitals. The description says what it
means, its unit and why one would change it; `describe()` is the table for the documentation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "MEMBERSTREAM_"
NAME = r"^[A-Za-z0-9._-]{1,80}$"


class SettingsRefused(Exception):
    """A variable has a value that cannot be worked with; the text names it and what it should be."""


class Settings(BaseSettings):
    """One frozen record, passed down."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    kafka: Annotated[str, Field(pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$")] = Field(
        description="Kafka's bootstrap servers, as host:port, several with commas."
    )
    data: Path = Field(
        default=Path("data"), description="Folder for the stores and locks of this host's workers."
    )
    app: Annotated[str, Field(pattern=NAME)] = Field(
        default="memberstream",
        description="Name of the consumer group and start of every transactional id.",
    )
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,80}$")] = Field(
        default="", description="Put in front of every topic's name; keeps test runs apart."
    )
    partitions: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=4,
        description="Partitions of each stage's topics, so most workers that can share one; fixed when "
        "they are created. Each costs time in every transaction and fetch.",
    )
    replication: Annotated[int, Field(ge=1, le=9)] = Field(
        default=1, description="Copies of each topic that is created; 3 on a real cluster."
    )
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,80}$")] = Field(
        default="",
        description="Name of this machine where workers run on several; it must stay the same.",
    )
    slot: Annotated[int, Field(ge=0, le=999)] | None = Field(
        default=None, description="Slot of this worker; without it, the lowest that is free."
    )
    session_timeout_seconds: Annotated[float, Field(ge=1, le=300)] = Field(
        default=10.0, description="A worker silent for so long loses its partitions."
    )
    transaction_timeout_seconds: Annotated[float, Field(ge=1, le=300)] = Field(
        default=10.0,
        description="A transaction open for so long is aborted by the broker, and the worker exits.",
    )
    pass_seconds: Annotated[float, Field(gt=0, le=5)] = Field(
        default=0.1, description="Agents react for at most so long before their work is committed."
    )
    linger_seconds: Annotated[float, Field(ge=0, le=5)] = Field(
        default=0.05,
        description="Least time between two small transactions of a worker: latency against CPU.",
    )
    queue_records: Annotated[int, Field(ge=1)] = Field(
        default=50_000, description="Records a stage holds in memory before it asks for fewer."
    )
    queue_bytes: Annotated[int, Field(ge=1)] = Field(
        default=32 * 1024 * 1024, description="The same in bytes of keys and values."
    )
    cache_bytes: Annotated[int, Field(ge=1 << 20)] = Field(
        default=128 * 1024 * 1024, description="Block cache of all stores of a worker together."
    )
    tombstone_retention_seconds: Annotated[int, Field(ge=60)] = Field(
        default=7 * 86_400,
        description="Changelogs keep deletions for so long (delete.retention.ms); a store that was "
        "not written for half of it is restored whole.",
    )
    schema_registry: Annotated[str, Field(pattern=r"^$|^https?://[^\s,/]+[^\s,]*$")] = Field(
        default="",
        description="URL of a Confluent-compatible schema registry, for actions in the Confluent wire "
        "form; without it they are dead letters. A worker asks it once for each schema and ends, to "
        "be started again, when it does not answer.",
    )
    http_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=0, description="Port of /metrics, /alive and /working; 0: none."
    )
    http_host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")] = Field(
        default="127.0.0.1",
        description="Address to listen on; another than loopback only behind a firewall of your own.",
    )
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = Field(
        default="info", description="Least level of what is logged: debug, info, warning or error."
    )
    test_failpoint: Annotated[
        str, Field(pattern=r"^$|^[a-z-]+:(kill|stop|raise):\d+(:[a-z]+)?$")
    ] = Field(default="", description="For tests only: NAME:ACTION:NTH[:STAGE], see failpoints.py.")
    test_fencing: Annotated[str, Field(pattern="^(on|off)$")] = Field(
        default="on", description="For tests only: off sends offsets without member and generation."
    )


def read_settings(**given: Any) -> Settings:
    """The settings: what is given, then the environment, then defaults. Raises `SettingsRefused`."""
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsRefused("\n".join(_refusals(error))) from None
    if settings.test_fencing == "off" or settings.test_failpoint:
        _only_for_tests()
    return settings


def _refusals(error: ValidationError) -> Iterator[str]:
    for found in error.errors():
        name = str(found["loc"][0])
        field = Settings.model_fields[name]
        variable = PREFIX + name.upper()
        if found["type"] == "missing":
            yield f"{variable} is not set. {field.description}"
        else:
            yield f"{variable}={found['input']!r} is refused: {found['msg']}. {field.description}"


def _only_for_tests() -> None:
    if os.environ.get(PREFIX + "TESTING") != "1":
        raise SettingsRefused(
            f"{PREFIX}TEST_FAILPOINT and {PREFIX}TEST_FENCING break a worker on purpose: they are "
            f"taken only where {PREFIX}TESTING=1 says that this is a test."
        )


def describe() -> str:
    """All variables with default and meaning, as rows of a Markdown table."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else f"`{field.default}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"
