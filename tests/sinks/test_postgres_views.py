"""Which outcome gives which rows; and statements, tables and page agree."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, pool, text

from schemas import campaigns as c
from schemas import candidates
from schemas import outcomes as o
from schemas import risk as r
from schemas import segments as s
from schemas.content import CONTENT_OUTCOMES
from schemas.friends import (
    FriendshipDissolved,
    FriendshipStarted,
    FriendTold,
    ReferralQualified,
    ReferralRefused,
    ReferralReported,
    ReferralReversed,
)
from schemas.loyalty import LoyaltyMeasured, LoyaltyModelPublished, LoyaltyObserved
from schemas.outcomes import OUTCOMES
from schemas.persona import PersonaChanged
from schemas.record import Outcome
from schemas.samples import sample
from schemas.tiers import TierChanged, TierProgressed, TierRuleAccepted, TierRuleRefused
from sinks.postgres.document import PAGE, page
from sinks.postgres.schema import alone, migrate
from sinks.postgres.statements import Mode, Rows, Write, array_literal, json_text
from sinks.postgres.tables import METADATA
from sinks.postgres.views import VIEWS, view, wanted
from sinks.postgres.writes import BOARD_CLOSINGS, ITEMS_RETURNED, ORDER_STATES, STOCK, WRITES

# Said to agents, not to readers: what they lead to has a view of its own.
INSIDE = {
    o.StockRequested,
    o.StockCommitted,
    o.StockWaived,
    o.GiftReserved,
    o.GiftRefused,
    o.GiftReleased,
    o.ProductSold,
    o.ProductReturned,
    o.ProductViewed,
    o.TermSearched,
    r.TokenPresented,
    r.TokenLabelled,
    r.TokenAssessed,
    r.PaymentContested,  # the dispute or chargeback that it follows from has its own views
    r.ExampleLabelled,
    r.ModelPublished,  # its VersionPublished has a view, without the weights
    LoyaltyObserved,
    LoyaltyModelPublished,  # a score says by which version it was made
    FriendTold,
    ReferralReported,
    candidates.ListWanted,
    candidates.ProductTouched,
    candidates.TouchSurrounded,
    candidates.NeighboursTold,
    candidates.TouchExplained,
    candidates.ListJudged,
    candidates.CandidatesAnswered,
    candidates.MixturePublished,  # a list says by which version it was mixed
    candidates.ProductTrended,
    candidates.TrendsPublished,
    candidates.ReachPublished,
    candidates.AvailabilityChanged,
    *CONTENT_OUTCOMES,
    # Hot lists are Redis's.
    o.ProductHeated,
    o.TermHeated,
}
MEMBER, AT, ID = "member-1", 1_323_432_000_000, "7d0d5c1e-2f4b-5a0e-9c3a-1f2e3d4c5b6a"


def rows(outcome: Outcome) -> dict[str, list[dict[str, Any]]]:
    """Table → rows by column."""
    found: dict[str, list[dict[str, Any]]] = {}
    for write, values in view(outcome):
        row = dict(zip(write.columns, values, strict=True))
        found.setdefault(write.table.name, []).append(row)
    return found


def test_every_outcome_has_a_view_or_a_reason() -> None:
    """A new outcome is put into a view, or into the list above."""
    assert set(OUTCOMES) - INSIDE <= set(VIEWS)
    assert not INSIDE & set(VIEWS)
    assert all(record.KEPT for record in VIEWS)


def test_every_table_is_fed_from_one_topic() -> None:
    """Positions of two topics do not compare."""
    topics_of: dict[str, set[str]] = {}
    for topic, records in wanted().items():
        for record in records:
            for table in rows(sample(record)):
                topics_of.setdefault(table, set()).add(topic)
    assert all(len(found) == 1 for found in topics_of.values()), topics_of


@pytest.mark.parametrize("write", [*WRITES, BOARD_CLOSINGS], ids=lambda w: w.table.name)
def test_keys_come_first(write: Write) -> None:
    """A write's first columns are its table's key, all of it."""
    key = tuple(column.name for column in write.table.primary_key)
    if write.mode is Mode.APPEND:
        assert not set(key) & set(write.columns) - {"board"}
    else:
        assert write.columns[: len(key)] == key


# What was said, and what stands in a table because of it.
CASES = [
    (o.MemberEnrolled, {}, "members", [{"member_id": MEMBER, "country": "country-1"}]),
    (o.OrderPlaced, {}, "orders", [{"state": "PLACED", "placed_at": AT, "delivered_at": None}]),
    (o.OrderPlaced, {}, "order_items", [{"line_number": 1, "returned": 0}]),
    (o.OrderRefused, {}, "refusals", [{"kind": "OrderRefused", "subject": "order-1"}]),
    (o.OrderRefused, {}, "orders", None),
    (o.OrderStateChanged, {"state": "DELIVERED"}, "orders", [{"state": "DELIVERED"}]),
    (o.ReturnAccepted, {}, "returns", [{"state": "ACCEPTED", "reason": None}]),
    (o.ReturnAccepted, {}, "order_items", [{"line_number": 1, "returned": 2}]),
    (o.ReturnDeferred, {}, "returns", [{"state": "DEFERRED", "waits_until": 1}]),
    (o.ReturnRefused, {"reason": "UNKNOWN_ORDER"}, "returns", [{"state": "REFUSED"}]),
    (o.ReturnRefused, {"reason": "ALREADY_POSTED"}, "returns", None),
    (o.ReturnRefused, {"reason": "CONFLICTS"}, "refusals", [{"reason": "CONFLICTS"}]),
    (o.PointsPending, {}, "entries", [{"kind": "PointsPending", "rule_version": 1}]),
    (o.PointsPending, {}, "balances", [{"member_id": MEMBER, "pending": 1, "adjusted": 1}]),
    (o.PointsPending, {}, "lots", [{"lot_id": "lot-1", "pending": 1, "expires_at": AT}]),
    (o.BalanceAdjusted, {"reason": "goodwill"}, "entries", [{"reason": "goodwill"}]),
    (o.HoldVoided, {"reason": "TIMED_OUT"}, "entries", [{"reason": "TIMED_OUT"}]),
    (o.PointsHeld, {}, "entries", [{"kind": "PointsHeld"}]),
    (o.PointsHeld, {}, "redemptions", [{"state": "HELD", "times_out_at": AT}]),
    (o.PointsSpent, {}, "redemptions", None),
    (FriendshipStarted, {}, "friendships", [{"friend_id": "friend-1", "friends": True}]),
    (FriendshipDissolved, {}, "friendships", [{"friends": False, "invitation_id": None}]),
    (ReferralQualified, {}, "referrals", [{"role": "INVITED", "points": 1, "reason": None}]),
    (ReferralReversed, {}, "referrals", [{"friend_id": "friend-1", "reason": "ABUSE"}]),
    (o.BonusReversed, {}, "entries", [{"kind": "BonusReversed", "rule_version": 1}]),
    (ReferralRefused, {}, "referrals", [{"role": None, "points": 0, "reason": "TOO_MANY"}]),
    (TierChanged, {}, "tiers", [{"tier": "tier-1", "next_tier": "next_tier-1", "review_at": AT}]),
    (TierChanged, {}, "tier_changes", [{"from_tier": "from_tier-1", "reason": "RULE_CHANGED"}]),
    (TierProgressed, {}, "tiers", [{"tier": "tier-1", "qualifying_points": 1}]),
    (TierProgressed, {}, "tier_changes", None),
    (TierRuleAccepted, {}, "tier_rules", [{"version": 1, "effective_at": AT}]),
    (TierRuleRefused, {}, "refusals", [{"subject": "programme-1"}]),
    (o.RewardRedeemed, {}, "redemptions", [{"state": "REDEEMED", "reason": None}]),
    (
        o.RedemptionRefused,
        {"cancellation": False, "reason": "OUT_OF_STOCK"},
        "redemptions",
        [{"state": "REFUSED", "reason": "OUT_OF_STOCK", "points": None}],
    ),
    (o.RedemptionRefused, {"cancellation": True}, "redemptions", None),
    (o.RedemptionRefused, {"cancellation": True}, "refusals", [{"kind": "RedemptionRefused"}]),
    (o.HoldRefused, {}, "refusals", [{"subject": "redemption-1"}]),
    (o.AdjustmentRefused, {}, "refusals", [{"subject": None}]),
    (o.EarningRefused, {}, "refusals", [{"subject": "order-1"}]),
    (o.PointsCapped, {}, "caps", [{"earned": 1, "granted": 1, "cap": "cap-1"}]),
    (o.ScoreChanged, {}, "board_scores", [{"board": "board-1", "window": "ALL_TIME"}]),
    (o.PointsWithheld, {}, "entries", [{"kind": "PointsWithheld", "alert_id": "alert-1"}]),
    (o.PointsWithheld, {}, "balances", [{"withheld": 1}]),
    (o.PointsWithheld, {}, "lots", [{"withheld": 1, "disputed": True}]),
    (o.PointsRestored, {}, "entries", [{"redemption_id": "redemption-1", "alert_id": "alert-1"}]),
    (o.MemberHidden, {}, "hidden_members", [{"hidden": True, "kind": "CREDIT"}]),
    (o.MemberShown, {}, "hidden_members", [{"hidden": False, "kind": None}]),
    (o.BoardPartitionClosed, {}, "board_closings", [{"partitions": 1, "ends_at": AT}]),
    (o.RuleAccepted, {}, "rules", [{"version": 1, "retired": False}]),
    (o.RuleAccepted, {"rule": None}, "rules", [{"retired": True, "rule": "null"}]),
    (o.RuleRefused, {}, "refusals", [{"member_id": None, "details": '["reasons-1"]'}]),
    (r.RiskRuleAccepted, {}, "risk_rules", [{"version": 1, "retired": True}]),
    (r.RiskRuleRefused, {}, "refusals", [{"subject": "rule-1", "reason": "INVALID"}]),
    (r.RiskRuleSwitchedOff, {}, "risk_rule_switches", [{"stopped": 1, "payments": 1}]),
    (r.AlertOpened, {}, "alerts", [{"state": "OPEN", "expires_at": AT, "ended_at": None}]),
    (r.AlertOpened, {}, "alert_evidence", [{"suppressed": False, "subject_id": "subject-1"}]),
    (r.AlertUpdated, {}, "alerts", [{"state": "OPEN", "expires_at": AT}]),
    (r.AlertSuppressed, {}, "alerts", [{"state": "SUPPRESSED", "expires_at": None}]),
    (r.AlertSuppressed, {}, "alert_evidence", [{"suppressed": True}]),
    (r.AlertClosed, {"end": "CLEARED"}, "alerts", [{"state": "CLEARED", "ended_at": AT}]),
    (r.AlertClosed, {"end": "CLEARED"}, "judgements", [{"judgement": "CLEARED", "caused_by": ID}]),
    (r.AlertClosed, {"analyst": None}, "judgements", None),
    (r.JudgementRefused, {}, "refusals", [{"subject": "alert-1", "reason": "INVALID"}]),
    (r.FraudScored, {}, "verdicts", [{"verdict": "BLOCK", "score": 1, "order_id": "order-1"}]),
    (r.FraudScored, {"verdict": "ALLOW"}, "verdicts", None),
    (r.PaymentDisregarded, {}, "refusals", [{"subject": "payment-1", "reason": "TOO_MANY"}]),
    (r.VersionPublished, {}, "models", [{"champion": True, "version": 1, "newest": 1}]),
    (r.VersionPublished, {}, "model_versions", [{"version": 1, "examples": 1}]),
    (r.QualityMeasured, {}, "model_quality", [{"day": "day-1", "auc": 0.5, "drift": True}]),
    (r.ModelChoiceRefused, {}, "model_refusals", [{"variant": "variant-1", "version": 1}]),
    (LoyaltyMeasured, {}, "loyalty_quality", [{"week": "week-1", "chances": 1, "auc": 0.5}]),
    (PersonaChanged, {}, "personas", [{"price_band": "HIGH", "spend_minor": 1, "foretold": 1}]),
    (s.SegmentAccepted, {}, "segments", [{"version": 1, "retired": False}]),
    (s.SegmentAccepted, {"segment": None}, "segments", [{"retired": True, "enters": None}]),
    (s.SegmentRefused, {}, "refusals", [{"subject": "segment-1", "reason": "INVALID"}]),
    (s.SegmentEntered, {}, "segment_members", [{"inside": True, "entered_at": AT}]),
    (s.SegmentLeft, {}, "segment_members", [{"inside": False, "reason": "NO_LONGER"}]),
    (c.CampaignAccepted, {}, "campaigns", [{"segment_id": "segment-1", "salt": "salt-1"}]),
    (c.CampaignRefused, {}, "refusals", [{"subject": "campaign-1", "reason": "INVALID"}]),
    (c.MemberTargeted, {}, "campaign_members", [{"lot": "HOLD_OUT", "targeted_at": AT}]),
    (c.MemberResponded, {}, "campaign_members", [{"orders": 1, "satisfaction": 1}]),
    (
        candidates.CandidatesChanged,
        {"personal": False},
        "candidates",
        [{"personal": False, "version": 1}],
    ),
    (candidates.NeighboursChanged, {}, "product_neighbours", [{"together": '["product_ids-1"]'}]),
    (candidates.CandidatesMeasured, {}, "candidate_quality", [{"lists": 1, "hit_rate": 0.5}]),
    (o.GiftPriced, {}, "gifts", [{"points": 1, "available": True}]),
    (o.GiftPriceRefused, {}, "refusals", [{"subject": "product-1", "reason": "INVALID"}]),
    (o.ProductOffered, {}, "products", [{"price_minor": 1, "currency": "GBP"}]),
    (o.StockChanged, {}, "stock", [{"on_hand": 1, "available": 1}]),
    (o.StockChanged, {}, "stock_movements", [{"movement": "RELEASED", "quantity": 1}]),
    (o.StockLow, {}, "stock_warnings", [{"kind": "StockLow", "suggested_quantity": 1}]),
    (o.Oversold, {}, "stock_warnings", [{"kind": "Oversold", "pieces": 1}]),
]


@pytest.mark.parametrize(
    ("record", "fields", "table", "expected"),
    CASES,
    ids=[f"{case[0].__name__}{case[1] or ''}-{case[2]}" for case in CASES],
)
def test_rows(
    record: type[Outcome],
    fields: dict[str, Any],
    table: str,
    expected: list[dict[str, Any]] | None,
) -> None:
    """An outcome with these fields gives such rows; None: no row in that table."""
    found = rows(changed(record, **fields)).get(table)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert len(found) == len(expected)
    for row, part in zip(found, expected, strict=True):
        assert row.items() >= part.items(), row


def changed(record: type[Outcome], **fields: Any) -> Outcome:
    """A sample with other fields."""
    whole = msgspec.to_builtins(sample(record), builtin_types=(bytes,))
    return msgspec.convert(whole | fields, record)


def test_of_rows_with_one_key_the_newest_is_written() -> None:
    """What a later change leaves open, an earlier one of the same batch fills."""
    waiting = Rows(WRITES)
    origin = (AT, AT, ID, 0)
    waiting.add(STOCK, ("p", 1, 0, 1), (*origin, 1))
    waiting.add(STOCK, ("p", 2, 0, 2), (*origin, 2))
    waiting.add(ORDER_STATES, ("m", "o", "DELIVERED", AT), (*origin, 3))
    waiting.add(ORDER_STATES, ("m", "o", "CLOSED", None), (*origin, 4))
    waiting.add(ITEMS_RETURNED, ("m", "o", 1, 2), (*origin, 5))
    taken = dict(waiting.take())
    assert taken[STOCK.statement][:2] == ['{"p"}', "{2}"]
    assert taken[ORDER_STATES.statement][2:4] == ['{"CLOSED"}', f"{{{AT}}}"]
    assert len(taken) == 3
    assert not list(waiting.take())


@given(
    st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))),
    st.lists(st.none() | st.integers(-(1 << 63), (1 << 63) - 1)),
    st.lists(st.none() | st.booleans()),
    st.lists(st.none() | st.binary(max_size=20)),
)
def test_arrays_are_what_postgres_reads(
    postgres_of_module: psycopg.Connection[tuple[Any, ...]],
    texts: list[str | None],
    numbers: list[int | None],
    flags: list[bool | None],
    data: list[bytes | None],
) -> None:
    """Any values come back as they went in; only NUL in a text is shown as a symbol."""
    found = postgres_of_module.execute(
        "SELECT %s::text[], %s::bigint[], %s::boolean[], %s::bytea[]",
        [array_literal(values) for values in (texts, numbers, flags, data)],
    ).fetchone()
    plain = [
        None if value is None else value.replace("\0", "\N{SYMBOL FOR NULL}") for value in texts
    ]
    assert found == (plain, numbers, flags, data)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_json_is_what_postgres_reads(
    postgres_of_module: psycopg.Connection[tuple[Any, ...]], texts: list[str]
) -> None:
    """The same for JSON, backslashes before a NUL included."""
    texts = [*texts, "\\\0", "\\\\u0000", "\0\0"]
    found = postgres_of_module.execute("SELECT %s::jsonb", [json_text(texts)]).fetchone()
    assert found == ([value.replace("\0", "\N{SYMBOL FOR NULL}") for value in texts],)


@pytest.fixture(scope="module")
def postgres_of_module(platform: Any) -> Any:
    """One connection for all examples of a property; they write nothing."""
    with psycopg.connect(platform.postgres, autocommit=True) as connection:
        yield connection


def test_the_migrations_make_the_tables_that_are_declared(postgres: str) -> None:
    """On an empty database, twice in a row; a change of `tables.py` needs its migration."""
    with alone(postgres) as connection:
        migrate(connection, postgres, "made")
        migrate(connection, postgres, "made")
    url = postgres.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SET search_path = made"))
        connection.dialect.default_schema_name = "made"
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "version_table": "schema_version"}
        )
        assert compare_metadata(context, METADATA) == []


def test_the_page_is_current() -> None:
    """Write it again with `python -m sinks.postgres.document`."""
    assert PAGE.read_text(encoding="utf-8") == page()
