"""What a sink can be told, read once from the environment; wrong values are refused at the start.

Each field is a variable: `MEMBERSTREAM_` and its name in capitals. The description says what it
means, its unit and why one would change it; `describe()` is the table for the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sinks.ending import Refused

PREFIX = "MEMBERSTREAM_"
WORD = r"^[a-z][a-z0-9_]{0,39}$"


class Settings(BaseSettings):
    """One frozen record, passed down."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    kafka: Annotated[str, Field(pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$")] = Field(
        description="Kafka's bootstrap servers, as host:port, several with commas."
    )
    postgres: Annotated[str, Field(pattern=r"^$|^postgres(ql)?://\S+$")] = Field(
        default="", description="Postgres, as postgresql://user:password@host:port/database."
    )
    redis: Annotated[str, Field(pattern=r"^$|^(rediss?|valkeys?)://\S+$")] = Field(
        default="",
        description="Redis or Valkey, as redis://host:port/number; one node, no cluster.",
    )
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,80}$")] = Field(
        default="", description="Put in front of every topic's name; keeps test runs apart."
    )
    postgres_schema: Annotated[str, Field(pattern=WORD)] = Field(
        default="memberstream",
        description="Start of the names of the schemas in Postgres; the tables of the running view "
        "are in the schema _v1, _v2 … of that name.",
    )
    redis_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")] = Field(
        default="ms",
        description="Start of the name of every key in Redis, behind the topics' prefix.",
    )
    sink_records: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=5_000, description="Records that a sink takes at most into one write."
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

    def required(self, name: str) -> str:
        """A variable that this sink cannot do without. Raises `Refused` when it is not set."""
        value: str = getattr(self, name)
        if not value:
            description = Settings.model_fields[name].description
            raise Refused(f"{PREFIX}{name.upper()} is not set. {description}")
        return value


def read_settings(**given: Any) -> Settings:
    """The settings: what is given, then the environment, then defaults. Raises `Refused`."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise Refused("\n".join(_refusals(error))) from None


def _refusals(error: ValidationError) -> Iterator[str]:
    for found in error.errors():
        name = str(found["loc"][0])
        field = Settings.model_fields[name]
        variable = PREFIX + name.upper()
        if found["type"] == "missing":
            yield f"{variable} is not set. {field.description}"
        else:
            value = re.sub("//[^@/]*@", "//…@", repr(found["input"]))  # no passwords in logs
            yield f"{variable}={value} is refused: {found['msg']}. {field.description}"


def describe() -> str:
    """All variables with default and meaning, as rows of a Markdown table."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else f"`{field.default}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"
