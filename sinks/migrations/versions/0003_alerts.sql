CREATE TABLE alerts (
  alert_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  score BIGINT NOT NULL,
  verdict TEXT NOT NULL,
  count BIGINT NOT NULL,
  first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
  last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
  summary TEXT NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE,
  ended_at TIMESTAMP WITH TIME ZONE,
  analyst TEXT,
  reason TEXT,
  contract_version BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT alerts_pkey PRIMARY KEY (alert_id)
);

CREATE INDEX alerts_by_member ON alerts (member_id, last_seen_at);

CREATE INDEX alerts_by_state ON alerts (state, last_seen_at);

CREATE TABLE alert_evidence (
  alert_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  order_id TEXT,
  redemption_id TEXT,
  score BIGINT NOT NULL,
  verdict TEXT NOT NULL,
  suppressed BOOLEAN NOT NULL,
  evidence JSONB NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT alert_evidence_pkey PRIMARY KEY (log_partition, log_offset)
);

CREATE INDEX alert_evidence_by_alert ON alert_evidence (alert_id, log_offset);

CREATE TABLE judgements (
  alert_id TEXT NOT NULL,
  caused_by TEXT NOT NULL,
  member_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  judgement TEXT NOT NULL,
  analyst TEXT NOT NULL,
  reason TEXT NOT NULL,
  count BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT judgements_pkey PRIMARY KEY (alert_id, caused_by)
);

CREATE INDEX judgements_by_time ON judgements (occurred_at);

CREATE TABLE verdicts (
  member_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  order_id TEXT,
  redemption_id TEXT,
  amount_minor BIGINT,
  currency TEXT,
  score BIGINT NOT NULL,
  verdict TEXT NOT NULL,
  reasons JSONB NOT NULL,
  rules JSONB NOT NULL,
  model TEXT,
  variant TEXT,
  model_version BIGINT,
  stale BOOLEAN NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT verdicts_pkey PRIMARY KEY (member_id, kind, subject_id)
);
