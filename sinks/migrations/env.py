"""Alembic's entry: run the migrations of one schema, told by who calls (`sinks.postgres.schema`)."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

from sinks.postgres.tables import METADATA

attributes = context.config.attributes
schema: str = attributes["schema"]
url = str(attributes["url"]).split("://", 1)[1]
engine = create_engine(f"postgresql+psycopg://{url}", poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text(f'SET search_path = "{schema}"'))
    connection.commit()
    connection.dialect.default_schema_name = schema
    context.configure(
        connection=connection, target_metadata=METADATA, version_table="schema_version"
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
