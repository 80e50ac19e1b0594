"""What holds of the ledger whatever happens: nothing appears or vanishes, and parts make the whole."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agents.earning import split
from agents.ledger import ACCOUNTS, OWN, Points
from agents.points import POINTS
from agents.reversals import worth
from schemas.outcomes import LedgerOutcome, PointsReversed
from schemas.rules import Activation, Expiry, PointsRule, ReturnPolicy
from streams.state import Family, holder
from tests.agents.points_told import (
    adjusted,
    arrived,
    asked,
    back,
    bought,
    cancelled,
    life,
    not_there,
    released,
    reserved,
    rule,
)

FAMILY = Family(b"", b"", b"")
CODEC = holder(POINTS, FAMILY).codec
RULES = st.builds(
    rule,
    activation=st.sampled_from([Activation.AT_ONCE, Activation.AFTER_RETURN_WINDOW]),
    expiry=st.sampled_from([Expiry.NEVER, Expiry.FIXED, Expiry.CALENDAR, Expiry.INACTIVITY]),
    expiry_days=st.integers(1, 40),
    return_policy=st.sampled_from(
        [ReturnPolicy.PENDING_ONLY, ReturnPolicy.WITHIN_BALANCE, ReturnPolicy.DEBT]
    ),
    cap_per_day=st.sampled_from([None, 40]),
    cap_per_member=st.sampled_from([None, 150]),
)
AMOUNTS = st.lists(st.integers(0, 9_999), min_size=1, max_size=4)


@st.composite
def histories(draw: st.DrawFn) -> list[Any]:
    """Up to 25 events of one member, in the order of time, with returns of what was bought."""
    day, events, orders, holds = 0.0, [], {}, 0
    for number in range(draw(st.integers(1, 25))):
        day += draw(st.sampled_from([0, 0.01, 1, 7]))
        kind = draw(st.sampled_from("bbbrraahcgx"))
        if kind == "b":
            orders[f"o{number}"] = draw(AMOUNTS)
            events.append(bought(*orders[f"o{number}"], order=f"o{number}", day=day))
        elif kind == "r" and orders:
            order = draw(st.sampled_from(sorted(orders)))
            lines = [(n, 1, 0, 1) for n in range(1, len(orders.pop(order)) + 1)]
            events.append(back(*lines, order=order, day=day, id=f"b{number}"))
        elif kind == "a" and orders:
            events.append(arrived(day, draw(st.sampled_from(sorted(orders)))))
        elif kind == "h":
            holds += 1
            events.append(asked(f"x{holds}", draw(st.sampled_from(["mug", "vase"])), day=day))
        elif kind == "x":
            events.append(adjusted(draw(st.integers(-50, 50)), day=day))
        elif holds:
            answer = draw(st.sampled_from([cancelled, reserved, not_there, released]))
            events.append(answer(f"x{draw(st.integers(1, holds))}", day=day))
    return events


@given(st.lists(RULES, min_size=1, max_size=2), histories())
def test_nothing_appears_or_vanishes(rules: list[PointsRule], events: list[Any]) -> None:
    """Zero over all accounts, none of the member's own below it, lots as much as accounts."""
    lived = life(*rules)
    posted = dict.fromkeys(ACCOUNTS.values(), 0)
    for event in events:
        for outcome in lived.hear(event):
            if isinstance(outcome, LedgerOutcome):
                for posting in outcome.postings:
                    posted[ACCOUNTS[posting.source]] -= posting.points
                    posted[ACCOUNTS[posting.destination]] += posting.points
        check(lived.state, posted)


def check(state: Points, posted: dict[str, int]) -> None:
    assert {name: getattr(state, name) for name in posted} == posted
    assert sum(posted.values()) == 0
    for name in OWN.values():
        in_lots = sum(getattr(p, name) for lots in state.lots.values() for p in lots.parcels)
        assert in_lots == posted[name] >= 0
    assert not (state.debt and state.active), "who owes has nothing to spend"
    opened = [hold for hold in state.holds.values() if hold.ended_at is None]
    assert sum(part.points for hold in opened for part in hold.parts) == state.held
    assert state.open_holds == sum(hold.ended_at is None for hold in state.holds.values())


@given(RULES, histories())
def test_a_state_that_was_stored_goes_on_the_same(rule: PointsRule, events: list[Any]) -> None:
    """Encoded and decoded at any point, the small record gives the same words."""
    kept, stored = life(rule), life(rule)
    for event in events:
        lots, holds = stored.state.lots, stored.state.holds
        stored.state = CODEC.decode(CODEC.encode(stored.state))
        stored.state.lots, stored.state.holds = lots, holds
        assert stored.hear(event) == kept.hear(event)


@given(
    st.lists(st.integers(0, 99_999), min_size=1, max_size=6),
    st.lists(st.integers(1, 4), min_size=6, max_size=6),
    st.randoms(use_true_random=False),
    st.sampled_from([None, 7, 100]),
)
def test_partial_returns_together_take_the_whole(
    amounts: list[int], pieces: list[int], random: Any, cap: int | None
) -> None:
    """Piece by piece, in any order of the lines, a return takes what was granted, to the point."""
    lived = life(rule(cap_per_order=cap))
    lived.hear(bought(*amounts))
    granted = lived.state.pending
    order = [n for n in range(len(amounts)) for _ in range(pieces[n])]
    random.shuffle(order)
    before = [0] * len(amounts)
    taken = 0
    for number, n in enumerate(order):
        said = lived.hear(back((n + 1, 1, before[n], pieces[n]), id=f"b{number}"))
        taken += sum(one.points for one in said if isinstance(one, PointsReversed))
        before[n] += 1
    assert taken == granted
    assert lived.state.pending == 0
    assert lived.state.issued == 0


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**12), min_size=1, max_size=50))
def test_shares_add_up(points: int, weights: list[int]) -> None:
    """The parts of a grant are its whole, and no line without weight has any."""
    if sum(weights) == 0:
        return
    shares = split(points, weights)
    assert sum(shares) == points
    assert all(share >= 0 for share in shares)
    assert all(not share for share, weight in zip(shares, weights, strict=True) if not weight)


def test_worth_names_lines_by_number() -> None:
    """An order whose lines are not numbered from one."""
    lived = life(rule())
    lived.hear(bought(1000, 2000))
    parcel = lived.state.lots["order:o"].parcels[0]
    other = structs.replace(parcel, numbers=(7, 9))
    assert worth(other, back((1, 1, 0, 1)).lines[:0]) == 0
    lines = back((9, 1, 0, 1)).lines
    assert worth(other, lines) == 20
