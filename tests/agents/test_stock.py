"""Stock: facts move it, gifts are reserved from what is available, nothing that is missing is hidden."""

from __future__ import annotations

from typing import Any, assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.reservations import ENDED_MOST
from agents.stock import STOCK
from agents.stock_levels import (
    COVER_DAYS,
    DAY,
    HALF_LIFE_DAYS,
    LEAD_DAYS,
    SAFETY_DAYS,
    Sales,
    rate_per_day,
)
from agents.stock_levels import sold as count
from schemas.actions import ProductListed, StockAdjusted, StockAdjustment, StockReceived
from schemas.outcomes import (
    GiftRefused,
    GiftReleased,
    GiftReserved,
    Oversold,
    ProductOffered,
    ProductReturned,
    ProductSold,
    Reason,
    StockChanged,
    StockCommitted,
    StockLow,
    StockMovement,
    StockRequested,
    StockWaived,
)
from schemas.record import Outcome
from tests.agents.rows import Life, ids, stored

START = 1_323_432_000_000
P: dict[str, Any] = {"product_id": "p"}


def received(quantity: int) -> StockReceived:
    return StockReceived(event_id="e", occurred_at=START, quantity=quantity, **P)


def adjusted(quantity: int) -> StockAdjusted:
    return StockAdjusted(
        event_id="e", occurred_at=START, quantity=quantity, reason=StockAdjustment.COUNTED, **P
    )


def sold(quantity: int, day: float = 0) -> ProductSold:
    moment = START + int(day * DAY)
    return ProductSold(member_id="m", order_id="o", occurred_at=moment, quantity=quantity, **P)


def returned(quantity: int, sellable: bool = True) -> ProductReturned:
    return ProductReturned(
        member_id="m", return_id="r", occurred_at=START, quantity=quantity, sellable=sellable, **P
    )


def wanted(id: str = "x", quantity: int = 1, member: str = "m") -> StockRequested:
    return StockRequested(
        member_id=member, redemption_id=id, occurred_at=START, quantity=quantity, **P
    )


def paid(id: str = "x", member: str = "m") -> StockCommitted:
    return StockCommitted(member_id=member, redemption_id=id, occurred_at=START, **P)


def waived(id: str = "x", reason: Reason = Reason.CANCELLED) -> StockWaived:
    return StockWaived(member_id="m", redemption_id=id, occurred_at=START, reason=reason, **P)


def listed(name: str, moment: int) -> ProductListed:
    return ProductListed(
        event_id="e", occurred_at=moment, name=name, price_minor=5, currency="GBP", **P
    )


Said = (
    StockChanged | Oversold | StockLow | GiftReserved | GiftRefused | GiftReleased | ProductOffered
)


def short(said: list[Outcome]) -> list[str]:
    """Each outcome in one line; a movement as `WORD change on_hand-reserved=available`."""
    return [_short(outcome) for outcome in said]  # type: ignore[arg-type]  # asserted there


def _short(outcome: Said) -> str:
    match outcome:
        case StockChanged():
            stock = f"{outcome.on_hand}-{outcome.reserved}={outcome.available}"
            return f"{outcome.movement} {outcome.quantity:+} {stock}"
        case Oversold():
            return f"oversold {outcome.missing}"
        case StockLow():
            return f"low {outcome.available}<={outcome.threshold}"
        case GiftReserved():
            return f"reserved {outcome.redemption_id} {outcome.quantity}"
        case GiftRefused():
            return f"refused {outcome.redemption_id} {outcome.reason}"
        case GiftReleased():
            return f"released {outcome.redemption_id} {outcome.reason}"
        case ProductOffered():
            return f"offered {outcome.name}"
        case _:
            assert_never(outcome)


MOVEMENTS = [
    ("received", [received(5)], ["RECEIVED +5 5-0=5"]),
    ("sold", [received(500), sold(2)], ["RECEIVED +500 500-0=500", "SOLD -2 498-0=498"]),
    ("returned", [returned(2)], ["RETURNED +2 2-0=2"]),
    ("returned, not to be sold", [returned(2, sellable=False)], []),
    ("counted more", [adjusted(3)], ["ADJUSTED +3 3-0=3"]),
    ("counted less", [received(5), adjusted(-3)], ["RECEIVED +5 5-0=5", "ADJUSTED -3 2-0=2"]),
    ("counted the same", [adjusted(0)], []),
    ("oversold: only what is newly missing", [received(1), sold(3), sold(4), received(5), sold(1)],
     ["RECEIVED +1 1-0=1", "SOLD -3 -2-0=-2", "oversold 2", "low -2<=1",
      "SOLD -4 -6-0=-6", "oversold 4", "RECEIVED +5 -1-0=-1", "SOLD -1 -2-0=-2", "oversold 1"]),
    ("a sale takes what is reserved", [received(2), wanted(quantity=2), sold(1), paid()],
     ["RECEIVED +2 2-0=2", "reserved x 2", "RESERVED -2 2-2=0", "low 0<=0",
      "SOLD -1 1-2=-1", "oversold 1", "COMMITTED +0 -1-0=-1"]),
    ("offered", [listed("lamp", 5)], ["offered lamp"]),
    ("renamed", [listed("lamp", 5), listed("light", 6)], ["offered lamp", "offered light"]),
    ("put right at the same moment", [listed("lamp", 5), listed("light", 5)],
     ["offered lamp", "offered light"]),
    ("an older listing is heard late", [listed("light", 6), listed("lamp", 5)], ["offered light"]),
]  # fmt: skip
TEN = ["RECEIVED +10 10-0=10"]
RESERVED = [*TEN, "reserved x 2", "RESERVED -2 10-2=8"]
GIFTS = [
    ("reserved", [wanted("x", 2)], RESERVED),
    ("paid for", [wanted("x", 2), paid()], [*RESERVED, "COMMITTED +0 8-0=8"]),
    ("waived", [wanted("x", 2), waived()], [*RESERVED, "released x CANCELLED", "RELEASED +2 10-0=10"]),
    ("timed out", [wanted("x", 2), waived(reason=Reason.TIMED_OUT)],
     [*RESERVED, "released x TIMED_OUT", "RELEASED +2 10-0=10"]),
    ("all there is", [wanted("x", 10)], [*TEN, "reserved x 10", "RESERVED -10 10-10=0", "low 0<=0"]),
    ("one more than there is", [wanted("x", 11)], [*TEN, "refused x OUT_OF_STOCK"]),
    ("more than is left", [wanted("x", 2), wanted("y", 9)], [*RESERVED, "refused y OUT_OF_STOCK"]),
    ("what was waived can be had", [wanted("x", 2), waived(), wanted("y", 9)],
     [*RESERVED, "released x CANCELLED", "RELEASED +2 10-0=10", "reserved y 9", "RESERVED -9 10-9=1"]),
    ("asked twice: answered once", [wanted("x", 2), wanted("x", 2)], RESERVED),
    ("asked again when paid for", [wanted("x", 2), paid(), wanted("x", 2)],
     [*RESERVED, "COMMITTED +0 8-0=8", "refused x ALREADY_REDEEMED"]),
    ("asked again when waived", [wanted("x", 2), waived(), wanted("x", 2)],
     [*RESERVED, "released x CANCELLED", "RELEASED +2 10-0=10", "refused x CANCELLED"]),
    ("waived before it was asked for", [waived(), wanted("x", 2)],
     [*TEN, "released x CANCELLED", "refused x CANCELLED"]),
    ("ended and too many: identity first", [waived(), wanted("x", 99)],
     [*TEN, "released x CANCELLED", "refused x CANCELLED"]),
    ("waived when it was refused", [wanted("x", 11), waived()],
     [*TEN, "refused x OUT_OF_STOCK", "released x CANCELLED"]),
    ("waived twice: answered twice", [wanted("x", 2), waived(), waived(reason=Reason.TIMED_OUT)],
     [*RESERVED, "released x CANCELLED", "RELEASED +2 10-0=10", "released x TIMED_OUT"]),
    ("the first end is what is remembered", [waived(), waived(reason=Reason.TIMED_OUT), wanted()],
     [*TEN, "released x CANCELLED", "released x TIMED_OUT", "refused x CANCELLED"]),
    ("refused, asked again when there is some", [wanted("x", 11), received(5), wanted("x", 11)],
     [*TEN, "refused x OUT_OF_STOCK", "RECEIVED +5 15-0=15",
      "reserved x 11", "RESERVED -11 15-11=4"]),
    ("paid for twice", [wanted("x", 2), paid(), paid()], [*RESERVED, "COMMITTED +0 8-0=8"]),
    ("paid for, never asked for", [paid()], TEN),
    ("the same name, another member", [wanted("x", 2), wanted("x", 3, "n"), paid()],
     [*RESERVED, "reserved x 3", "RESERVED -3 10-5=5", "COMMITTED +0 8-3=5"]),
]  # fmt: skip


@pytest.mark.parametrize(("events", "said"), [row[1:] for row in MOVEMENTS], ids=ids(MOVEMENTS))
def test_movements(events: list[Any], said: list[str]) -> None:
    """Each movement is said with the stock after it, and what of it is short."""
    assert short(Life(STOCK).hear(*events)) == said


@pytest.mark.parametrize(("events", "said"), [row[1:] for row in GIFTS], ids=ids(GIFTS))
def test_gifts(events: list[Any], said: list[str]) -> None:
    """A redemption reserves once and ends once; each waiver is answered. Ten pieces are there."""
    assert short(Life(STOCK).hear(received(10), *events)) == said


def test_the_last_gift_goes_to_one() -> None:
    """Two members want it: who asks first has it, the other can have it when it is let go."""
    life = Life(STOCK)
    said = short(life.hear(received(1), wanted("x"), wanted("y", 1, "n")))
    assert said[1:] == ["reserved x 1", "RESERVED -1 1-1=0", "low 0<=0", "refused y OUT_OF_STOCK"]
    assert "reserved z 1" in short(life.hear(waived("x"), wanted("z", 1, "n")))


def test_too_many_reservations(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many are open at once; out of stock is said before that, and one that ends makes room."""
    monkeypatch.setattr("agents.reservations.RESERVATIONS_MOST", 2)
    life = Life(STOCK)
    life.hear(received(9), wanted("a"), wanted("b"))
    assert short(life.hear(wanted("c"))) == ["refused c TOO_MANY"]
    assert short(life.hear(wanted("c", 99))) == ["refused c OUT_OF_STOCK"]
    life.hear(paid("a"))
    assert "reserved c 1" in short(life.hear(wanted("c")))


def test_what_ended_is_little() -> None:
    """A thousand redemptions later nothing is left but the marks of the newest."""
    life = Life(STOCK)
    life.hear(received(10_000))
    for n in range(1_000):
        life.hear(wanted(f"r{n}"), paid(f"r{n}") if n % 2 else waived(f"r{n}"))
    assert not len(life.state.reservations)
    assert max(stored(STOCK, life.state)) < 8 * 1024
    assert short(life.hear(wanted(f"r{1_000 - ENDED_MOST}"))) == [
        f"refused r{1_000 - ENDED_MOST} CANCELLED"
    ]


# ---- low stock ------------------------------------------------------------------------------------


def lows(said: list[Outcome]) -> list[StockLow]:
    return [outcome for outcome in said if isinstance(outcome, StockLow)]


def test_low_once_until_filled_up() -> None:
    """It is said when the threshold is reached, not again while it is low, again after a delivery."""
    life = Life(STOCK)
    life.hear(received(100))
    assert len(lows(life.hear(*(sold(1, day / 4) for day in range(99))))) == 1
    assert not lows(life.hear(sold(1, 25)))
    assert not lows(life.hear(received(1), sold(1, 25))), "one piece does not fill it up"
    life.hear(received(100))
    assert len(lows(life.hear(*(sold(1, 25 + day / 4) for day in range(99))))) == 1


def test_threshold_and_suggestion_follow_the_sales_rate() -> None:
    """After a year of ten pieces a day: low at ten days' sales, and forty days' are suggested."""
    life = Life(STOCK)
    life.hear(received(4_000))
    said = life.hear(*(sold(1, day / 10) for day in range(4_000)))
    (low,) = lows(said)
    days = LEAD_DAYS + SAFETY_DAYS
    assert low.threshold == pytest.approx(10 * days, rel=0.02)
    assert low.available == low.threshold
    assert low.suggested_quantity == pytest.approx(
        10 * (days + COVER_DAYS) - low.available, rel=0.02
    )


def test_what_stopped_selling_is_not_ordered() -> None:
    """After ten half-lives without a sale a thousandth of the rate is left."""
    life = Life(STOCK)
    life.hear(received(2_000))
    life.hear(*(sold(1, day / 10) for day in range(1_000)))
    (low,) = lows(life.hear(sold(1_000, 100 + 10 * HALF_LIFE_DAYS)))
    assert low.threshold < 300, "the last sale is all that counts"


def test_a_late_sale_counts_less() -> None:
    """A sale that is heard a half-life late counts half, and neither makes time go back."""
    sales = count(count(Sales(), 4, START + HALF_LIFE_DAYS * DAY), 4, START)
    assert sales == Sales(6.0, START + HALF_LIFE_DAYS * DAY)
    assert rate_per_day(sales, START) == rate_per_day(sales, sales.at)
    assert rate_per_day(sales, sales.at + HALF_LIFE_DAYS * DAY) == rate_per_day(sales, sales.at) / 2


def test_gifts_count_as_what_leaves() -> None:
    """A gift that is redeemed often is low before the last piece is gone; a waived one says nothing."""
    life = Life(STOCK)
    life.hear(received(100))
    said = life.hear(*(event for n in range(99) for event in (wanted(f"r{n}"), paid(f"r{n}"))))
    (low,) = lows(said)
    assert low.available == low.threshold > 10


def test_what_was_waived_fills_up() -> None:
    """Pieces that come back from a reservation raise the stock above the threshold like a delivery."""
    life = Life(STOCK)
    life.hear(received(5))
    assert len(lows(life.hear(wanted("x", 5)))) == 1
    assert not lows(life.hear(waived("x")))
    assert len(lows(life.hear(wanted("y", 5)))) == 1


# ---- properties -----------------------------------------------------------------------------------

FACTS = st.lists(
    st.one_of(
        st.integers(1, 9).map(received),
        st.integers(-9, 9).map(adjusted),
        st.tuples(st.integers(1, 9), st.integers(0, 99)).map(lambda pair: sold(*pair)),
        st.tuples(st.integers(1, 9), st.booleans()).map(lambda pair: returned(*pair)),
    ),
    max_size=8,
)
NAMES = st.sampled_from("abcd")
GIFT_EVENTS = st.one_of(
    st.builds(wanted, NAMES, st.integers(1, 4)), st.builds(paid, NAMES), st.builds(waived, NAMES)
)
ANYTHING = st.lists(
    st.one_of(st.integers(1, 9).map(received), st.integers(1, 4).map(sold), GIFT_EVENTS),
    max_size=25,
)


@given(FACTS, st.randoms(use_true_random=False))
def test_any_order_of_movements_gives_the_same_stock(facts: list[Any], random: Any) -> None:
    """What is on hand is the sum of what came and went."""
    shuffled = random.sample(facts, len(facts))
    first, second = Life(STOCK), Life(STOCK)
    first.hear(*facts)
    second.hear(*shuffled)
    assert first.state.on_hand == second.state.on_hand
    assert first.state.reserved == second.state.reserved == 0


@given(ANYTHING)
def test_the_books_agree(events: list[Any]) -> None:
    """Available is on hand less reserved; reserved is requested less committed less released."""
    life, available, open_pieces = Life(STOCK), 0, dict[str, int]()
    for event in events:
        for outcome in life.hear(event):
            match outcome:
                case GiftReserved():
                    assert outcome.redemption_id not in open_pieces
                    assert outcome.quantity <= available
                    open_pieces[outcome.redemption_id] = outcome.quantity
                case StockChanged():
                    if outcome.movement in (StockMovement.COMMITTED, StockMovement.RELEASED):
                        del open_pieces[outcome.reference or ""]
                    available += outcome.quantity
                    assert outcome.available == available == outcome.on_hand - outcome.reserved
                    assert outcome.reserved == sum(open_pieces.values())
    assert life.state.open_count == len(open_pieces)


@given(ANYTHING)
def test_nothing_missing_is_hidden(events: list[Any]) -> None:
    """Each event says as oversold just the pieces by which more are missing after it than before."""
    life = Life(STOCK)
    for event in events:
        before = max(0, -life.state.available)
        said = [one.missing for one in life.hear(event) if isinstance(one, Oversold)]
        after = max(0, -life.state.available)
        assert said == ([after - before] if after > before else [])


@given(ANYTHING)
def test_every_request_and_waiver_is_answered(events: list[Any]) -> None:
    """One answer to the first request of a redemption, one to every waiver."""
    life = Life(STOCK)
    life.hear(*events)
    for name in "abcd":
        about = [one for one in life.said if getattr(one, "redemption_id", "") == name]
        asked = [
            one for one in events if isinstance(one, StockRequested) and one.redemption_id == name
        ]
        waivers = [
            one for one in events if isinstance(one, StockWaived) and one.redemption_id == name
        ]
        assert sum(isinstance(one, GiftReleased) for one in about) == len(waivers)
        assert sum(isinstance(one, GiftReserved) for one in about) <= 1
        if asked:
            assert any(isinstance(one, GiftReserved | GiftRefused) for one in about)
