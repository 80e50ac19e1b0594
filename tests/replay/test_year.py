"""The year as a stream: the whole file is accounted for, in order, and a prefix is a prefix."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from replay.retail import Rule
from replay.shop import HOUR
from replay.year import TAIL, Year
from schemas.actions import (
    MemberRegistered,
    OrderDelivered,
    ProductListed,
    PurchaseMade,
    PurchaseReturned,
    RedemptionRequested,
    StockReceived,
)
from schemas.codec import validate
from schemas.record import Event

ROWS = 541_909


@pytest.fixture(scope="module")
def year() -> Year:
    """The whole year, cleaned."""
    return Year.read()


@pytest.fixture(scope="module")
def actions(year: Year) -> list[Event]:
    """Every action of the whole year."""
    return list(year.actions())


def test_every_row_of_the_file_is_accounted_for(year: Year) -> None:
    """Each row read is dropped, turned into postage or kept, by exactly one rule."""
    assert year.cleaned == {
        Rule.ROW_READ: ROWS,
        Rule.ACCOUNTING_DROPPED: 3,
        Rule.CARRIAGE_TO_POSTAGE: 1_248,
        Rule.CARRIAGE_DROPPED: 862,
        Rule.NOT_GOODS_DROPPED: 833,
        Rule.CODE_UPPERCASED: 1_942,
        Rule.PRICE_ROUNDED: 3,
        Rule.ORDER_LINE: 396_374,
        Rule.RETURN_LINE: 8_539,
        Rule.GUEST_LINE: 134_050,
        Rule.ORDER_WITHOUT_GOODS_DROPPED: 402,
    }
    assert ROWS == 3 + 1_248 + 862 + 833 + 396_374 + 8_539 + 134_050


def test_the_year_gives_these_actions(actions: list[Event]) -> None:
    """The counts of a whole replay, as the documentation states them."""
    assert Counter(type(action).__name__ for action in actions) == {
        "StockAdjusted": 133_557,
        "ProductBrowsed": 58_772,
        "StockReceived": 36_113,
        "PurchaseMade": 18_405,
        "OrderDelivered": 17_843,
        "SearchMade": 11_025,
        "RedemptionRequested": 6_974,
        "MemberRegistered": 4_363,
        "PurchaseReturned": 4_305,
        "ProductListed": 3_943,
        "RedemptionCancelled": 643,
        "GiftListed": 26,
        "RuleChanged": 2,
        "TierRuleChanged": 1,
        "SegmentChanged": 7,
    }


def test_actions_come_in_the_order_of_time(year: Year, actions: list[Event]) -> None:
    """No action is earlier than the one before it, none lies beyond the end."""
    times = [_at(action) for action in actions]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert times[-1] < year.ends_at
    assert year.ends_at % HOUR == 0
    assert year.ends_at - year.last_order_at < TAIL + HOUR


def test_ids_are_unique_and_limits_are_kept(actions: list[Event]) -> None:
    """Every action has an id of its own and passes the checks of a reader."""
    assert len({action.event_id for action in actions}) == len(actions)
    for action in actions[:20_000]:
        validate(action)


def test_nothing_comes_before_what_it_needs(actions: list[Event]) -> None:
    """A member is registered and a product listed before anything else names them."""
    members: set[str] = set()
    products: set[str] = set()
    for action in actions:
        match action:
            case MemberRegistered():
                members.add(action.member_id)
            case ProductListed():
                products.add(action.product_id)
            case PurchaseMade():
                assert action.member_id in members
                assert {line.product_id for line in action.lines} <= products
            case StockReceived():
                assert action.product_id in products
            case RedemptionRequested() | OrderDelivered():
                assert action.member_id in members


def test_returns_name_lines_with_that_much_left(actions: list[Event]) -> None:
    """A matched return takes at most what was bought of a line; the rest has an unknown order."""
    left: Counter[tuple[str, int, str]] = Counter()
    unknown = 0
    for action in actions:
        if isinstance(action, PurchaseMade):
            for bought in action.lines:
                left[action.order_id, bought.line_number, bought.product_id] += bought.quantity
        if isinstance(action, PurchaseReturned):
            unknown += action.order_id is None
            for line in action.lines if action.order_id else []:
                place = (action.order_id or "", line.line_number or 0, line.product_id)
                left[place] -= line.quantity
                assert left[place] >= 0, place
    assert unknown == 530


def test_the_first_orders_are_a_prefix(actions: list[Event]) -> None:
    """A short replay says the same as the whole one: same ids, same content, nothing else."""
    short = list(Year.read(orders=200).actions())
    assert sum(isinstance(action, PurchaseMade) for action in short) == 200
    whole = {action.event_id: action for action in actions}
    assert all(whole[action.event_id] == action for action in short)
    last_order_at = max(_at(action) for action in short if isinstance(action, PurchaseMade))
    due = [action for action in actions if _at(action) <= last_order_at]
    missing = {a.event_id for a in due} - {a.event_id for a in short}
    assert all(_belongs_to_a_later_order(whole[event_id]) for event_id in missing)


def test_another_seed_invents_other_things_and_tells_the_same_orders() -> None:
    """The seed moves what is invented; the data's own orders and returns stay."""
    one, other = Year.read(orders=50, seed=1), Year.read(orders=50, seed=2)
    kinds = (PurchaseMade, MemberRegistered)
    told = [[a for a in year.actions() if isinstance(a, kinds)] for year in (one, other)]
    assert told[0] == told[1]
    assert list(one.actions()) != list(other.actions())


def test_fewer_than_one_order_is_refused() -> None:
    """The message says what the number must be."""
    with pytest.raises(ValueError, match="at least 1"):
        Year.read(orders=0)


def _at(action: Event) -> int:
    occurred_at: int = action.occurred_at  # type: ignore[attr-defined]  # every action has one
    return occurred_at


def _belongs_to_a_later_order(action: Event) -> bool:
    return type(action).__name__ in {"MemberRegistered", "ProductBrowsed", "SearchMade"}
