"""Changes of the tables in Postgres, in order; each is written once and never edited.

A new one is `versions/NNNN_what_changes.py` with the next number as its revision and the one before
as its `down_revision`; a test says whether it brings the tables to what `sinks/postgres/tables.py` declares.
There are no steps down: an older version is what the log gives it, see `sinks/postgres/rebuild.py`.
"""
