"""Whatever way an order comes back: never more than was bought, and all parts are the whole."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.orders import ORDERS
from schemas.outcomes import ProductReturned, ReturnAccepted, ReturnRefused
from tests.agents.orders_told import arrived, back, bought, short
from tests.agents.rows import Life

PRODUCTS = st.sampled_from(["lamp", "tea", "cup"])
LINES = st.lists(
    st.tuples(PRODUCTS, st.integers(1, 7), st.integers(0, 1_000)), min_size=1, max_size=5
)
BACK_LINES = st.lists(
    st.tuples(PRODUCTS, st.integers(1, 4), st.none() | st.integers(1, 6), st.booleans()),
    min_size=1,
    max_size=3,
)


@given(LINES, st.lists(BACK_LINES, max_size=12))
def test_never_more_than_was_bought(lines: list[Any], returns: list[list[Any]]) -> None:
    """Pieces and refunds of a line stay within it; products hear of the same pieces."""
    life = Life(ORDERS)
    life.hear(bought(*lines))
    life.hear(*(back(*some, id=f"r{n}") for n, some in enumerate(returns)))
    pieces, refunds = Counter[int](), Counter[int]()
    told = Counter[tuple[str, bool]]()
    for outcome in life.said:
        if isinstance(outcome, ReturnAccepted):
            for line in outcome.lines:
                assert line.returned_before == pieces[line.line_number]
                pieces[line.line_number] += line.quantity
                refunds[line.line_number] += line.amount_minor
                told[line.product_id, line.sellable] += line.quantity
        if isinstance(outcome, ProductReturned):
            told[outcome.product_id, outcome.sellable] -= outcome.quantity
    assert not any(told.values())
    for number, (_, quantity, amount) in enumerate(lines, start=1):
        assert pieces[number] <= quantity
        assert refunds[number] == amount * pieces[number] // quantity


@given(LINES, st.randoms(use_true_random=False))
def test_any_split_adds_up_to_the_whole(lines: list[Any], random: Any) -> None:
    """Piece by piece, in any order and any grouping, with or without line numbers: the whole amount."""
    singles = [
        (product, 1, random.choice([None, number]))
        for number, (product, quantity, _) in enumerate(lines, start=1)
        for _ in range(quantity)
    ]
    singles.sort(key=lambda line: line[2] is None)  # what names its line cannot be taken by others
    numbered = sum(line[2] is not None for line in singles)
    for part in (singles[:numbered], singles[numbered:]):
        random.shuffle(part)
    ordered = singles[:numbered] + singles[numbered:]
    life, at, groups = Life(ORDERS), 0, 0
    life.hear(bought(*lines))
    while at < len(ordered):
        step = random.randrange(1, 6)
        life.hear(back(*ordered[at : at + step], id=f"r{groups}"))
        at, groups = at + step, groups + 1
    assert not [one for one in life.said if isinstance(one, ReturnRefused)]
    refunds = [one.refund_minor for one in life.said if isinstance(one, ReturnAccepted)]
    assert sum(refunds) == sum(amount for _, _, amount in lines)
    assert sum(one.endswith("o RETURNED") for one in short(life.said)) == 1


@given(LINES, BACK_LINES, BACK_LINES, st.lists(st.integers(0, 20), min_size=4, max_size=4))
def test_before_or_after_the_purchase_is_the_same(
    lines: list[Any], first: list[Any], second: list[Any], days: list[int]
) -> None:
    """What waited is said just as if the purchase had been heard first, whenever each of them was."""
    early, late = Life(ORDERS), Life(ORDERS)
    purchase, delivery = bought(*lines, day=days[0]), arrived(days[1])
    returns = [back(*first, id="r", day=days[2]), back(*second, id="s", day=days[3])]
    early.hear(delivery, *returns, purchase)
    late.hear(purchase, delivery, *returns)
    assert early.said[2:] == late.said
