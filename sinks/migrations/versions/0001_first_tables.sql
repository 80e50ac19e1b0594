CREATE TABLE cursor (
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  next BIGINT NOT NULL,
  topic_id TEXT NOT NULL,
  partitions INTEGER NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE,
  written_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT cursor_pkey PRIMARY KEY (topic, partition)
);

CREATE TABLE members (
  member_id TEXT NOT NULL,
  country TEXT,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT members_pkey PRIMARY KEY (member_id)
);

CREATE TABLE balances (
  member_id TEXT NOT NULL,
  pending BIGINT NOT NULL,
  active BIGINT NOT NULL,
  held BIGINT NOT NULL,
  debt BIGINT NOT NULL,
  issued BIGINT NOT NULL,
  redeemed BIGINT NOT NULL,
  expired BIGINT NOT NULL,
  adjusted BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT balances_pkey PRIMARY KEY (member_id)
);

CREATE TABLE entries (
  member_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  points BIGINT NOT NULL,
  order_id TEXT,
  return_id TEXT,
  redemption_id TEXT,
  rule_id TEXT,
  rule_version BIGINT,
  reason TEXT,
  postings JSONB NOT NULL,
  pending BIGINT NOT NULL,
  active BIGINT NOT NULL,
  held BIGINT NOT NULL,
  debt BIGINT NOT NULL,
  issued BIGINT NOT NULL,
  redeemed BIGINT NOT NULL,
  expired BIGINT NOT NULL,
  adjusted BIGINT NOT NULL,
  caused_by TEXT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT entries_pkey PRIMARY KEY (log_partition, log_offset)
);

CREATE INDEX entries_by_member ON entries (member_id, log_offset);

CREATE TABLE lots (
  member_id TEXT NOT NULL,
  lot_id TEXT NOT NULL,
  order_id TEXT,
  rule_id TEXT,
  rule_version BIGINT,
  earned_at TIMESTAMP WITH TIME ZONE NOT NULL,
  activates_at TIMESTAMP WITH TIME ZONE,
  expires_at TIMESTAMP WITH TIME ZONE,
  pending BIGINT NOT NULL,
  active BIGINT NOT NULL,
  held BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT lots_pkey PRIMARY KEY (member_id, lot_id)
);

CREATE TABLE orders (
  member_id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  state TEXT NOT NULL,
  currency TEXT NOT NULL,
  total_minor BIGINT NOT NULL,
  postage_minor BIGINT NOT NULL,
  tax_minor BIGINT NOT NULL,
  placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  delivered_at TIMESTAMP WITH TIME ZONE,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT orders_pkey PRIMARY KEY (member_id, order_id)
);

CREATE TABLE order_items (
  member_id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  line_number INTEGER NOT NULL,
  product_id TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  amount_minor BIGINT NOT NULL,
  discount_minor BIGINT NOT NULL,
  category TEXT NOT NULL,
  returned BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT order_items_pkey PRIMARY KEY (member_id, order_id, line_number)
);

CREATE TABLE returns (
  member_id TEXT NOT NULL,
  return_id TEXT NOT NULL,
  state TEXT NOT NULL,
  order_id TEXT,
  reason TEXT,
  refund_minor BIGINT,
  waits_until TIMESTAMP WITH TIME ZONE,
  lines JSONB NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT returns_pkey PRIMARY KEY (member_id, return_id)
);

CREATE TABLE redemptions (
  member_id TEXT NOT NULL,
  redemption_id TEXT NOT NULL,
  state TEXT NOT NULL,
  product_id TEXT,
  quantity BIGINT,
  points BIGINT,
  reason TEXT,
  times_out_at TIMESTAMP WITH TIME ZONE,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT redemptions_pkey PRIMARY KEY (member_id, redemption_id)
);

CREATE TABLE caps (
  member_id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  rule_id TEXT NOT NULL,
  rule_version BIGINT NOT NULL,
  earned BIGINT NOT NULL,
  granted BIGINT NOT NULL,
  cap TEXT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT caps_pkey PRIMARY KEY (log_partition, log_offset)
);

CREATE TABLE refusals (
  kind TEXT NOT NULL,
  member_id TEXT,
  subject TEXT,
  reason TEXT NOT NULL,
  details JSONB NOT NULL,
  caused_by TEXT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT refusals_pkey PRIMARY KEY (log_partition, log_offset)
);

CREATE INDEX refusals_by_member ON refusals (member_id, log_offset);

CREATE TABLE board_scores (
  board TEXT NOT NULL,
  member_id TEXT NOT NULL,
  points BIGINT NOT NULL,
  reached_at TIMESTAMP WITH TIME ZONE NOT NULL,
  "window" TEXT NOT NULL,
  version INTEGER NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT board_scores_pkey PRIMARY KEY (board, member_id)
);

CREATE TABLE board_closings (
  board TEXT NOT NULL,
  "window" TEXT NOT NULL,
  ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
  partitions INTEGER NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT board_closings_pkey PRIMARY KEY (board, log_partition)
);

CREATE TABLE closed_boards (
  board TEXT NOT NULL,
  "window" TEXT NOT NULL,
  ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
  members BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT closed_boards_pkey PRIMARY KEY (board)
);

CREATE TABLE closed_ranks (
  board TEXT NOT NULL,
  member_id TEXT NOT NULL,
  points BIGINT NOT NULL,
  reached_at TIMESTAMP WITH TIME ZONE NOT NULL,
  rank BIGINT,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT closed_ranks_pkey PRIMARY KEY (board, member_id)
);

CREATE TABLE rules (
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
  CONSTRAINT rules_pkey PRIMARY KEY (rule_id, version, effective_at)
);

CREATE TABLE gifts (
  product_id TEXT NOT NULL,
  effective_at TIMESTAMP WITH TIME ZONE NOT NULL,
  points BIGINT NOT NULL,
  available BOOLEAN NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT gifts_pkey PRIMARY KEY (product_id, effective_at)
);

CREATE TABLE products (
  product_id TEXT NOT NULL,
  name TEXT NOT NULL,
  category TEXT NOT NULL,
  price_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT products_pkey PRIMARY KEY (product_id)
);

CREATE TABLE stock (
  product_id TEXT NOT NULL,
  on_hand BIGINT NOT NULL,
  reserved BIGINT NOT NULL,
  available BIGINT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT stock_pkey PRIMARY KEY (product_id)
);

CREATE TABLE stock_movements (
  product_id TEXT NOT NULL,
  movement TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  on_hand BIGINT NOT NULL,
  reserved BIGINT NOT NULL,
  reference TEXT,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT stock_movements_pkey PRIMARY KEY (log_partition, log_offset)
);

CREATE INDEX stock_movements_by_product ON stock_movements (product_id, log_offset);

CREATE TABLE stock_warnings (
  product_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  pieces BIGINT NOT NULL,
  suggested_quantity BIGINT,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT stock_warnings_pkey PRIMARY KEY (log_partition, log_offset)
);

CREATE TABLE dead_letters (
  source TEXT NOT NULL,
  stage TEXT NOT NULL,
  problem TEXT NOT NULL,
  detail TEXT NOT NULL,
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  "offset" BIGINT NOT NULL,
  record_key BYTEA,
  record_value BYTEA,
  caused_by TEXT NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT dead_letters_pkey PRIMARY KEY (log_partition, log_offset)
);

CREATE INDEX dead_letters_by_source ON dead_letters (source);
