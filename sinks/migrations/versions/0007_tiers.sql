CREATE TABLE tiers (
  member_id TEXT NOT NULL,
  tier TEXT NOT NULL,
  qualifying_points BIGINT NOT NULL,
  review_at TIMESTAMP WITH TIME ZONE NOT NULL,
  next_tier TEXT,
  next_threshold_points BIGINT,
  rule_version BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT tiers_pkey PRIMARY KEY (member_id)
);

CREATE TABLE tier_changes (
  member_id TEXT NOT NULL,
  from_tier TEXT,
  tier TEXT NOT NULL,
  reason TEXT NOT NULL,
  qualifying_points BIGINT NOT NULL,
  earn_percent BIGINT NOT NULL,
  rule_version BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT tier_changes_pkey PRIMARY KEY (log_partition, log_offset)
);

CREATE INDEX tier_changes_by_member ON tier_changes (member_id, log_offset);

CREATE TABLE tier_rules (
  version BIGINT NOT NULL,
  effective_at TIMESTAMP WITH TIME ZONE NOT NULL,
  changed_by TEXT NOT NULL,
  rule JSONB NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT tier_rules_pkey PRIMARY KEY (version)
);
