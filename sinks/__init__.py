"""Where results rest: pure views of outcomes, and one writer each for Postgres and Redis."""
