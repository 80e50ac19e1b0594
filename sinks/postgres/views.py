"""Which outcome goes into which tables: pure functions from an outcome to rows.

`VIEWS` is the one place that lists them. A view says a row's own columns; the origin (which record, at
which position) is put behind them by the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from schemas import campaigns as c
from schemas import friends, tiers, topics
from schemas import outcomes as o
from schemas import risk as r
from schemas import segments as s
from schemas.candidates import CandidatesChanged, CandidatesMeasured, NeighboursChanged
from schemas.dead_letters import DeadLettered
from schemas.loyalty import LoyaltyMeasured, LoyaltyScored
from schemas.persona import PersonaChanged
from schemas.record import Outcome, Word
from sinks.postgres import (
    candidate_views,
    friend_views,
    loyalty_views,
    risk_views,
    segment_views,
    tier_views,
)
from sinks.postgres.statements import Values, Write, json_text
from sinks.postgres.writes import (
    BALANCES,
    BOARD_CLOSINGS,
    BOARD_SCORES,
    CAPS,
    DEAD_LETTERS,
    ENTRIES,
    GIFTS,
    HIDDEN_MEMBERS,
    ITEMS_RETURNED,
    LOTS,
    MEMBERS,
    ORDER_ITEMS,
    ORDER_STATES,
    ORDERS,
    PRODUCTS,
    REDEMPTIONS_ENDED,
    REDEMPTIONS_HELD,
    REFUSALS,
    RETURNS,
    RETURNS_NOT_TAKEN,
    RISK_RULE_SWITCHES,
    RISK_RULES,
    RULES,
    STOCK,
    STOCK_MOVEMENTS,
    STOCK_WARNINGS,
)

Row = tuple[Write, Values]
View = Callable[[Any], list[Row]]
# The answer to a repeat says nothing of the state that its first asking led to.
REPEATS = {o.Reason.ALREADY_POSTED, o.Reason.CONFLICTS}


def view(outcome: Outcome) -> list[Row]:
    """An outcome's rows, without their origin."""
    return VIEWS[type(outcome)](outcome)


def member(event: o.MemberEnrolled) -> list[Row]:
    """members."""
    return [(MEMBERS, (event.member_id, event.country))]


def order(event: o.OrderPlaced) -> list[Row]:
    """orders, order_items."""
    key = event.member_id, event.order_id
    money = event.currency, event.total_minor, event.postage_minor, event.tax_minor
    rows: list[Row] = [(ORDERS, (*key, "PLACED", *money, event.occurred_at, None))]
    for line in event.lines:
        bought = line.quantity, line.amount_minor, line.discount_minor, line.category
        rows.append((ORDER_ITEMS, (*key, line.line_number, line.product_id, *bought, 0)))
    return rows


def order_state(event: o.OrderStateChanged) -> list[Row]:
    """orders."""
    return [
        (ORDER_STATES, (event.member_id, event.order_id, event.state.value, event.delivered_at))
    ]


def accepted_return(event: o.ReturnAccepted) -> list[Row]:
    """returns; order_items, where `returned` is absolute."""
    lines = json_text(event.lines)
    values = "ACCEPTED", event.order_id, None, event.refund_minor, None, lines
    rows: list[Row] = [(RETURNS, (event.member_id, event.return_id, *values))]
    for line in event.lines:
        key = event.member_id, event.order_id, line.line_number
        rows.append((ITEMS_RETURNED, (*key, line.returned_before + line.quantity)))
    return rows


def deferred_return(event: o.ReturnDeferred) -> list[Row]:
    """returns."""
    values = "DEFERRED", event.order_id, None, None, event.waits_until, "[]"
    return [(RETURNS_NOT_TAKEN, (event.member_id, event.return_id, *values))]


def refused_return(event: o.ReturnRefused) -> list[Row]:
    """refusals; returns, unless a repeat was refused."""
    rows = refusal(event, event.return_id, event.reason)
    if event.reason not in REPEATS:
        values = "REFUSED", event.order_id, event.reason.value, None, None, "[]"
        rows.append((RETURNS_NOT_TAKEN, (event.member_id, event.return_id, *values)))
    return rows


def entry(event: o.LedgerOutcome) -> list[Row]:
    """entries, balances, lots."""
    b = event.balances
    accounts = (
        b.pending, b.active, b.held, b.withheld, b.debt, b.issued, b.redeemed, b.expired, b.adjusted,
    )  # fmt: skip
    reason = getattr(event, "reason", None)
    values = (
        event.member_id,
        type(event).__name__,
        event.points,  # type: ignore[attr-defined]  # every entry of LEDGER has them
        getattr(event, "order_id", None),
        getattr(event, "return_id", None),
        getattr(event, "redemption_id", None),
        getattr(event, "alert_id", None),
        getattr(event, "rule_id", None),
        getattr(event, "rule_version", None),
        None if reason is None else str(reason),
        json_text(event.postings),
        *accounts,
        event.caused_by,
    )
    rows: list[Row] = [(ENTRIES, values), (BALANCES, (event.member_id, *accounts))]
    return rows + [(LOTS, lot(event.member_id, touched)) for touched in event.lots]


def lot(member_id: str, touched: o.Lot) -> Values:
    """A lot as it is after the entry."""
    rule = touched.rule_id, touched.rule_version
    times = touched.earned_at, touched.activates_at, touched.expires_at
    left = touched.pending, touched.active, touched.held, touched.withheld, touched.disputed
    return (member_id, touched.lot_id, touched.order_id, *rule, *times, *left)


def held(event: o.PointsHeld) -> list[Row]:
    """redemptions, and what every entry gives."""
    gift = event.product_id, event.quantity, event.points, event.times_out_at
    key = event.member_id, event.redemption_id
    return [*entry(event), (REDEMPTIONS_HELD, (*key, "HELD", *gift))]


def redeemed(event: o.RewardRedeemed) -> list[Row]:
    """redemptions."""
    gift = event.product_id, event.quantity, event.points
    key = event.member_id, event.redemption_id
    return [(REDEMPTIONS_ENDED, (*key, "REDEEMED", *gift, None))]


def refused_redemption(event: o.RedemptionRefused) -> list[Row]:
    """refusals; redemptions, unless its cancellation or a repeat was refused."""
    rows = refusal(event, event.redemption_id, event.reason)
    if not event.cancellation and event.reason not in REPEATS:
        key = event.member_id, event.redemption_id
        values = "REFUSED", event.product_id, None, None, event.reason.value
        rows.append((REDEMPTIONS_ENDED, (*key, *values)))
    return rows


def cap(event: o.PointsCapped) -> list[Row]:
    """caps."""
    rule = event.rule_id, event.rule_version
    values = event.earned, event.granted, event.cap
    return [(CAPS, (event.member_id, event.order_id, *rule, *values))]


def refusal(
    event: Outcome, subject: str | None, reason: Word, details: Iterable[str] = ()
) -> list[Row]:
    """refusals."""
    member_id = getattr(event, "member_id", None)
    values = subject, reason.value, json_text(list(details)), getattr(event, "caused_by", "")
    return [(REFUSALS, (type(event).__name__, member_id, *values))]


def score(event: o.ScoreChanged) -> list[Row]:
    """board_scores."""
    return [
        (
            BOARD_SCORES,
            (s.board, event.member_id, s.points, s.reached_at, s.window.value, s.version),
        )
        for s in event.scores
    ]


def hiding(event: o.MemberHidden | o.MemberShown) -> list[Row]:
    """hidden_members."""
    kind = event.kind.value if isinstance(event, o.MemberHidden) else None
    return [(HIDDEN_MEMBERS, (event.member_id, kind is not None, kind))]


def board_closing(event: o.BoardPartitionClosed) -> list[Row]:
    """board_closings, closed_boards, closed_ranks."""
    return [(BOARD_CLOSINGS, (event.board, event.window.value, event.ends_at, event.partitions))]


def rule(event: o.RuleAccepted) -> list[Row]:
    """rules."""
    key = event.rule_id, event.version, event.effective_at
    return [(RULES, (*key, event.changed_by, event.rule is None, json_text(event.rule)))]


def risk_rule(event: r.RiskRuleAccepted) -> list[Row]:
    """risk_rules."""
    key = event.rule_id, event.version, event.effective_at
    return [(RISK_RULES, (*key, event.changed_by, event.rule.retired, json_text(event.rule)))]


def switched_off(event: r.RiskRuleSwitchedOff) -> list[Row]:
    """risk_rule_switches."""
    counted = event.day, event.payments, event.stopped
    return [(RISK_RULE_SWITCHES, (event.rule_id, event.version, *counted))]


def gift(event: o.GiftPriced) -> list[Row]:
    """gifts."""
    return [(GIFTS, (event.product_id, event.effective_at, event.points, event.available))]


def product(event: o.ProductOffered) -> list[Row]:
    """products."""
    values = event.name, event.category, event.price_minor, event.currency
    return [(PRODUCTS, (event.product_id, *values))]


def stock(event: o.StockChanged) -> list[Row]:
    """stock, stock_movements."""
    now = event.on_hand, event.reserved
    moved = event.movement.value, event.quantity
    return [
        (STOCK, (event.product_id, *now, event.available)),
        (STOCK_MOVEMENTS, (event.product_id, *moved, *now, event.reference)),
    ]


def stock_low(event: o.StockLow) -> list[Row]:
    """stock_warnings."""
    values = event.product_id, "StockLow", event.available, event.suggested_quantity
    return [(STOCK_WARNINGS, values)]


def oversold(event: o.Oversold) -> list[Row]:
    """stock_warnings."""
    return [(STOCK_WARNINGS, (event.product_id, "Oversold", event.missing, None))]


def dead_letter(event: DeadLettered) -> list[Row]:
    """dead_letters."""
    what = event.source, event.stage, event.problem.value, event.detail
    place = event.topic, event.partition, event.offset
    record = event.record_key, event.record_value, event.caused_by
    return [(DEAD_LETTERS, (*what, *place, *record))]


VIEWS: dict[type[Outcome], View] = {
    o.MemberEnrolled: member,
    o.OrderPlaced: order,
    o.OrderRefused: lambda e: refusal(e, e.order_id, e.reason),
    o.OrderStateChanged: order_state,
    o.ReturnAccepted: accepted_return,
    o.ReturnDeferred: deferred_return,
    o.ReturnRefused: refused_return,
    **dict.fromkeys(o.LEDGER, entry),
    o.PointsHeld: held,
    o.PointsCapped: cap,
    o.EarningRefused: lambda e: refusal(e, e.order_id, e.reason),
    o.HoldRefused: lambda e: refusal(e, e.redemption_id, e.reason),
    o.AdjustmentRefused: lambda e: refusal(e, None, e.reason),
    o.RewardRedeemed: redeemed,
    o.RedemptionRefused: refused_redemption,
    o.ScoreChanged: score,
    o.MemberHidden: hiding,
    o.MemberShown: hiding,
    o.BoardPartitionClosed: board_closing,
    o.RuleAccepted: rule,
    o.RuleRefused: lambda e: refusal(e, e.rule_id, o.Reason.INVALID, e.reasons),
    r.RiskRuleAccepted: risk_rule,
    r.RiskRuleRefused: lambda e: refusal(e, e.rule_id, o.Reason.INVALID, e.reasons),
    r.RiskRuleSwitchedOff: switched_off,
    r.FraudScored: risk_views.verdict,
    **dict.fromkeys((r.AlertOpened, r.AlertUpdated, r.AlertSuppressed), risk_views.alert),
    r.AlertClosed: risk_views.closed_alert,
    r.JudgementRefused: lambda e: refusal(e, e.alert_id, o.Reason.INVALID, e.reasons),
    r.PaymentDisregarded: lambda e: refusal(e, e.payment_id or e.order_id, e.reason),
    r.VersionPublished: risk_views.version,
    r.QualityMeasured: risk_views.quality,
    r.ModelChoiceRefused: risk_views.refused_choice,
    LoyaltyScored: loyalty_views.scored,
    LoyaltyMeasured: loyalty_views.measured,
    **dict.fromkeys((tiers.TierChanged, tiers.TierProgressed), tier_views.standing),
    **dict.fromkeys(
        (friends.FriendshipStarted, friends.FriendshipDissolved), friend_views.friendship
    ),
    friends.ReferralQualified: friend_views.qualified,
    friends.ReferralReversed: friend_views.lost,
    friends.ReferralRefused: friend_views.refused,
    tiers.TierRuleAccepted: tier_views.rule,
    tiers.TierRuleRefused: lambda e: refusal(e, e.programme, o.Reason.INVALID, e.reasons),
    PersonaChanged: segment_views.persona,
    s.SegmentAccepted: segment_views.segment,
    s.SegmentRefused: lambda e: refusal(e, e.segment_id, o.Reason.INVALID, e.reasons),
    s.SegmentEntered: segment_views.entered,
    s.SegmentLeft: segment_views.left,
    c.CampaignAccepted: segment_views.campaign,
    c.CampaignRefused: lambda e: refusal(e, e.campaign_id, o.Reason.INVALID, e.reasons),
    c.MemberTargeted: segment_views.targeted,
    c.MemberResponded: segment_views.responded,
    CandidatesChanged: candidate_views.candidates,
    NeighboursChanged: candidate_views.neighbours,
    CandidatesMeasured: candidate_views.quality,
    o.GiftPriced: gift,
    o.GiftPriceRefused: lambda e: refusal(e, e.product_id, o.Reason.INVALID, e.reasons),
    o.ProductOffered: product,
    o.StockChanged: stock,
    o.StockLow: stock_low,
    o.Oversold: oversold,
    DeadLettered: dead_letter,
}


def wanted() -> dict[str, list[type[Outcome]]]:
    """Topic → the outcomes that have a view here."""
    found: dict[str, list[type[Outcome]]] = {}
    for record in VIEWS:
        found.setdefault(topics.of(record), []).append(record)
    return found
