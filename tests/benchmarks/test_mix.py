"""The main job's mix is the stated one, valid, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from benchmarks.mix import GIFTS, PRODUCTS, Mix, opening
from schemas import codec
from schemas.actions import (
    GiftListed,
    ProductListed,
    PurchaseMade,
    PurchaseReturned,
    RuleChanged,
    StockReceived,
)
from schemas.record import Event
from schemas.risk import PaymentCaptured

START = 1_700_000_000_000


def drawn(number: int, seed: int = 1) -> list[Event]:
    return list(islice(Mix(seed=seed).actions(START, 250), number))


def test_shares_are_the_stated_ones() -> None:
    """Once purchases exist that can be returned: 70, 10, 12, 3 and 5 of every hundred."""
    kinds = Counter(type(action).__name__ for action in drawn(20_000)[10_000:])
    stated = {"ProductBrowsed": 70, "SearchMade": 10, "PurchaseMade": 12, "PurchaseReturned": 3}
    assert {kind: kinds.pop(kind) / 100 for kind in stated} == stated
    assert kinds.total() / 100 == 5


def test_purchases_have_three_lines() -> None:
    """A purchase of the mix has three lines."""
    sizes = {len(action.lines) for action in drawn(5_000) if isinstance(action, PurchaseMade)}
    assert sizes == {3}


def test_returns_name_a_purchase_of_the_same_member() -> None:
    """A return follows its purchase and gives back what was bought."""
    bought: dict[str, PurchaseMade] = {}
    returns = 0
    for action in drawn(20_000):
        if isinstance(action, PurchaseMade):
            bought[action.order_id] = action
        elif isinstance(action, PurchaseReturned):
            returns += 1
            purchase = bought[action.order_id or ""]
            assert purchase.member_id == action.member_id
            assert purchase.lines[1].product_id == action.lines[0].product_id
    assert returns > 500


def test_every_action_is_valid_and_unique() -> None:
    """A reader accepts every action, and no two have the same id."""
    actions = [*opening(START), *drawn(3_000)]
    for action in actions:
        codec.validate(action)
    assert len({action.event_id for action in actions}) == len(actions)


def test_a_paid_mix_has_a_payment_behind_every_purchase() -> None:
    """Of the same member and order, and the rest is the mix itself."""
    paid = list(islice(Mix(paid=True).actions(START, 250), 3_000))
    before = None
    for action in paid:
        codec.validate(action)
        if isinstance(before, PurchaseMade):
            assert isinstance(action, PaymentCaptured)
            assert (action.member_id, action.order_id) == (before.member_id, before.order_id)
        else:
            assert not isinstance(action, PaymentCaptured)
        before = action


def test_time_passes_evenly() -> None:
    """An action every step of event time."""
    moments = [getattr(action, "occurred_at") for action in drawn(300)]  # noqa: B009 every action has it
    assert moments == [START + 250 * number for number in range(300)]


def test_same_seed_same_actions() -> None:
    """A seed is all that a run depends on."""
    assert drawn(1_000) == drawn(1_000)
    assert drawn(1_000) != drawn(1_000, seed=2)


def test_opening_has_all_that_the_actions_name() -> None:
    """A rule, the gifts, and every product with its stock."""
    kinds = Counter(type(action) for action in opening(START))
    assert kinds == {
        RuleChanged: 1,
        GiftListed: GIFTS,
        ProductListed: PRODUCTS,
        StockReceived: PRODUCTS,
    }
