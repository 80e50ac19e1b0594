CREATE TABLE loyalty_quality (
  model TEXT NOT NULL,
  week TEXT NOT NULL,
  horizon_days BIGINT NOT NULL,
  chances BIGINT NOT NULL,
  bought BIGINT NOT NULL,
  auc DOUBLE PRECISION,
  brier DOUBLE PRECISION NOT NULL,
  base_brier DOUBLE PRECISION NOT NULL,
  ece DOUBLE PRECISION NOT NULL,
  tenths JSONB NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT loyalty_quality_pkey PRIMARY KEY (model, week)
);
