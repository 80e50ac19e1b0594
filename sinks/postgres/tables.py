"""The tables of the Postgres view: declared here once, with a comment for every table and column.

The migrations make them, the writes fill them, `document.py` prints them. Every table is fed from one
outcomes topic, and every row says which record it comes from; positions compare within a partition,
and a key always lies in the same one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

METADATA = MetaData()
Kind = TypeEngine[Any] | type[TypeEngine[Any]]

MEMBER = "The member."
PRODUCT = "The product."
ORDER = "The order."


def _column(name: str, kind: Kind, comment: str, *, null: bool = False) -> Column[Any]:
    return Column(name, kind, nullable=null, comment=comment)


def text(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """A word or an id."""
    return _column(name, Text, comment, null=null)


def whole(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """Points, pieces, minor units."""
    return _column(name, BigInteger, comment, null=null)


def share(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """A share, a probability or a mean, 0 to 1."""
    return _column(name, Double, comment, null=null)


def number(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """A measured number, in the unit of its comment."""
    return _column(name, Double, comment, null=null)


def moment(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """A time, kept to the millisecond."""
    return _column(name, DateTime(timezone=True), comment, null=null)


def flag(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """True or false."""
    return _column(name, Boolean, comment, null=null)


def json(name: str, comment: str) -> Column[Any]:
    """A list or record of the event, as its schema declares it."""
    return _column(name, JSONB, comment)


def origin() -> list[Column[Any]]:
    """The last columns of every row: which record it comes from."""
    return [
        moment("occurred_at", "When it happened."),
        moment("recorded_at", "When its cause was recorded in the log."),
        text("event_id", "Id of the outcome."),
        _column("log_partition", Integer, "Partition of the outcomes topic."),
        whole("log_offset", "Offset there; newer is greater within a partition."),
    ]


def balances() -> list[Column[Any]]:
    """All accounts of a member; they add up to zero."""
    return [
        whole("pending", "Points granted that wait for the return window."),
        whole("active", "Points that can be spent."),
        whole("held", "Points set aside for redemptions."),
        whole("withheld", "Points earned by orders that a verdict stopped."),
        whole("debt", "Points owed: zero or less."),
        whole("issued", "All ever granted, negative."),
        whole("redeemed", "All ever spent."),
        whole("expired", "All ever expired."),
        whole("adjusted", "Operators' corrections, negative when points were added."),
    ]


def scores() -> list[Column[Any]]:
    """A member's place on a board."""
    return [
        text("board", "Name of the board, such as day:2011-12-09."),
        text("member_id", MEMBER),
        whole("points", "The score."),
        moment("reached_at", "When it was reached: earlier ranks first among equals."),
    ]


def _table(name: str, comment: str, *columns: Column[Any] | Index, key: str) -> Table:
    primary = PrimaryKeyConstraint(*key.split(), name=f"{name}_pkey")
    return Table(name, METADATA, *columns, primary, comment=comment)


LOG = "log_partition log_offset"

CURSOR = _table(
    "cursor",
    "How far these tables have come in the log; moved in the transaction that writes the rows.",
    text("topic", "Topic, without the installation's prefix."),
    _column("partition", Integer, "Partition."),
    whole("next", "Position of the next record to take."),
    text("topic_id", "Id of the topic: another one made under this name is refused."),
    _column("partitions", Integer, "Partitions of the topic."),
    moment("recorded_at", "When the newest record taken was recorded.", null=True),
    moment("written_at", "When this row was last written."),
    key="topic partition",
)
MEMBERS = _table(
    "members",
    "Who is in the programme.",
    text("member_id", MEMBER),
    text("country", "As registered.", null=True),
    *origin(),
    key="member_id",
)
BALANCES = _table(
    "balances",
    "All accounts of each member after the newest entry.",
    text("member_id", MEMBER),
    *balances(),
    *origin(),
    key="member_id",
)
ENTRIES = _table(
    "entries",
    "The journal of the points ledger; nothing is edited, a mistake gets a reversing entry.",
    text("member_id", MEMBER),
    text("kind", "Which outcome it is, such as PointsEarned."),
    whole("points", "Points, as the outcome says."),
    text("order_id", ORDER, null=True),
    text("return_id", "The return.", null=True),
    text("redemption_id", "The redemption.", null=True),
    text("alert_id", "The alert whose end it follows.", null=True),
    text("rule_id", "The rule followed.", null=True),
    whole("rule_version", "Its version.", null=True),
    text("reason", "Why, where the outcome says so.", null=True),
    json("postings", "What moved: source, destination, points, lot_id."),
    *balances(),
    text("caused_by", "Id of the record that it follows from."),
    *origin(),
    Index("entries_by_member", "member_id", "log_offset"),
    key=LOG,
)
LOTS = _table(
    "lots",
    "Points that were granted together: what is left of them, and until when they are good.",
    text("member_id", MEMBER),
    text("lot_id", "The lot."),
    text("order_id", "The order that earned them.", null=True),
    text("rule_id", "The rule that granted them.", null=True),
    whole("rule_version", "Its version.", null=True),
    moment("earned_at", "When they were earned."),
    moment("activates_at", "When pending turns active; none: is active.", null=True),
    moment("expires_at", "First moment they are no longer good; none: never.", null=True),
    whole("pending", "Pending."),
    whole("active", "Active."),
    whole("held", "Held."),
    whole("withheld", "Withheld."),
    flag("disputed", "True: pending points wait for the end of a dispute."),
    *origin(),
    key="member_id lot_id",
)
ORDERS = _table(
    "orders",
    "Orders that count, with their state.",
    text("member_id", MEMBER),
    text("order_id", ORDER),
    text("state", "Where it stands: PLACED, DELIVERED, PARTLY_RETURNED, RETURNED, CLOSED."),
    text("currency", "ISO 4217 code."),
    whole("total_minor", "Paid for all lines, minor units."),
    whole("postage_minor", "Postage."),
    whole("tax_minor", "Tax."),
    moment("placed_at", "When it was placed."),
    moment("delivered_at", "When it was delivered.", null=True),
    *origin(),
    key="member_id order_id",
)
ORDER_ITEMS = _table(
    "order_items",
    "The lines of orders, as bought, and what of them came back.",
    text("member_id", MEMBER),
    text("order_id", ORDER),
    _column("line_number", Integer, "Line of the order."),
    text("product_id", PRODUCT),
    whole("quantity", "Pieces bought."),
    whole("amount_minor", "Paid for the line, minor units."),
    whole("discount_minor", "Discount already taken off."),
    text("category", "Category of the product; empty when it has none."),
    whole("returned", "Pieces returned."),
    *origin(),
    key="member_id order_id line_number",
)
RETURNS = _table(
    "returns",
    "Returns: ACCEPTED, DEFERRED (its purchase is not known yet) or REFUSED.",
    text("member_id", MEMBER),
    text("return_id", "The return."),
    text("state", "ACCEPTED, DEFERRED or REFUSED."),
    text("order_id", ORDER, null=True),
    text("reason", "Why it was refused.", null=True),
    whole("refund_minor", "What the returned pieces had cost.", null=True),
    moment("waits_until", "Until when a deferred return waits for its purchase.", null=True),
    json("lines", "The matched lines; empty unless accepted."),
    *origin(),
    key="member_id return_id",
)
REDEMPTIONS = _table(
    "redemptions",
    "Redemptions: HELD (points are set aside), REDEEMED or REFUSED.",
    text("member_id", MEMBER),
    text("redemption_id", "The redemption."),
    text("state", "HELD, REDEEMED or REFUSED."),
    text("product_id", "The gift.", null=True),
    whole("quantity", "Pieces.", null=True),
    whole("points", "Its price.", null=True),
    text("reason", "Why it was refused.", null=True),
    moment("times_out_at", "When the hold ends if nothing happens.", null=True),
    *origin(),
    key="member_id redemption_id",
)
CAPS = _table(
    "caps",
    "Where a cap of a rule bit.",
    text("member_id", MEMBER),
    text("order_id", ORDER),
    text("rule_id", "The rule."),
    whole("rule_version", "Its version."),
    whole("earned", "Points before the caps."),
    whole("granted", "Points after the caps."),
    text("cap", "The tightest cap."),
    *origin(),
    key=LOG,
)
REFUSALS = _table(
    "refusals",
    "What members and operators asked for and did not get, and why.",
    text("kind", "Which outcome it is, such as OrderRefused."),
    text("member_id", MEMBER, null=True),
    text("subject", "Id of the order, return, redemption, rule or gift.", null=True),
    text("reason", "The word for the reason; INVALID where `details` has sentences."),
    json("details", "Sentences for people."),
    text("caused_by", "Id of the record that was refused."),
    *origin(),
    Index("refusals_by_member", "member_id", "log_offset"),
    key=LOG,
)
BOARD_SCORES = _table(
    "board_scores",
    "Every member's score on every board, as it is now: also after the board closed.",
    *scores(),
    text("window", "DAY, WEEK, MONTH, SEASON or ALL_TIME."),
    _column("version", Integer, "1, raised by one for each change after the board closed."),
    *origin(),
    key="board member_id",
)
HIDDEN_MEMBERS = _table(
    "hidden_members",
    "Who is, or was, blocked. The boards leave the hidden ones out; the tables keep their scores and ranks.",
    text("member_id", MEMBER),
    flag("hidden", "True: left out now."),
    text("kind", "The abuse of the first block since the member was last shown.", null=True),
    *origin(),
    key="member_id",
)
BOARD_CLOSINGS = _table(
    "board_closings",
    "Which partitions have said all that counts to a board.",
    text("board", "Name of the board."),
    text("window", "DAY, WEEK, MONTH or SEASON."),
    moment("ends_at", "End of the window."),
    _column("partitions", Integer, "How many have to say it."),
    *origin(),
    key="board log_partition",
)
CLOSED_BOARDS = _table(
    "closed_boards",
    "Boards that all partitions have closed.",
    text("board", "Name of the board."),
    text("window", "DAY, WEEK, MONTH or SEASON."),
    moment("ends_at", "End of the window."),
    whole("members", "Members on it."),
    *origin(),
    key="board",
)
CLOSED_RANKS = _table(
    "closed_ranks",
    "The boards as they closed; later changes are corrections in board_scores.",
    *scores(),
    whole("rank", "From 1; none until every partition has closed the board.", null=True),
    *origin(),
    key="board member_id",
)
RULES = _table(
    "rules",
    "Points rules by version.",
    text("rule_id", "The rule."),
    whole("version", "Version, from 1."),
    moment("effective_at", "It applies from then on."),
    text("changed_by", "The operator."),
    flag("retired", "True: nothing is earned by this rule from then on."),
    json("rule", "What holds; null when it is retired."),
    *origin(),
    key="rule_id version effective_at",
)
RISK_RULES = _table(
    "risk_rules",
    "Risk rules by version.",
    text("rule_id", "The rule."),
    whole("version", "Version, from 1."),
    moment("effective_at", "It applies from then on."),
    text("changed_by", "The operator."),
    flag("retired", "True: the rule has ended from then on."),
    json("rule", "What holds."),
    *origin(),
    key="rule_id version",
)
RISK_RULE_SWITCHES = _table(
    "risk_rule_switches",
    "Risk rules that stopped too many of a partition's payments and have no effect there that day.",
    text("rule_id", "The rule."),
    whole("version", "Its version."),
    text("day", "The day, UTC."),
    whole("payments", "Payments scored in the partition on that day until then."),
    whole("stopped", "What the rule held or blocked."),
    *origin(),
    key=LOG,
)
MODELS = _table(
    "models",
    "Each model's variants: which version is out, and which variant decides.",
    text("model", "The model, such as payment."),
    text("variant", "The variant."),
    flag("champion", "True: this one decides."),
    whole("version", "The version that is out."),
    whole("newest", "The newest version; higher when an older one is out."),
    *origin(),
    key="model variant",
)
MODEL_VERSIONS = _table(
    "model_versions",
    "Every version of a model's variants, as it was when it was last out.",
    text("model", "The model."),
    text("variant", "The variant."),
    whole("version", "Its version, from 1."),
    whole("examples", "Examples that it learned from."),
    whole("frauds", "Fraud among them."),
    moment("learned_until", "When the newest example was paid."),
    *origin(),
    key="model variant version",
)
MODEL_QUALITY = _table(
    "model_quality",
    "Prequential quality by day of payment: scored when it was paid, compared when the label came.",
    text("model", "The model."),
    text("variant", "The variant, or another model that was reported, such as batch."),
    text("day", "Day of the payments, UTC."),
    flag("champion", "True: it was the champion when the day was measured."),
    whole("version", "Its newest version then; 0: not one of ours."),
    whole("payments", "Labelled payments of the day."),
    whole("frauds", "Fraud among them."),
    share("auc", "Area under the ROC curve; none: one class only.", null=True),
    share("average_precision", "None without fraud.", null=True),
    share("precision_100", "Share of fraud among the day's 100 highest members.", null=True),
    share("brier", "Mean squared error of the probability.", null=True),
    whole("alerts", "Payments of the day that were part of an alert."),
    whole("alerts_confirmed", "Those that were fraud."),
    flag("drift", "True: the detector gave alarm on this day."),
    *origin(),
    key="model variant day",
)
MODEL_REFUSALS = _table(
    "model_refusals",
    "Choices of a variant or version that were refused.",
    text("model", "The model."),
    text("variant", "As asked."),
    whole("version", "As asked; none: the newest.", null=True),
    text("chosen_by", "The operator."),
    json("reasons", "Sentences for people."),
    *origin(),
    key=LOG,
)
LOYALTY = _table(
    "loyalty",
    "How each member's purchases stand, as it was last said: at a purchase, or weekly.",
    text("member_id", MEMBER),
    share("probability", "Chance of another purchase; none: no purchase is kept.", null=True),
    whole("horizon_days", "Days that it is about, from occurred_at on."),
    whole("model_version", "Version of the model; 0: what is assumed before any example."),
    moment("first_purchase_at", "First kept purchase: names the cohort.", null=True),
    moment("last_purchase_at", "Last kept purchase.", null=True),
    whole("repeat_purchases", "Days with a purchase after the first."),
    number("repeats_a_year", "repeat_purchases by years; none in the first 28 days.", null=True),
    number("interval_days", "Mean days between purchase days; none under two.", null=True),
    number("interval_spread_days", "Their standard deviation; none under three.", null=True),
    flag("retained_7", "Again within 7 days of the first; none: not yet known.", null=True),
    flag("retained_30", "The same within 30 days.", null=True),
    flag("retained_90", "The same within 90 days.", null=True),
    number("recent_log_ins", "Log-ins, each counted half for every 4 weeks since."),
    number("recent_reviews", "Reviews, each counted half for every 12 weeks since."),
    number("recent_comments", "Comments, the same."),
    number("recent_likes", "Likes, the same."),
    number("recent_shares", "Shares, the same."),
    number("recent_rating", "Mean stars, weighed the same; none without a review.", null=True),
    number("review_sentiment", "Mean sentiment, -1 to 1; none: not known.", null=True),
    share("probability_fresh", "The chance, had the last purchase just been.", null=True),
    *origin(),
    key="member_id",
)
LOYALTY_QUALITY = _table(
    "loyalty_quality",
    "How good the chances of buying again were, by the week in which they were said.",
    text("model", "loyalty."),
    text("week", "Monday of the week in which they were said, UTC."),
    whole("horizon_days", "Days that they were about: so much later each was judged."),
    whole("chances", "Chances judged by now: one in six weeks of a member."),
    whole("bought", "Of them members who bought again in time."),
    share("auc", "Chance that who bought was ranked above who did not.", null=True),
    share("brier", "Mean squared error."),
    share("base_brier", "The same of saying the share that bought of everybody."),
    share("ece", "Mean distance between what was said and what came, over tenths."),
    json("tenths", "Chances under 0.1, 0.2 …: how many, their mean, who of them bought."),
    *origin(),
    key="model week",
)
FRIENDSHIPS = _table(
    "friendships",
    "Who is and was whose friend; each pair has a row on either side.",
    text("member_id", MEMBER),
    text("friend_id", "The other."),
    flag("friends", "True: they are friends now."),
    text("invitation_id", "The invitation that began it; none: it has ended.", null=True),
    *origin(),
    key="member_id friend_id",
)
REFERRALS = _table(
    "referrals",
    "What invitations earned, on either side; why they earned nothing, or why it was taken back.",
    text("member_id", MEMBER),
    text("friend_id", "The other."),
    text("invitation_id", "The invitation."),
    text("role", "INVITER or INVITED; none: refused.", null=True),
    text("order_id", "The purchase that was kept.", null=True),
    whole("points", "What the ledger gave."),
    text("reason", "Why nothing, if refused (no role); why it was taken back, if so.", null=True),
    *origin(),
    key="member_id friend_id invitation_id",
)
TIERS = _table(
    "tiers",
    "The tier of each member, and how far the next one is, as it was last said.",
    text("member_id", MEMBER),
    text("tier", "The tier."),
    whole("qualifying_points", "What counts in the running period."),
    moment("review_at", "End of the running period: the tier is reviewed then."),
    text("next_tier", "The tier above; none: this is the highest.", null=True),
    whole("next_threshold_points", "Qualifying points that it takes.", null=True),
    whole("rule_version", "Version of the programme."),
    *origin(),
    key="member_id",
)
TIER_CHANGES = _table(
    "tier_changes",
    "Every change of a tier, with its reason.",
    text("member_id", MEMBER),
    text("from_tier", "The tier before; none: the member joined.", null=True),
    text("tier", "The tier since."),
    text("reason", "Why: JOINED, QUALIFIED, RETURNED, STOPPED, PERIOD_ENDED, RULE_CHANGED."),
    whole("qualifying_points", "What counted then."),
    whole("earn_percent", "Points earned by a purchase from the next event on; 100 is usual."),
    whole("rule_version", "Version of the programme."),
    *origin(),
    Index("tier_changes_by_member", "member_id", "log_offset"),
    key=LOG,
)
TIER_RULES = _table(
    "tier_rules",
    "The programme of tiers by version.",
    whole("version", "Version, from 1."),
    moment("effective_at", "It holds from the first period that begins then or later."),
    text("changed_by", "The operator."),
    json("rule", "What holds."),
    *origin(),
    key="version",
)
CANDIDATES = _table(
    "candidates",
    "What each member may want next, as it was last said.",
    text("member_id", MEMBER),
    flag("personal", "False: the member refused; what all touch."),
    flag("degraded", "True: nothing is known of the member yet; what all touch."),
    whole("version", "Of the weights of the sources; 0: as assumed at first."),
    json("candidates", "The best first: product, source, the touched product that speaks for it."),
    *origin(),
    key="member_id",
)
PRODUCT_NEIGHBOURS = _table(
    "product_neighbours",
    "What a product's page shows beside it.",
    text("product_id", PRODUCT),
    json("together", "Products touched together with it most often, the first first."),
    json("alike", "Products touched together with it more often than all touch them."),
    *origin(),
    key="product_id",
)
CANDIDATE_QUALITY = _table(
    "candidate_quality",
    "How good lists of candidates were by day: each was judged by the member's next touch.",
    text("model", "candidates."),
    text("day", "Day of the touches, UTC."),
    whole("lists", "Lists judged: a sample of touches."),
    share("hit_rate", "Share of lists, of 20, that held a touched product."),
    share("mrr", "Mean of 1 / rank; 0 for a miss."),
    share("popular_hit_rate", "Hit rate of what all touch, at the same moments."),
    share("popular_mrr", "Mean of 1 / rank of what all touch."),
    whole("offered_products", "Different products on lists, estimated."),
    whole("touched_products", "Different products touched, estimated."),
    share("diversity", "Chance that two candidates of a list have different reasons, mean."),
    share("popularity_bias", "Share of candidates among the 20 that all touch most in a week."),
    share("novelty", "Share of candidates beyond the 100 most touched of the week."),
    json("sources", "By source: hits, and candidates shown, clicked, bought, dismissed."),
    share("knn_hit_rate", "Hit rate of item-kNN on the product touched before.", null=True),
    share("knn_mrr", "Mean of 1 / rank of item-kNN.", null=True),
    *origin(),
    key="model day",
)
GIFTS = _table(
    "gifts",
    "What gifts cost in points, and from when.",
    text("product_id", "The gift."),
    moment("effective_at", "It applies from then on."),
    whole("points", "Price of one piece."),
    flag("available", "False: no longer to be had."),
    *origin(),
    key="product_id effective_at",
)
PRODUCTS = _table(
    "products",
    "Products as they are on offer.",
    text("product_id", PRODUCT),
    text("name", "Name for people."),
    text("category", "Category; empty when it has none."),
    whole("price_minor", "List price of one piece, minor units."),
    text("currency", "ISO 4217 code."),
    *origin(),
    key="product_id",
)
STOCK = _table(
    "stock",
    "What there is of each product; below zero is oversold.",
    text("product_id", PRODUCT),
    whole("on_hand", "Pieces in the house."),
    whole("reserved", "Of them, reserved for redemptions."),
    whole("available", "on_hand - reserved."),
    *origin(),
    key="product_id",
)
STOCK_MOVEMENTS = _table(
    "stock_movements",
    "Every change of stock.",
    text("product_id", PRODUCT),
    text("movement", "RECEIVED, SOLD, RETURNED, ADJUSTED, RESERVED, COMMITTED or RELEASED."),
    whole("quantity", "Signed change of what is available."),
    whole("on_hand", "After it."),
    whole("reserved", "After it."),
    text("reference", "Order, return or redemption.", null=True),
    *origin(),
    Index("stock_movements_by_product", "product_id", "log_offset"),
    key=LOG,
)
STOCK_WARNINGS = _table(
    "stock_warnings",
    "Products that ran low or were oversold.",
    text("product_id", PRODUCT),
    text("kind", "StockLow or Oversold."),
    whole("pieces", "Available (StockLow) or missing (Oversold)."),
    whole("suggested_quantity", "Pieces to order.", null=True),
    *origin(),
    key=LOG,
)
ALERTS = _table(
    "alerts",
    "Alerts of fraud and abuse, as they are now.",
    text("alert_id", "The alert."),
    text("member_id", MEMBER),
    text("kind", "Kind of abuse: PAYMENT, ACCOUNT_TAKEOVER, PROMOTION, …"),
    text("state", "SUPPRESSED, OPEN, or how it ended: CONFIRMED, CLEARED, EXPIRED."),
    whole("score", "The highest of its evidence, 0 to 1000."),
    text("verdict", "The strictest of its evidence: REVIEW, HOLD or BLOCK."),
    whole("count", "Pieces of evidence."),
    moment("first_seen_at", "When the first was scored."),
    moment("last_seen_at", "When the newest was scored."),
    text("summary", "One line for people, without personal data."),
    moment("expires_at", "Without a judgement it closes then.", null=True),
    moment("ended_at", "When it ended, the last time.", null=True),
    text("analyst", "Who judged it last.", null=True),
    text("reason", "Why it ended so.", null=True),
    whole("contract_version", "Version of the contract of the topic."),
    *origin(),
    Index("alerts_by_state", "state", "last_seen_at"),
    Index("alerts_by_member", "member_id", "last_seen_at"),
    key="alert_id",
)
ALERT_EVIDENCE = _table(
    "alert_evidence",
    "What alerts rest on, piece by piece; each is enough to compute its score again.",
    text("alert_id", "The alert."),
    text("member_id", MEMBER),
    text("subject_id", "The payment or action that was scored."),
    text("order_id", "The order, if it is about one.", null=True),
    text("redemption_id", "The redemption, if it is about one.", null=True),
    whole("score", "0 to 1000."),
    text("verdict", "REVIEW, HOLD or BLOCK."),
    flag("suppressed", "True: the day's budget was used up when it came."),
    json("evidence", "All of it: reasons, features with the weights used, rules, model."),
    *origin(),
    Index("alert_evidence_by_alert", "alert_id", "log_offset"),
    key=LOG,
)
JUDGEMENTS = _table(
    "judgements",
    "What analysts found; of several of an alert the newest counts.",
    text("alert_id", "The alert."),
    text("caused_by", "Id of the AlertJudged."),
    text("member_id", MEMBER),
    text("kind", "Kind of abuse."),
    text("judgement", "CONFIRMED or CLEARED."),
    text("analyst", "Who judged."),
    text("reason", "Why."),
    whole("count", "Pieces of evidence that the alert had."),
    *origin(),
    Index("judgements_by_time", "occurred_at"),
    key="alert_id caused_by",
)
VERDICTS = _table(
    "verdicts",
    "Scores that led to more than ALLOW, with their reasons.",
    text("member_id", MEMBER),
    text("kind", "Kind of abuse."),
    text("subject_id", "The payment or action that was scored."),
    text("order_id", "The order, if it is about one.", null=True),
    text("redemption_id", "The redemption, if it is about one.", null=True),
    whole("amount_minor", "Money at stake, minor units.", null=True),
    text("currency", "ISO 4217 code.", null=True),
    whole("score", "0 to 1000."),
    text("verdict", "CHALLENGE, REVIEW, HOLD or BLOCK."),
    json("reasons", "Parts of the score in falling order of size; they add up to it."),
    json("rules", "The rules that held, by version."),
    text("model", "Name of the model, if one was asked.", null=True),
    text("variant", "Its variant.", null=True),
    whole("model_version", "Its version.", null=True),
    flag("stale", "True: the model's snapshot was older than it should be."),
    *origin(),
    key="member_id kind subject_id",
)
PERSONAS = _table(
    "personas",
    "What each member is like, as last said.",
    text("member_id", MEMBER),
    moment("active_at", "Last order, look, search or log-in."),
    whole("orders", "Orders placed."),
    text("currency", "ISO 4217 code, of the first order; all money is in it.", null=True),
    whole("spend_minor", "Paid for orders, less what was refunded."),
    whole("refunded_minor", "Refunded."),
    number("spend_rate_minor", "Spend in 90 days, as of the last order, decayed.", null=True),
    number("price_minor", "What a piece usually costs, decayed.", null=True),
    text("price_band", "LOW, MIDDLE or HIGH beside what others pay.", null=True),
    json("categories", "Preferred categories with their shares, best first."),
    json("interests", "Terms searched for with their shares, best first."),
    text("day_part", "NIGHT, MORNING, AFTERNOON or EVENING, UTC.", null=True),
    text("country", "As registered.", null=True),
    number("recent_looks", "Looks at products, each counted half for every 4 weeks since."),
    share("probability_then", "Chance of buying again, as said at the last order.", null=True),
    whole("foretold", "Orders with a category, placed when there was a preference."),
    whole("fitted", "Those whose main category was one of three preferred."),
    json("quality", "What was wrong in the orders, counted."),
    *origin(),
    key="member_id",
)
SEGMENTS = _table(
    "segments",
    "The segments, the newest version of each.",
    text("segment_id", "The segment."),
    whole("version", "Its version."),
    text("name", "For people.", null=True),
    text("enters", "A member enters where this holds.", null=True),
    text("leaves", "A member leaves where this holds; empty: where `enters` does not.", null=True),
    flag("retired", "True: it is over."),
    text("changed_by", "The operator."),
    *origin(),
    key="segment_id",
)
SEGMENT_MEMBERS = _table(
    "segment_members",
    "Who is in a segment, and who was.",
    text("segment_id", "The segment."),
    text("member_id", MEMBER),
    flag("inside", "True: in it now."),
    whole("version", "By this version of the segment."),
    moment("entered_at", "When the member last entered."),
    moment("left_at", "When the member left; none: inside.", null=True),
    text("reason", "RETIRED, SILENT or NO_LONGER; none: inside.", null=True),
    json("facts", "What the expression names, as it was."),
    *origin(),
    Index("segment_members_by_member", "member_id"),
    key="segment_id member_id",
)
CAMPAIGNS = _table(
    "campaigns",
    "The campaigns.",
    text("campaign_id", "The campaign."),
    text("name", "For people."),
    text("segment_id", "Whom it is for."),
    moment("starts_at", "When it starts to target."),
    moment("ends_at", "When it ends."),
    text("salt", "Decides, with the member, who is held out."),
    share("holdout_share", "Part of the members who are held out."),
    whole("window_days", "A purchase so soon after targeting is a conversion."),
    whole("contacts_most", "Not while a member had so many contacts …"),
    whole("contact_days", "… within so many days."),
    text("changed_by", "The operator."),
    *origin(),
    key="campaign_id",
)
CAMPAIGN_MEMBERS = _table(
    "campaign_members",
    "Who takes part in a campaign, and what they did.",
    text("campaign_id", "The campaign."),
    text("member_id", MEMBER),
    text("lot", "TREATMENT or HOLD_OUT."),
    moment("targeted_at", "From when on it counts."),
    moment("converts_until", "Purchases before this count."),
    whole("shown", "How often it was shown."),
    whole("clicked", "How often it was followed."),
    whole("orders", "Orders within the window that are kept."),
    whole("amount_minor", "What was paid for those."),
    whole("satisfaction", "The last answer, 1 to 5.", null=True),
    *origin(),
    key="campaign_id member_id",
)
DEAD_LETTERS = _table(
    "dead_letters",
    "Records that were not taken, whole, with the reason.",
    text("source", "Where it lies: topic/partition/offset."),
    text("stage", "The stage that could not take it."),
    text("problem", "The word for the problem."),
    text("detail", "What is wrong and what to do."),
    text("topic", "Topic it came from."),
    _column("partition", Integer, "Partition it came from."),
    whole("offset", "Offset it came from."),
    _column("record_key", LargeBinary, "Its key, as it came.", null=True),
    _column("record_value", LargeBinary, "Its value, as it came; cut at 256 KiB.", null=True),
    text("caused_by", "Its event id, when it could be read."),
    *origin(),
    Index("dead_letters_by_source", "source"),
    key=LOG,
)
