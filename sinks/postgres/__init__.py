"""The Postgres view: records, history and reports."""

from sinks.postgres.sink import run

__all__ = ["run"]
