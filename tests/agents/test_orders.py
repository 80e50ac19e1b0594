"""The life of an order, row by row: placed once, delivered, returned piece by piece, closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from agents import StateMap
from agents.order_book import CLOSED_MOST, KEPT, PERIOD, Orders, closes_at
from agents.orders import DELIVERIES_MOST, ORDERS
from agents.returns import WAITING_MOST, WAITS
from schemas.actions import PurchaseLine
from schemas.outcomes import ProductReturned, ReturnAccepted
from schemas.record import MAX_AMOUNT, MAX_QUANTITY
from tests.agents.orders_told import START, arrived, at, back, bought, short
from tests.agents.rows import Life, ids, stored

LAMP, TWO_LAMPS = ("lamp", 3, 100), [("lamp", 3, 100), ("tea", 1, 50), ("lamp", 2, 60)]
PLACED = ["placed o 100", "sold lamp 3"]
PLACED_TWO = ["placed o 210", "sold lamp 5", "sold tea 1"]
TWICE = [PurchaseLine(line_number=7, product_id="lamp", quantity=1, amount_minor=5)] * 2
DEAR = ("lamp", 1, MAX_AMOUNT)
MANY = ("lamp", MAX_QUANTITY, 1)

PURCHASES = [
    ("one line", [bought(LAMP)], PLACED),
    ("several lines of a product: told once", [bought(*TWO_LAMPS)], PLACED_TWO),
    ("the same again", [bought(LAMP), bought(LAMP, day=2)], [*PLACED, "refused o ALREADY_POSTED"]),
    ("other lines", [bought(LAMP), bought(LAMP, LAMP)], [*PLACED, "refused o CONFLICTS"]),
    ("another currency", [bought(LAMP), bought(LAMP, currency="EUR")], [*PLACED, "refused o CONFLICTS"]),
    ("other postage", [bought(LAMP), bought(LAMP, postage_minor=1)], [*PLACED, "refused o CONFLICTS"]),
    ("a line number twice", [bought(lines=TWICE)], ["refused o INVALID"]),
    ("a total beyond all bounds", [bought(DEAR, DEAR)], ["refused o INVALID"]),
    ("pieces beyond all bounds", [bought(MANY, MANY)], ["refused o INVALID"]),
    ("put right after INVALID", [bought(lines=TWICE), bought(LAMP)], ["refused o INVALID", *PLACED]),
    ("known and invalid: identity first", [bought(LAMP), bought(lines=TWICE)],
     [*PLACED, "refused o CONFLICTS"]),
    ("another order", [bought(LAMP), bought(LAMP, order="p")], [*PLACED, "placed p 100", "sold lamp 3"]),
    ("again when closed", [bought(LAMP), bought(LAMP, day=440)],
     [*PLACED, "o CLOSED", "refused o ORDER_CLOSED"]),
    ("again when closed, invalid too", [bought(LAMP), bought(day=440, lines=TWICE)],
     [*PLACED, "o CLOSED", "refused o ORDER_CLOSED"]),
]  # fmt: skip
DELIVERIES = [
    ("delivered", [bought(LAMP), arrived(3)], [*PLACED, "o DELIVERED 3"]),
    ("twice: the first holds", [bought(LAMP), arrived(3), arrived(4)], [*PLACED, "o DELIVERED 3"]),
    ("before the purchase is heard", [arrived(3), bought(LAMP)], [*PLACED, "o DELIVERED 3"]),
    ("twice before it", [arrived(3), arrived(4), bought(LAMP)], [*PLACED, "o DELIVERED 3"]),
    ("of another order", [arrived(3, "p"), bought(LAMP)], PLACED),
    ("after a return", [bought(LAMP), back(("lamp", 1)), arrived(3)],
     [*PLACED, "accepted r 1:1(0/3)=33", "o PARTLY_RETURNED", "back lamp 1", "o PARTLY_RETURNED 3"]),
    ("closed with its day", [bought(LAMP), arrived(3), arrived(440, "p")],
     [*PLACED, "o DELIVERED 3", "o CLOSED 3"]),
    ("when closed: nothing", [bought(LAMP), arrived(440), arrived(441)], [*PLACED, "o CLOSED"]),
]  # fmt: skip
RETURNS = [
    ("some", [back(("lamp", 1))], ["accepted r 1:1(0/3)=33", "o PARTLY_RETURNED", "back lamp 1"]),
    ("all of a product, without line numbers", [back(("lamp", 5))],
     ["accepted r 1:3(0/3)=100 3:2(0/2)=60", "o PARTLY_RETURNED", "back lamp 5"]),
    ("all", [back(("lamp", 5), ("tea", 1))],
     ["accepted r 1:3(0/3)=100 2:1(0/1)=50 3:2(0/2)=60", "o RETURNED", "back lamp 5", "back tea 1"]),
    ("of a line by its number", [back(("lamp", 2, 3))],
     ["accepted r 3:2(0/2)=60", "o PARTLY_RETURNED", "back lamp 2"]),
    ("numbered lines are matched first", [back(("lamp", 2), ("lamp", 3, 1))],
     ["accepted r 1:3(0/3)=100 3:2(0/2)=60", "o PARTLY_RETURNED", "back lamp 5"]),
    ("not to be sold again", [back(("lamp", 1, 1, False))],
     ["accepted r 1:1(0/3)=33!", "o PARTLY_RETURNED", "waste lamp 1"]),
    ("of one line both ways", [back(("lamp", 1, 1, False), ("lamp", 1, 1))],
     ["accepted r 1:1(0/3)=33! 1:1(1/3)=33", "o PARTLY_RETURNED", "waste lamp 1", "back lamp 1"]),
    ("in parts: the last brings the rest",
     [back(("lamp", 1, 1)), back(("lamp", 1, 1), id="s"), back(("lamp", 1, 1), id="t")],
     ["accepted r 1:1(0/3)=33", "o PARTLY_RETURNED", "back lamp 1",
      "accepted s 1:1(1/3)=33", "back lamp 1", "accepted t 1:1(2/3)=34", "back lamp 1"]),
    ("the same again", [back(("tea", 1)), back(("tea", 1), day=2)],
     ["accepted r 2:1(0/1)=50", "o PARTLY_RETURNED", "back tea 1", "refused r ALREADY_POSTED"]),
    ("the same id, other lines", [back(("tea", 1)), back(("lamp", 1))],
     ["accepted r 2:1(0/1)=50", "o PARTLY_RETURNED", "back tea 1", "refused r CONFLICTS"]),
    ("the same id, another order", [back(("tea", 1)), back(("tea", 1), order="p")],
     ["accepted r 2:1(0/1)=50", "o PARTLY_RETURNED", "back tea 1", "refused r CONFLICTS"]),
    ("the same id, another fault", [back(("tea", 1)), back(("tea", 1), shop_at_fault=True)],
     ["accepted r 2:1(0/1)=50", "o PARTLY_RETURNED", "back tea 1", "refused r CONFLICTS"]),
    ("without an order", [back(("tea", 1), order=None)], ["refused r UNKNOWN_ORDER"]),
    ("of an order without a name", [back(("tea", 1), order="")], ["refused r UNKNOWN_ORDER"]),
    ("of an order no order can be", [back(("tea", 1), order="o" * 129)], ["refused r UNKNOWN_ORDER"]),
    ("of a product not in it", [back(("cup", 1))], ["refused r UNKNOWN_LINE"]),
    ("of a line not in it", [back(("lamp", 1, 9))], ["refused r UNKNOWN_LINE"]),
    ("of a line that cannot be", [back(("lamp", 1, -1))], ["refused r UNKNOWN_LINE"]),
    ("of a line of another product", [back(("lamp", 1, 2))], ["refused r UNKNOWN_LINE"]),
    ("too many", [back(("lamp", 6))], ["refused r MORE_THAN_BOUGHT"]),
    ("too many of a line", [back(("lamp", 4, 1))], ["refused r MORE_THAN_BOUGHT"]),
    ("too many by two lines", [back(("tea", 1), ("tea", 1, 2))], ["refused r MORE_THAN_BOUGHT"]),
    ("too many and unknown: in the order of the reasons", [back(("lamp", 6), ("cup", 1))],
     ["refused r UNKNOWN_LINE"]),
    ("as a whole or not at all", [back(("tea", 1), ("lamp", 9)), back(("tea", 1), id="s")],
     ["refused r MORE_THAN_BOUGHT", "accepted s 2:1(0/1)=50", "o PARTLY_RETURNED", "back tea 1"]),
    ("put right under the same id", [back(("tea", 2)), back(("tea", 1))],
     ["refused r MORE_THAN_BOUGHT", "accepted r 2:1(0/1)=50", "o PARTLY_RETURNED", "back tea 1"]),
    ("368 days later", [back(("tea", 1), day=368)],
     ["accepted r 2:1(0/1)=50", "o PARTLY_RETURNED", "back tea 1"]),
    ("when closed", [back(("tea", 1), day=440)], ["o CLOSED", "refused r ORDER_CLOSED"]),
    ("again when closed", [back(("tea", 1)), back(("tea", 1), day=440)],
     ["accepted r 2:1(0/1)=50", "o PARTLY_RETURNED", "back tea 1", "o CLOSED", "refused r ORDER_CLOSED"]),
]  # fmt: skip
BACK = ["accepted r 1:1(0/3)=33", "o PARTLY_RETURNED", "back lamp 1"]
EARLY = [
    ("waits, then counts", [back(("lamp", 1)), bought(LAMP)], ["deferred r 31", *PLACED, *BACK]),
    ("waits in vain", [back(("lamp", 1)), arrived(31, "p")], ["deferred r 31", "refused r UNKNOWN_ORDER"]),
    ("the purchase comes too late", [back(("lamp", 1)), bought(LAMP, day=31)],
     ["deferred r 31", "refused r UNKNOWN_ORDER", *PLACED]),
    ("in time", [back(("lamp", 1)), bought(LAMP, day=30.9)], ["deferred r 31", *PLACED, *BACK]),
    ("another order does not do", [back(("lamp", 1)), bought(LAMP, order="p")],
     ["deferred r 31", "placed p 100", "sold lamp 3"]),
    ("twice while it waits", [back(("lamp", 1)), back(("lamp", 1), day=2), bought(LAMP)],
     ["deferred r 31", "refused r ALREADY_POSTED", *PLACED, *BACK]),
    ("another under its id while it waits", [back(("lamp", 1)), back(("lamp", 2)), bought(LAMP)],
     ["deferred r 31", "refused r CONFLICTS", *PLACED, *BACK]),
    ("again afterwards", [back(("lamp", 1)), bought(LAMP), back(("lamp", 1), day=2)],
     ["deferred r 31", *PLACED, *BACK, "refused r ALREADY_POSTED"]),
    ("again after it waited in vain", [back(("lamp", 1)), back(("lamp", 1), day=40)],
     ["deferred r 31", "refused r UNKNOWN_ORDER", "deferred r 70"]),
    ("in the order of arrival", [back(("lamp", 2)), back(("lamp", 2), id="s", day=0), bought(LAMP)],
     ["deferred r 31", "deferred s 30", *PLACED,
      "accepted r 1:2(0/3)=66", "o PARTLY_RETURNED", "back lamp 2", "refused s MORE_THAN_BOUGHT"]),
    ("of something that was not bought", [back(("cup", 1)), bought(LAMP)],
     ["deferred r 31", *PLACED, "refused r UNKNOWN_LINE"]),
    ("an invalid purchase does not count", [back(("lamp", 1)), bought(lines=TWICE), bought(LAMP)],
     ["deferred r 31", "refused o INVALID", *PLACED, *BACK]),
    ("after the delivery", [back(("lamp", 1)), arrived(0.5), bought(LAMP)],
     ["deferred r 31", *PLACED, "o DELIVERED 0.5",
      "accepted r 1:1(0/3)=33", "o PARTLY_RETURNED 0.5", "back lamp 1"]),
]  # fmt: skip


@pytest.mark.parametrize(("events", "said"), [row[1:] for row in PURCHASES], ids=ids(PURCHASES))
def test_purchases(events: list[Any], said: list[str]) -> None:
    """An order id counts once; what is wrong with an order is named."""
    assert short(Life(ORDERS).hear(*events)) == said


@pytest.mark.parametrize(("events", "said"), [row[1:] for row in DELIVERIES], ids=ids(DELIVERIES))
def test_deliveries(events: list[Any], said: list[str]) -> None:
    """The first delivery told is the order's, also when it is heard before the purchase."""
    assert short(Life(ORDERS).hear(*events)) == said


@pytest.mark.parametrize(("events", "said"), [row[1:] for row in RETURNS], ids=ids(RETURNS))
def test_returns(events: list[Any], said: list[str]) -> None:
    """Of an order of 3 lamps for 100, 1 tea for 50 and 2 lamps for 60."""
    life = Life(ORDERS)
    assert short(life.hear(bought(*TWO_LAMPS))) == PLACED_TWO
    assert short(life.hear(*events)) == said


@pytest.mark.parametrize(("events", "said"), [row[1:] for row in EARLY], ids=ids(EARLY))
def test_returns_before_their_purchase(events: list[Any], said: list[str]) -> None:
    """A return waits 30 days for its purchase and then counts, or is refused."""
    assert short(Life(ORDERS).hear(*events)) == said


def test_too_many_returns_wait() -> None:
    """So many wait for a member; one more is refused, and one that ends makes room."""
    life = Life(ORDERS)
    waiting = [back(("lamp", 1), id=f"r{n}", order=f"o{n}") for n in range(WAITING_MOST)]
    life.hear(*waiting)
    assert short(life.hear(back(("lamp", 1), id="s"))) == ["refused s TOO_MANY"]
    life.hear(bought(LAMP, order="o7"))
    assert short(life.hear(back(("lamp", 1), id="s"))) == ["deferred s 31"]


def test_too_many_returns_of_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order takes so many returns; what is wrong with a line is said before that."""
    monkeypatch.setattr("agents.returns.RETURNS_MOST", 2)
    life = Life(ORDERS)
    life.hear(bought(LAMP), *(back(("lamp", 1), id=f"r{n}") for n in range(2)))
    assert short(life.hear(back(("lamp", 1), id="s"))) == ["refused s TOO_MANY"]
    assert short(life.hear(back(("lamp", 2), id="s"))) == ["refused s MORE_THAN_BOUGHT"]


def test_closing_time() -> None:
    """An order is open 400 days at least and one period more at most, and what is over closes at once."""
    for day in range(60):
        assert KEPT <= closes_at(at(day)) - at(day) < KEPT + PERIOD
    life = Life(ORDERS)
    days = range(0, 60, 3)
    life.hear(*(bought(LAMP, day=day, order=f"o{day}") for day in days))
    first = life.due()
    assert first == closes_at(START)
    closed = short(life.wait("m", first))
    assert sorted(closed) == sorted(f"o{d} CLOSED" for d in days if closes_at(at(d)) == first)
    assert life.due() == first + PERIOD
    life.wait("m", at(600))
    assert life.due() is None


def test_what_is_over_leaves_next_to_nothing() -> None:
    """A busy member, then silence: the ids of the newest closed orders are all that is left."""
    life = Life(ORDERS)
    for n in range(3 * CLOSED_MOST):
        life.hear(
            bought(LAMP, day=n / 40, order=f"o{n}"), back(("lamp", 1), id=f"r{n}", order=f"o{n}")
        )
    life.hear(*(arrived(30, f"never-{n}") for n in range(3 * DELIVERIES_MOST)))
    assert len(life.state.delivered) == DELIVERIES_MOST
    life.hear(*(back(("lamp", 1), day=80, id=f"s{n}", order=f"never-{n}") for n in range(9)))
    life.wait("m", at(600))
    assert life.due() is None
    assert not life.state.delivered, "what never came is forgotten with what was closed"
    assert [len(life.state.orders), len(life.state.returns), len(life.state.waiting)] == [0, 0, 0]
    assert sum(stored(ORDERS, life.state)) < 10_000
    assert short(life.hear(bought(LAMP, day=600, order=f"o{3 * CLOSED_MOST - 1}"))) == [
        f"refused o{3 * CLOSED_MOST - 1} ORDER_CLOSED"
    ]


def test_the_largest_order_fits() -> None:
    """2,000 lines with the longest names and numbers, returned one by one, fit into an entry."""
    lines = [
        PurchaseLine(
            line_number=10_000 - n,
            product_id=f"{n:0128}",
            quantity=MAX_QUANTITY - n,
            amount_minor=MAX_AMOUNT // 2_000,
        )
        for n in range(2_000)
    ]
    named = "n" * 128
    whole = [(line.product_id, line.quantity, line.line_number) for line in lines]
    early, life = back(*whole, id=named, order=named), Life(ORDERS)
    life.hear(early)
    assert max(stored(ORDERS, life.state)) < 63 * 1024
    life.hear(bought(lines=lines, order=named))
    assert max(stored(ORDERS, life.state)) < 63 * 1024
    assert short(life.said)[-2_001] == f"{named} RETURNED"


def test_a_member_with_many_orders_reads_one_entry_an_event() -> None:
    """A purchase, a delivery, a return touch their own order, and look at no other."""
    life = Life(ORDERS)
    life.hear(*(bought(LAMP, order=f"o{n}") for n in range(210)))
    state = Orders(**{name: getattr(life.state, name) for name in ("closes_at", "closed_count")})
    read: list[str] = []
    for name in ("orders", "returns", "closed"):
        getattr(state, name).bind(_Noting(getattr(life.state, name), read))
    life.state = state
    life.hear(bought(LAMP, order="new"), arrived(order="o7"), back(("lamp", 1), order="o9", day=3))
    assert read == ["new", "o7", "r", "o9"]


@dataclass
class _Noting:
    """What is stored of a map, and which entries were read."""

    kept: StateMap[Any]
    read: list[str]

    def load(self, entry: str) -> Any:
        self.read.append(entry)
        return self.kept.get(entry)

    def scan(self) -> Any:
        raise AssertionError("all orders of the member were read")


def test_a_waiting_return_counts_from_the_later_of_both() -> None:
    """What is said of it never lies before the purchase, nor before the goods came back."""
    for bought_on, back_on in ((0, 5), (5, 0)):
        life = Life(ORDERS)
        life.hear(back(("lamp", 1), day=back_on))
        said = life.hear(bought(LAMP, day=bought_on))
        moments = {
            one.occurred_at for one in said if isinstance(one, ReturnAccepted | ProductReturned)
        }
        assert moments == {at(5)}
        assert not life.state.returns["r"].lines, "they are kept only while it waits"


def test_waits_are_as_long_as_said() -> None:
    """The wait counts from the return's own time, not from when it was heard."""
    life = Life(ORDERS)
    life.hear(bought(LAMP, day=20, order="p"))
    life.hear(back(("lamp", 1), day=1))
    assert life.due() == at(1) + WAITS
