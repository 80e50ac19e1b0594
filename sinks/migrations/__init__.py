"""Changes of the tables in Postgres, in order; each is written once and never edited."""
