"""Races and repeats on the whole topology, each ending in the auditor's books without a difference.

| race or repeat | where it is tried |
|---|---|
| same event twice | here; `tests/streams/test_bad_input.py`; real Kafka: `tests/chaos/test_main_job.py` |
| same id, other content | here (an order); `tests/streams/test_bad_input.py`; real Kafka as above |
| return before purchase | here |
| two redemptions of the last gift | here; drawn at random: `test_shop.py` |
| rule change between purchase and return | here |
| expiry at the same tick as a spend | here |
| hold time-out against commit | here, both ways |
| late event after the board closed | here |
| two registrations of one member | here |
| clock tick missing, doubled, late | here; drawn at random: `schedule.py` |
| a worker dies anywhere in this | `test_shop.py`; real processes: `tests/chaos`, `test_engine.py` |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from schemas.actions import (
    GiftListed,
    MemberRegistered,
    OrderDelivered,
    ProductListed,
    PurchaseLine,
    PurchaseMade,
    PurchaseReturned,
    RedemptionCancelled,
    RedemptionRequested,
    ReturnLine,
    RuleChanged,
    StockReceived,
)
from schemas.dead_letters import DeadLetterProblem
from schemas.outcomes import (
    LEDGER,
    BoardPartitionClosed,
    GiftReleased,
    HoldVoided,
    MemberEnrolled,
    OrderRefused,
    PointsExpired,
    PointsHeld,
    PointsReversed,
    PointsSpent,
    Reason,
    RedemptionRefused,
    ReturnAccepted,
    ReturnDeferred,
    RewardRedeemed,
    ScoreChanged,
    StockChanged,
)
from schemas.record import Event, Outcome
from schemas.rules import Activation, EarnRate, Expiry, PointsRule
from streams.simulate import Simulation
from streams.topology import topology
from tests.audit.test_books import books, entries
from tests.simulation.schedule import BOUNDS

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_300_060_800_000  # 2011-03-14, a Monday
TOPOLOGY = topology(3)
RULE = PointsRule(
    earn_rates=[EarnRate(currency="GBP", points=1, per_minor=100)], activation=Activation.AT_ONCE
)


@dataclass
class Shop:
    """A simulated shop: things happen when a test says so, and are heard when it says so."""

    simulation: Simulation = field(default_factory=lambda: Simulation(TOPOLOGY, bounds=BOUNDS))
    numbers: Any = field(default_factory=count)

    def send(self, kind: type[Event], at: int, **fields: Any) -> Event:
        """An action, not yet heard."""
        action = kind(event_id=f"event-{next(self.numbers)}", occurred_at=at, **fields)
        self.simulation.emit(action)
        return action

    def hear(self) -> None:
        """Everything that waits, to its end."""
        self.simulation.drain()

    def tick(self, at: int) -> None:
        """A tick, heard."""
        self.simulation.tick(at)
        self.hear()

    def rule(self, at: int, version: int = 1, **fields: Any) -> None:
        """A version of the rule, from now on."""
        values = {name: getattr(RULE, name) for name in RULE.__struct_fields__} | fields
        self.send(
            RuleChanged,
            at,
            rule_id="purchases",
            version=version,
            effective_at=at,
            changed_by="operator-1",
            rule=PointsRule(**values),
        )

    def gift(self, at: int, pieces: int, points: int = 10) -> None:
        """The gift "lamp" and its stock."""
        listed = {"product_id": "lamp", "name": "lamp", "price_minor": 500, "currency": "GBP"}
        self.send(ProductListed, at, **listed)
        self.send(StockReceived, at, product_id="lamp", quantity=pieces)
        self.send(GiftListed, at, product_id="lamp", effective_at=at, points=points)

    def buy(self, at: int, order: str = "o", member: str = "ann", **fields: Any) -> Event:
        """Two cups for 20.00."""
        values: dict[str, Any] = {
            "currency": "GBP",
            "lines": [
                PurchaseLine(line_number=1, product_id="cup", quantity=2, amount_minor=2_000)
            ],
        }
        return self.send(PurchaseMade, at, member_id=member, order_id=order, **values | fields)

    def bring_back(self, at: int, pieces: int, return_id: str = "r", order: str = "o") -> None:
        """So many of the cups."""
        lines = [ReturnLine(product_id="cup", quantity=pieces)]
        fields = {"return_id": return_id, "order_id": order, "lines": lines}
        self.send(PurchaseReturned, at, member_id="ann", **fields)

    def redeem(self, at: int, redemption: str = "x", member: str = "ann") -> None:
        """The lamp, please."""
        fields = {"redemption_id": redemption, "product_id": "lamp"}
        self.send(RedemptionRequested, at, member_id=member, **fields)

    def said(self, *kinds: type[Outcome]) -> list[Any]:
        """All outcomes of these kinds."""
        return [outcome for outcome in self.simulation.outcomes() if isinstance(outcome, kinds)]

    def audited(self) -> None:
        """The books of the log have no difference."""
        self.hear()
        made = books(self.simulation, entries(self.simulation, "outcomes."))
        assert made.finish() == []
        assert made.ledger.sum == 0


@pytest.fixture
def shop() -> Shop:
    made = Shop()
    made.rule(START)
    made.tick(START)
    return made


def test_the_same_event_twice_is_one(shop: Shop) -> None:
    """A platform sends its request again: it counts once, and is counted as a repeat."""
    order = shop.buy(START + 1)
    shop.hear()
    shop.simulation.emit(order)
    shop.audited()
    assert len(shop.said(ScoreChanged)) == 1
    assert sum(worker.work.counters.repeats for worker in shop.simulation.workers) >= 1


def test_the_same_order_id_with_other_content_conflicts(shop: Shop) -> None:
    """As another event it is a refusal, as the same event a dead letter; the first one stands."""
    first = shop.buy(START + 1)
    shop.buy(START + 2, currency="EUR")
    shop.buy(START + 3)
    changed = PurchaseMade(
        event_id=first.event_id,
        member_id="ann",
        occurred_at=START + 1,
        order_id="other",
        currency="GBP",
        lines=first.lines,  # type: ignore[attr-defined]  # a purchase has them
    )
    shop.simulation.emit(changed)
    shop.audited()
    reasons = [refused.reason for refused in shop.said(OrderRefused)]
    assert reasons == [Reason.CONFLICTS, Reason.ALREADY_POSTED]
    letters = [letter.problem for letter in shop.simulation.dead_letters()]
    assert letters == [DeadLetterProblem.CONFLICTS]


def test_a_return_before_its_purchase_waits(shop: Shop) -> None:
    """It is deferred, and applied when the purchase comes: as if it had come after it."""
    shop.bring_back(START + 1, 1)
    shop.hear()
    assert len(shop.said(ReturnDeferred)) == 1
    shop.buy(START)
    shop.audited()
    assert [back.refund_minor for back in shop.said(ReturnAccepted)] == [1_000]
    assert [back.points for back in shop.said(PointsReversed)] == [10]


def test_the_last_gift_goes_to_one(shop: Shop) -> None:
    """Both members' points are held before either is answered: one redeems, the other is refused."""
    shop.gift(START, pieces=1)
    for member in ("ann", "bob"):
        shop.buy(START + 1, order=f"o-{member}", member=member)
    shop.hear()
    for member in ("ann", "bob"):
        shop.redeem(START + 2, redemption=f"x-{member}", member=member)
    shop.audited()
    assert len(shop.said(PointsHeld)) == 2
    assert len(shop.said(RewardRedeemed)) == 1
    assert [refused.reason for refused in shop.said(RedemptionRefused)] == [Reason.OUT_OF_STOCK]


def test_two_devices_ask_for_one_redemption(shop: Shop) -> None:
    """The same redemption under two events has one hold and one end."""
    shop.gift(START, pieces=5)
    shop.buy(START + 1)
    shop.hear()
    shop.redeem(START + 2)
    shop.redeem(START + 3)
    shop.audited()
    assert len(shop.said(PointsHeld)) == 1
    assert len(shop.said(RewardRedeemed)) == 1


def test_a_rule_change_between_purchase_and_return_changes_nothing_of_it(shop: Shop) -> None:
    """What comes back takes what it brought, by the version that granted it."""
    shop.buy(START + 1)
    shop.rule(
        START + DAY, version=2, earn_rates=[EarnRate(currency="GBP", points=5, per_minor=100)]
    )
    shop.tick(START + DAY)
    shop.bring_back(START + DAY + 1, 1, "r1")
    shop.buy(START + DAY + 2, order="o2")
    shop.bring_back(START + DAY + 3, 1, "r2")
    shop.audited()
    assert [(back.points, back.rule_version) for back in shop.said(PointsReversed)] == [
        (10, 1),
        (10, 1),
    ]


@pytest.mark.parametrize(("after", "spent"), [(-1, True), (0, False)])
def test_a_spend_at_the_moment_of_expiry(after: int, spent: bool) -> None:
    """Points are good to the end of their day: a moment before it they are held, then they are gone."""
    shop = Shop()
    shop.rule(START, expiry=Expiry.FIXED, expiry_days=1)
    shop.tick(START)
    shop.gift(START, pieces=1)
    shop.buy(START + 1)
    shop.hear()
    expires_at = max(lot.expires_at for entry in shop.said(*LEDGER) for lot in entry.lots)
    shop.redeem(expires_at + after)
    shop.tick(expires_at)
    shop.audited()
    assert len(shop.said(PointsSpent)) == spent
    assert sum(gone.points for gone in shop.said(PointsExpired)) == (10 if spent else 20)


def test_a_commit_before_the_time_out_wins(shop: Shop) -> None:
    """The stock has answered: the time-out that is due later finds no hold."""
    shop.gift(START, pieces=1)
    shop.buy(START + 1)
    shop.redeem(START + 2)
    shop.hear()
    shop.tick(START + DAY)
    shop.audited()
    assert len(shop.said(RewardRedeemed)) == 1
    assert shop.said(HoldVoided, GiftReleased) == []


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_time_out_before_the_answer_of_the_stock_voids(shop: Shop, cancelled: bool) -> None:
    """The hold is waived while the request is on its way: the reservation comes, and is let go."""
    shop.gift(START, pieces=1)
    shop.buy(START + 1)
    shop.hear()
    shop.redeem(START + 2)
    members = [w for w in shop.simulation.workers if w.behaviour.plan.name == "members"]
    if cancelled:
        shop.send(RedemptionCancelled, START + 3, member_id="ann", redemption_id="x")
    shop.simulation.tick(START + DAY)
    for worker in members:  # the members' time goes on, the products have not heard a thing
        for _ in range(5):
            shop.simulation.step(worker, worker.behaviour.plan.actions_topic)
    assert shop.said(StockChanged)[-1].reserved == 0
    shop.audited()
    assert shop.said(RewardRedeemed) == []
    reason = Reason.CANCELLED if cancelled else Reason.TIMED_OUT
    assert [void.reason for void in shop.said(HoldVoided)] == [reason]
    assert [end.reason for end in shop.said(RedemptionRefused)] == [reason]
    assert (shop.said(StockChanged)[-1].available) == 1


def test_a_late_purchase_after_the_board_closed_is_a_correction(shop: Shop) -> None:
    """It counts to its own day, with a version that says so; the board stays closed once."""
    shop.tick(START + 2 * DAY)
    closed = shop.said(BoardPartitionClosed)
    shop.buy(START + 1)
    shop.audited()
    versions = {s.board: s.version for change in shop.said(ScoreChanged) for s in change.scores}
    assert versions["day:2011-03-14"] == 2
    assert versions["all"] == 1
    assert shop.said(BoardPartitionClosed) == closed


def test_two_registrations_of_one_member_enrol_once(shop: Shop) -> None:
    """The first one counts."""
    shop.send(MemberRegistered, START + 1, member_id="ann", country="FR")
    shop.send(MemberRegistered, START + 2, member_id="ann", country="DE")
    shop.audited()
    assert [enrolled.country for enrolled in shop.said(MemberEnrolled)] == ["FR"]


@pytest.mark.parametrize("times", [[], [40], [40, 40], [20, 60], [60, 20]])
def test_ticks_missing_doubled_or_late_change_only_how_soon(times: list[int]) -> None:
    """Points turn active and expire at their moments, whichever ticks there are before the last."""
    shop = Shop()
    shop.rule(START, activation=Activation.AFTER_RETURN_WINDOW, expiry=Expiry.FIXED, expiry_days=50)
    shop.tick(START)
    shop.buy(START + 1)
    shop.send(OrderDelivered, START + DAY, member_id="ann", order_id="o")
    shop.hear()
    for day in times:
        shop.tick(START + day * DAY)
    shop.tick(START + 90 * DAY)
    shop.audited()
    ledger = [(type(e).__name__, e.occurred_at - START) for e in shop.said(*LEDGER)]
    moved = [entry for entry in ledger if entry[0] != "PointsRescheduled"]
    assert [name for name, _ in moved] == ["PointsPending", "PointsEarned", "PointsExpired"]
    assert moved[1][1] == 31 * DAY
    assert ledger == sorted(ledger, key=lambda entry: entry[1])
