CREATE TABLE models (
  model TEXT NOT NULL,
  variant TEXT NOT NULL,
  champion BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  newest BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT models_pkey PRIMARY KEY (model, variant)
);

CREATE TABLE model_versions (
  model TEXT NOT NULL,
  variant TEXT NOT NULL,
  version BIGINT NOT NULL,
  examples BIGINT NOT NULL,
  frauds BIGINT NOT NULL,
  learned_until TIMESTAMP WITH TIME ZONE NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT model_versions_pkey PRIMARY KEY (model, variant, version)
);

CREATE TABLE model_quality (
  model TEXT NOT NULL,
  variant TEXT NOT NULL,
  day TEXT NOT NULL,
  champion BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  payments BIGINT NOT NULL,
  frauds BIGINT NOT NULL,
  auc DOUBLE PRECISION,
  average_precision DOUBLE PRECISION,
  precision_100 DOUBLE PRECISION,
  brier DOUBLE PRECISION,
  alerts BIGINT NOT NULL,
  alerts_confirmed BIGINT NOT NULL,
  drift BOOLEAN NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT model_quality_pkey PRIMARY KEY (model, variant, day)
);

CREATE TABLE model_refusals (
  model TEXT NOT NULL,
  variant TEXT NOT NULL,
  version BIGINT,
  chosen_by TEXT NOT NULL,
  reasons JSONB NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT model_refusals_pkey PRIMARY KEY (log_partition, log_offset)
);
