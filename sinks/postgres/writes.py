"""Which columns of which table are written together, and how: what views fill.

Keys come first. What is put and what is changed in one table are two writes.
"""

from __future__ import annotations

from sinks.postgres import tables as t
from sinks.postgres.statements import Mode, Write

ACCOUNTS = tuple(str(column.name) for column in t.balances())

MEMBERS = Write(t.MEMBERS, ("member_id", "country"))
ORDERS = Write(
    t.ORDERS,
    (
        "member_id",
        "order_id",
        "state",
        "currency",
        "total_minor",
        "postage_minor",
        "tax_minor",
        "placed_at",
        "delivered_at",
    ),
)
ORDER_STATES = Write(t.ORDERS, ("member_id", "order_id", "state", "delivered_at"), Mode.CHANGE)
ORDER_ITEMS = Write(
    t.ORDER_ITEMS,
    (
        "member_id",
        "order_id",
        "line_number",
        "product_id",
        "quantity",
        "amount_minor",
        "discount_minor",
        "category",
        "returned",
    ),
)
ITEMS_RETURNED = Write(
    t.ORDER_ITEMS, ("member_id", "order_id", "line_number", "returned"), Mode.CHANGE
)
RETURN_COLUMNS = (
    "member_id",
    "return_id",
    "state",
    "order_id",
    "reason",
    "refund_minor",
    "waits_until",
    "lines",
)
RETURNS = Write(t.RETURNS, RETURN_COLUMNS)
RETURNS_NOT_TAKEN = Write(t.RETURNS, RETURN_COLUMNS, unless="t.state = 'ACCEPTED'")
BALANCES = Write(t.BALANCES, ("member_id", *ACCOUNTS))
ENTRIES = Write(
    t.ENTRIES,
    (
        "member_id",
        "kind",
        "points",
        "order_id",
        "return_id",
        "redemption_id",
        "alert_id",
        "rule_id",
        "rule_version",
        "reason",
        "postings",
        *ACCOUNTS,
        "caused_by",
    ),
    Mode.APPEND,
)
LOTS = Write(
    t.LOTS,
    (
        "member_id",
        "lot_id",
        "order_id",
        "rule_id",
        "rule_version",
        "earned_at",
        "activates_at",
        "expires_at",
        "pending",
        "active",
        "held",
        "withheld",
        "disputed",
    ),
)
REDEMPTIONS_HELD = Write(
    t.REDEMPTIONS,
    ("member_id", "redemption_id", "state", "product_id", "quantity", "points", "times_out_at"),
)
REDEMPTIONS_ENDED = Write(
    t.REDEMPTIONS,
    ("member_id", "redemption_id", "state", "product_id", "quantity", "points", "reason"),
    Mode.COMPLETE,
)
CAPS = Write(
    t.CAPS,
    ("member_id", "order_id", "rule_id", "rule_version", "earned", "granted", "cap"),
    Mode.APPEND,
)
REFUSALS = Write(
    t.REFUSALS,
    ("kind", "member_id", "subject", "reason", "details", "caused_by"),
    Mode.APPEND,
)
BOARD_SCORES = Write(
    t.BOARD_SCORES, ("board", "member_id", "points", "reached_at", "window", "version")
)
HIDDEN_MEMBERS = Write(t.HIDDEN_MEMBERS, ("member_id", "hidden", "kind"))
# Not written as the others: see `closing.py`.
BOARD_CLOSINGS = Write(t.BOARD_CLOSINGS, ("board", "window", "ends_at", "partitions"), Mode.APPEND)
RULES = Write(t.RULES, ("rule_id", "version", "effective_at", "changed_by", "retired", "rule"))
RISK_RULES = Write(
    t.RISK_RULES, ("rule_id", "version", "effective_at", "changed_by", "retired", "rule")
)
RISK_RULE_SWITCHES = Write(
    t.RISK_RULE_SWITCHES, ("rule_id", "version", "day", "payments", "stopped"), Mode.APPEND
)
GIFTS = Write(t.GIFTS, ("product_id", "effective_at", "points", "available"))
PRODUCTS = Write(t.PRODUCTS, ("product_id", "name", "category", "price_minor", "currency"))
STOCK = Write(t.STOCK, ("product_id", "on_hand", "reserved", "available"))
STOCK_MOVEMENTS = Write(
    t.STOCK_MOVEMENTS,
    ("product_id", "movement", "quantity", "on_hand", "reserved", "reference"),
    Mode.APPEND,
)
STOCK_WARNINGS = Write(
    t.STOCK_WARNINGS, ("product_id", "kind", "pieces", "suggested_quantity"), Mode.APPEND
)
# An alert's later words leave out what they do not change.
ALERTS = Write(
    t.ALERTS,
    (
        "alert_id",
        "member_id",
        "kind",
        "state",
        "score",
        "verdict",
        "count",
        "first_seen_at",
        "last_seen_at",
        "summary",
        "expires_at",
        "ended_at",
        "analyst",
        "reason",
        "contract_version",
    ),
    Mode.COMPLETE,
)
ALERT_EVIDENCE = Write(
    t.ALERT_EVIDENCE,
    (
        "alert_id",
        "member_id",
        "subject_id",
        "order_id",
        "redemption_id",
        "score",
        "verdict",
        "suppressed",
        "evidence",
    ),
    Mode.APPEND,
)
JUDGEMENTS = Write(
    t.JUDGEMENTS,
    (
        "alert_id",
        "caused_by",
        "member_id",
        "kind",
        "judgement",
        "analyst",
        "reason",
        "count",
    ),
)
VERDICTS = Write(
    t.VERDICTS,
    (
        "member_id",
        "kind",
        "subject_id",
        "order_id",
        "redemption_id",
        "amount_minor",
        "currency",
        "score",
        "verdict",
        "reasons",
        "rules",
        "model",
        "variant",
        "model_version",
        "stale",
    ),
)
MODELS = Write(t.MODELS, ("model", "variant", "champion", "version", "newest"))
MODEL_VERSIONS = Write(
    t.MODEL_VERSIONS, ("model", "variant", "version", "examples", "frauds", "learned_until")
)
MODEL_QUALITY = Write(
    t.MODEL_QUALITY,
    (
        "model",
        "variant",
        "day",
        "champion",
        "version",
        "payments",
        "frauds",
        "auc",
        "average_precision",
        "precision_100",
        "brier",
        "alerts",
        "alerts_confirmed",
        "drift",
    ),
)
MODEL_REFUSALS = Write(
    t.MODEL_REFUSALS, ("model", "variant", "version", "chosen_by", "reasons"), Mode.APPEND
)
FRIENDSHIPS = Write(t.FRIENDSHIPS, ("member_id", "friend_id", "friends", "invitation_id"))
REFERRAL_COLUMNS = (
    "member_id",
    "friend_id",
    "invitation_id",
    "role",
    "order_id",
    "points",
    "reason",
)
REFERRALS = Write(t.REFERRALS, REFERRAL_COLUMNS)
REFERRALS_LOST = Write(
    t.REFERRALS, ("member_id", "friend_id", "invitation_id", "reason"), Mode.CHANGE
)
REFERRALS_REFUSED = Write(t.REFERRALS, REFERRAL_COLUMNS, unless="t.role IS NOT NULL")
TIERS = Write(
    t.TIERS,
    (
        "member_id",
        "tier",
        "qualifying_points",
        "review_at",
        "next_tier",
        "next_threshold_points",
        "rule_version",
    ),
)
TIER_CHANGES = Write(
    t.TIER_CHANGES,
    (
        "member_id",
        "from_tier",
        "tier",
        "reason",
        "qualifying_points",
        "earn_percent",
        "rule_version",
    ),
    Mode.APPEND,
)
TIER_RULES = Write(t.TIER_RULES, ("version", "effective_at", "changed_by", "rule"))
LOYALTY = Write(
    t.LOYALTY,
    (
        "member_id",
        "probability",
        "horizon_days",
        "model_version",
        "first_purchase_at",
        "last_purchase_at",
        "repeat_purchases",
        "repeats_a_year",
        "interval_days",
        "interval_spread_days",
        "retained_7",
        "retained_30",
        "retained_90",
        "recent_log_ins",
        "recent_reviews",
        "recent_comments",
        "recent_likes",
        "recent_shares",
        "recent_rating",
        "review_sentiment",
        "probability_fresh",
    ),
)
LOYALTY_QUALITY = Write(
    t.LOYALTY_QUALITY,
    (
        "model",
        "week",
        "horizon_days",
        "chances",
        "bought",
        "auc",
        "brier",
        "base_brier",
        "ece",
        "tenths",
    ),
)
PERSONAS = Write(
    t.PERSONAS,
    (
        "member_id",
        "active_at",
        "orders",
        "currency",
        "spend_minor",
        "refunded_minor",
        "spend_rate_minor",
        "price_minor",
        "price_band",
        "categories",
        "interests",
        "day_part",
        "country",
        "recent_looks",
        "probability_then",
        "foretold",
        "fitted",
        "quality",
    ),
)
SEGMENTS = Write(
    t.SEGMENTS,
    ("segment_id", "version", "name", "enters", "leaves", "retired", "changed_by"),
    Mode.COMPLETE,
)
SEGMENT_MEMBERS = Write(
    t.SEGMENT_MEMBERS,
    (
        "segment_id",
        "member_id",
        "inside",
        "version",
        "entered_at",
        "left_at",
        "reason",
        "facts",
    ),
)
CAMPAIGNS = Write(
    t.CAMPAIGNS,
    (
        "campaign_id",
        "name",
        "segment_id",
        "starts_at",
        "ends_at",
        "salt",
        "holdout_share",
        "window_days",
        "contacts_most",
        "contact_days",
        "changed_by",
    ),
)
CAMPAIGN_TARGETS = Write(
    t.CAMPAIGN_MEMBERS,
    (
        "campaign_id",
        "member_id",
        "lot",
        "targeted_at",
        "converts_until",
        "shown",
        "clicked",
        "orders",
        "amount_minor",
    ),
)
CAMPAIGN_ANSWERS = Write(
    t.CAMPAIGN_MEMBERS,
    ("campaign_id", "member_id", "shown", "clicked", "orders", "amount_minor", "satisfaction"),
    Mode.CHANGE,
)
CANDIDATES = Write(t.CANDIDATES, ("member_id", "personal", "degraded", "version", "candidates"))
PRODUCT_NEIGHBOURS = Write(t.PRODUCT_NEIGHBOURS, ("product_id", "together", "alike"))
CANDIDATE_QUALITY = Write(
    t.CANDIDATE_QUALITY,
    (
        "model",
        "day",
        "lists",
        "hit_rate",
        "mrr",
        "popular_hit_rate",
        "popular_mrr",
        "offered_products",
        "touched_products",
        "diversity",
        "popularity_bias",
        "novelty",
        "sources",
        "knn_hit_rate",
        "knn_mrr",
    ),
)
DEAD_LETTERS = Write(
    t.DEAD_LETTERS,
    (
        "source",
        "stage",
        "problem",
        "detail",
        "topic",
        "partition",
        "offset",
        "record_key",
        "record_value",
        "caused_by",
    ),
    Mode.APPEND,
)
# In this order within a transaction: a row is made before it is changed.
WRITES = (
    MEMBERS, ORDERS, ORDER_STATES, ORDER_ITEMS, ITEMS_RETURNED, RETURNS, RETURNS_NOT_TAKEN, BALANCES,
    ENTRIES, LOTS, REDEMPTIONS_HELD, REDEMPTIONS_ENDED, CAPS, REFUSALS, BOARD_SCORES, RULES, GIFTS,
    HIDDEN_MEMBERS, PRODUCTS, STOCK, STOCK_MOVEMENTS, STOCK_WARNINGS, DEAD_LETTERS,
    RISK_RULES, RISK_RULE_SWITCHES, ALERTS, ALERT_EVIDENCE, JUDGEMENTS, VERDICTS,
    MODELS, MODEL_VERSIONS, MODEL_QUALITY, MODEL_REFUSALS, LOYALTY,
    LOYALTY_QUALITY,
    TIERS, TIER_CHANGES, TIER_RULES, FRIENDSHIPS, REFERRALS, REFERRALS_LOST, REFERRALS_REFUSED,
    PERSONAS,
    SEGMENTS, SEGMENT_MEMBERS, CAMPAIGNS, CAMPAIGN_TARGETS,
    CAMPAIGN_ANSWERS,
    CANDIDATES, PRODUCT_NEIGHBOURS, CANDIDATE_QUALITY,
)  # fmt: skip
