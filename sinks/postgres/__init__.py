"""The Postgres view: records, history and reports."""
