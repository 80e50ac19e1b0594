CREATE TABLE candidates (
  member_id TEXT NOT NULL,
  personal BOOLEAN NOT NULL,
  degraded BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  candidates JSONB NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT candidates_pkey PRIMARY KEY (member_id)
);
CREATE TABLE product_neighbours (
  product_id TEXT NOT NULL,
  together JSONB NOT NULL,
  alike JSONB NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT product_neighbours_pkey PRIMARY KEY (product_id)
);
CREATE TABLE candidate_quality (
  model TEXT NOT NULL,
  day TEXT NOT NULL,
  lists BIGINT NOT NULL,
  hit_rate DOUBLE PRECISION NOT NULL,
  mrr DOUBLE PRECISION NOT NULL,
  popular_hit_rate DOUBLE PRECISION NOT NULL,
  popular_mrr DOUBLE PRECISION NOT NULL,
  offered_products BIGINT NOT NULL,
  touched_products BIGINT NOT NULL,
  diversity DOUBLE PRECISION NOT NULL,
  popularity_bias DOUBLE PRECISION NOT NULL,
  novelty DOUBLE PRECISION NOT NULL,
  sources JSONB NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT candidate_quality_pkey PRIMARY KEY (model, day)
);
