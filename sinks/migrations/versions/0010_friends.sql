CREATE TABLE friendships (
  member_id TEXT NOT NULL,
  friend_id TEXT NOT NULL,
  friends BOOLEAN NOT NULL,
  invitation_id TEXT,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT friendships_pkey PRIMARY KEY (member_id, friend_id)
);

CREATE TABLE referrals (
  member_id TEXT NOT NULL,
  friend_id TEXT NOT NULL,
  invitation_id TEXT NOT NULL,
  role TEXT,
  order_id TEXT,
  points BIGINT NOT NULL,
  reason TEXT,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  event_id TEXT NOT NULL,
  log_partition INTEGER NOT NULL,
  log_offset BIGINT NOT NULL,
  CONSTRAINT referrals_pkey PRIMARY KEY (member_id, friend_id, invitation_id)
);

ALTER TABLE loyalty ADD COLUMN recent_reviews DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE loyalty ADD COLUMN recent_comments DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE loyalty ADD COLUMN recent_likes DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE loyalty ADD COLUMN recent_shares DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE loyalty ADD COLUMN recent_rating DOUBLE PRECISION;
ALTER TABLE loyalty ADD COLUMN review_sentiment DOUBLE PRECISION;
