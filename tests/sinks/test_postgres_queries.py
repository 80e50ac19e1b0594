"""What is read from the tables: each question asked of a small story that was written first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas import outcomes as o
from schemas import risk as r
from schemas.dead_letters import DeadLettered, DeadLetterProblem
from schemas.samples import EXAMPLE_MOMENT, sample
from sinks.ending import Refused
from sinks.postgres import queries as q
from sinks.postgres.answers import Rank
from sinks.postgres.schema import prepare, versioned
from sinks.postgres.writer import Writer, connect
from sinks.settings import Settings
from sinks.source import Batch, Heard, Place, TopicFacts
from tests.sinks.log import Log
from tests.sinks.postgres_harness import LETTERS, MEMBERS, PRODUCTS, changed, follow

NOW = datetime.fromtimestamp(EXAMPLE_MOMENT / 1000, UTC)
DAY = timedelta(days=1)
ZERO = dict.fromkeys(q.ACCOUNTS, 0)


def entry(day: int, points: int, **after: int) -> o.BalanceAdjusted:
    """Points adjusted on a day, and the accounts after it in the order of the log."""
    posting = o.Posting(source=o.Account.ADJUSTED, destination=o.Account.ACTIVE, points=points)
    at = EXAMPLE_MOMENT + day * 86_400_000
    return o.BalanceAdjusted(
        event_id=f"day-{day}",
        member_id="m",
        occurred_at=at,
        postings=[posting],
        balances=msgspec.convert(ZERO | after, o.Balances),
        lots=[],
        points=points,
        reason="goodwill",
        adjusted_by="operator-1",
        approved_by="operator-2",
    )


def lot(lot_id: str, active: int, expires: int | None) -> o.Lot:
    """A lot with points left, good for so many days."""
    at = None if expires is None else EXAMPLE_MOMENT + expires * 86_400_000
    return o.Lot(
        lot_id=lot_id, earned_at=EXAMPLE_MOMENT, expires_at=at, pending=0, active=active, held=0
    )


LOTS = [lot("never", 4, None), lot("late", 3, 20), lot("soon", 2, 10), lot("gone", 0, 5)]
# Day 2 is recorded after day 3.
JOURNAL = [
    entry(1, 10, active=10, adjusted=-10),
    entry(3, 5, active=15, adjusted=-15),
    entry(2, 1, active=16, adjusted=-16),
    changed(entry(4, 9, active=25, adjusted=-25), lots=[*LOTS, lot("soon-too", 1, 10)]),
]
ORDER = sample(o.OrderPlaced)
BOARD = "day:2011-12-09"


def on_board(member: str, points: int) -> o.ScoreChanged:
    """A member's score on the board."""
    score = o.Score(
        board=BOARD, window=o.Window.DAY, points=points, reached_at=EXAMPLE_MOMENT + points
    )
    return o.ScoreChanged(
        event_id=f"on-{member}", member_id=member, occurred_at=EXAMPLE_MOMENT, scores=[score]
    )


CLOSING = changed(sample(o.BoardPartitionClosed), board=BOARD, partition=0, partitions=1)
RANKED = [on_board("first", 9), on_board("blocked", 8), on_board("cleared", 7), on_board("last", 6)]
BLOCKS = [
    changed(sample(o.MemberHidden), member_id="blocked", event_id="b"),
    changed(sample(o.MemberHidden), member_id="cleared", event_id="c"),
    changed(sample(o.MemberShown), member_id="cleared", event_id="d"),
]
STORY = {
    MEMBERS: [
        *JOURNAL,
        *RANKED,
        CLOSING,
        *BLOCKS,
        *[changed(ORDER, order_id=f"order-{n}", occurred_at=EXAMPLE_MOMENT + n) for n in range(3)],
        changed(sample(o.OrderStateChanged), order_id="order-1", state=o.OrderState.RETURNED),
        sample(o.RuleAccepted),
        sample(r.RiskRuleAccepted),
        sample(r.RiskRuleSwitchedOff),
        sample(o.GiftPriced),
        sample(o.OrderRefused),
    ],
    PRODUCTS: [sample(o.StockChanged), sample(o.ProductOffered)],
    LETTERS: [
        changed(sample(DeadLettered), source="t/0/1", problem=DeadLetterProblem.INVALID),
        changed(sample(DeadLettered), source="t/0/2"),
    ],
}


@pytest.fixture(scope="module")
def views(platform: object) -> Iterator[q.Views]:
    """The story's tables; nobody changes them."""
    settings = Settings(
        kafka="none:1",
        postgres=platform.postgres,  # type: ignore[attr-defined]
        postgres_schema="queries",
    )
    prepare(settings.postgres, settings.postgres_schema)
    with connect(settings.postgres, versioned(settings.postgres_schema, 1)) as connection:
        writer = Writer(connection)
        writer.cursors({topic: TopicFacts("id", 1) for topic in STORY})
        for topic, outcomes in STORY.items():
            heard = [Heard(n, EXAMPLE_MOMENT, one) for n, one in enumerate(outcomes)]
            end = len(heard)
            writer.write([Batch(Place(topic, 0), 0, end, heard, EXAMPLE_MOMENT, True)])
    with q.open_views(settings) as found:
        yield found
    with connect(settings.postgres, "public") as connection:
        connection.execute("DROP SCHEMA queries CASCADE; DROP SCHEMA queries_v1 CASCADE")


def test_balance(views: q.Views) -> None:
    """After the newest entry of the log."""
    found = q.balance(views, "m")
    assert found is not None
    assert (found.active, found.adjusted, found.event_id) == (25, -25, "day-4")
    assert q.balance(views, "nobody") is None


@pytest.mark.parametrize(
    ("moment", "active"),
    [
        (NOW, 0),
        (NOW + DAY - timedelta(milliseconds=1), 0),
        (NOW + DAY, 10),
        (NOW + 2 * DAY, 11),
        (NOW + 3 * DAY, 16),
        (NOW + 9 * DAY, 25),
    ],
)
def test_balance_at_a_moment(views: q.Views, moment: datetime, active: int) -> None:
    """What was recorded late counts to when it happened; the sum stays zero."""
    assert q.balance_at(views, "m", moment) == ZERO | {"active": active, "adjusted": -active}


def test_entries(views: q.Views) -> None:
    """Newest first, page by page."""
    first = q.entries(views, "m", 3)
    assert [e.event_id for e in first] == ["day-4", "day-2", "day-3"]
    assert first[0].postings[0]["points"] == 9
    second = q.entries(views, "m", 3, first[-1].log_offset)
    assert [e.event_id for e in second] == ["day-1"]
    assert q.entries(views, "m", 3, second[-1].log_offset) == []


def test_lots_and_expiries(views: q.Views) -> None:
    """In spend order; spent ones only on demand; all expiries, not only the next."""
    assert [found.lot_id for found in q.lots(views, "m")] == ["soon", "soon-too", "late", "never"]
    assert q.lots(views, "m", spent=True)[0].lot_id == "gone"
    assert q.upcoming_expiries(views, "m") == [(NOW + 10 * DAY, 3), (NOW + 20 * DAY, 3)]


def test_orders(views: q.Views) -> None:
    """Newest first, with their lines; of one state."""
    found = q.orders(views, "member-1")
    assert [order.order_id for order in found] == ["order-2", "order-1", "order-0"]
    assert [item.product_id for item in found[0].items] == ["product-1"]
    assert [f.order_id for f in q.orders(views, "member-1", state="RETURNED")] == ["order-1"]
    assert len(q.orders(views, "member-1", 1)) == 1


def test_the_rest_of_the_story(views: q.Views) -> None:
    """Rules, gifts, stock, refusals: each as it was said."""
    (rule,) = q.rules(views)
    assert (rule.rule_id, rule.version, rule.retired) == ("rule-1", 1, False)
    assert rule.rule is not None
    assert rule.rule["zone"] == "UTC"
    (risk_rule,) = q.risk_rules(views)
    assert (risk_rule.rule_id, risk_rule.version, risk_rule.retired) == ("rule-1", 1, True)
    assert risk_rule.rule["verdict"] == "BLOCK"
    (switch,) = q.risk_rule_switches(views)
    assert (switch.rule_id, switch.day, switch.stopped) == ("rule-1", "day-1", 1)
    assert [(gift.product_id, gift.points) for gift in q.gifts(views)] == [("product-1", 1)]
    stock = q.stock(views, "product-1")
    assert stock is not None
    assert stock.on_hand == 1
    assert q.product_names(views, ["product-1", "product-2"]) == {"product-1": "name-1"}
    assert [refused.kind for refused in q.refusals(views, "member-1")] == ["OrderRefused"]
    assert q.returns(views, "member-1") == q.redemptions(views, "member-1") == []


def test_dead_letters(views: q.Views) -> None:
    """Listed without their bytes, shown with them, counted by problem."""
    assert {letter.source for letter in q.dead_letters(views)} == {"t/0/1", "t/0/2"}
    (invalid,) = q.dead_letters(views, problem="INVALID")
    assert (invalid.source, invalid.record_value) == ("t/0/1", None)
    whole = q.dead_letter(views, "t/0/2")
    assert whole is not None
    assert whole.record_value == b"\x00\xff"
    assert q.dead_letter(views, "t/0/3") is None
    assert q.dead_letter_counts(views) == {"INVALID": 1, "RAISED": 1}


def test_sums_and_counts(views: q.Views) -> None:
    """The ledger's sum is zero; tables are counted."""
    assert q.ledger_sum(views) == 0
    assert q.totals(views) == ZERO | {"active": 25, "adjusted": -25}
    found = q.counts(views)
    assert (found["entries"], found["orders"], found["dead_letters"]) == (4, 3, 2)
    assert q.version(views) == 1
    assert q.positions(views)[Place(PRODUCTS, 0)] == 2


def test_every_answer_goes_into_json(views: q.Views) -> None:
    """For `--json` and whoever serves pages."""
    found = msgspec.json.encode(
        [q.balance(views, "m"), q.entries(views, "m"), q.orders(views, "member-1"), q.rules(views)]
    )
    assert json.loads(found)[0]["occurred_at"] == "2011-12-13T12:00:00Z"


def test_nothing_can_be_written_by_a_reader(views: q.Views) -> None:
    """The connection is read-only."""
    with pytest.raises(Exception, match="read-only"):
        views.execute("DELETE FROM balances")


def test_no_views_yet(postgres: str) -> None:
    """A sentence, not a missing relation."""
    settings = Settings(kafka="none:1", postgres=postgres)
    with (
        pytest.raises(Refused, match="no views in the schema memberstream yet"),
        q.open_views(settings),
    ):
        pass


def test_lag(log: Log, settings: Settings) -> None:
    """In records, control records counted, and in seconds since the newest record taken."""
    log.write(MEMBERS, [sample(o.MemberEnrolled)], at=EXAMPLE_MOMENT)
    follow(settings)
    with q.open_views(settings) as found:
        assert q.lag(found, settings) == q.Lag(0, 0.0)
        log.write(MEMBERS, [sample(o.MemberEnrolled)] * 2)
        behind = q.lag(found, settings)
        assert behind.records == 3
        assert behind.seconds > 86_400


@pytest.mark.parametrize("ask", [q.board, q.closed_board], ids=["as it is", "as it closed"])
def test_boards_leave_out_who_is_hidden(
    views: q.Views, ask: Callable[[q.Views, str], list[Rank]]
) -> None:
    """Those below move up; who is shown again is in the old place; the tables keep everybody."""
    found = [(one.rank, one.member_id) for one in ask(views, BOARD)]
    assert found == [(1, "first"), (2, "cleared"), (3, "last")]
    kept = views.execute("SELECT count(*) FROM closed_ranks WHERE board = %s", (BOARD,)).fetchone()
    assert kept == (4,)
