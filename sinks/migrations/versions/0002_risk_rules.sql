CREATE TABLE risk_rules (
  rule_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  effective_at TIMESTAMP WITH TIME ZONE NOT NULL,
  changed_by TEXT NOT NULL,
  retired BOOLEAN NOT NULL,
  rule JSONB NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT risk_rules_pkey PRIMARY KEY (rule_id, version)
);

CREATE TABLE risk_rule_switches (
  rule_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  day TEXT NOT NULL,
  payments BIGINT NOT NULL,
  stopped BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT risk_rule_switches_pkey PRIMARY KEY (log_partition, log_offset)
);
