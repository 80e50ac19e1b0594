"""What holds of the ledger whatever happens: nothing appears or vanishes, and parts make the whole."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agents.board_windows import BoardWindows
from agents.cases import Standing
from agents.earning import split
from agents.ledger import ACCOUNTS, OWN, Points
from agents.points import POINTS
from agents.rankings import RANKINGS
from agents.reversals import worth
from schemas.outcomes import LedgerOutcome, PointsReversed
from schemas.risk import AbuseKind, AlertEnd, Verdict
from schemas.rules import Activation, Expiry, PointsRule, ReturnPolicy
from streams.state import Family, holder
from tests.agents.points_told import (
    adjusted,
    arrived,
    asked,
    back,
    bought,
    cancelled,
    closed,
    disputed,
    life,
    not_there,
    released,
    reserved,
    resolved,
    rule,
    scored,
)
from tests.agents.rows import Life

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
    hold_minutes=st.sampled_from([30, 20_000]),
)
AMOUNTS = st.lists(st.integers(0, 9_999), min_size=1, max_size=4)


KINDS = st.sampled_from([AbuseKind.PAYMENT, AbuseKind.ACCOUNT_TAKEOVER])
VERDICTS = st.sampled_from([Verdict.REVIEW, Verdict.HOLD, Verdict.BLOCK])
ENDS = st.sampled_from([AlertEnd.CONFIRMED, AlertEnd.CLEARED, AlertEnd.EXPIRED])


@st.composite
def risks(draw: st.DrawFn, day: float, order: str, holds: int) -> Any:
    """A verdict on an order, the end of an alert about it and some redemptions, or a dispute of it."""
    kind = draw(KINDS)
    subject = f"{kind}-{order}"
    match draw(st.sampled_from("veeedw")):
        case "v":
            return scored(draw(VERDICTS), order=order, day=day, subject=subject, kind=kind)
        case "d":
            return disputed(day, order=order, id=f"d-{order}")
        case "w":
            return resolved(day, order=order, id=f"d-{order}")
    return closed(
        draw(ENDS),
        day=day,
        orders=[order],
        subjects=[subject],
        redemptions=[f"x{n + 1}" for n in range(holds)],
        alert=f"alert-{subject}",
        kind=kind,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Any]:
    """Up to 25 events of one member, in the order of time, with returns of what was bought."""
    day, events, orders, holds = 0.0, [], {}, 0
    names = ["o0", "o1"]
    for number in range(draw(st.integers(1, 25))):
        day += draw(st.sampled_from([0, 0.01, 0.01, 1, 7]))
        kind = draw(st.sampled_from("bbbrrahhcgggxvvvv"))
        if kind == "b":
            orders[f"o{number}"] = draw(AMOUNTS)
            names.append(f"o{number}")
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
        elif kind == "v":
            events.append(draw(risks(day, draw(st.sampled_from(names[-3:])), holds)))
        elif holds:
            answer = draw(st.sampled_from([cancelled, reserved, reserved, not_there, released]))
            events.append(answer(f"x{draw(st.integers(1, holds))}", day=day))
    return events


@given(st.lists(RULES, min_size=1, max_size=2), histories())
def test_nothing_appears_or_vanishes(rules: list[PointsRule], events: list[Any]) -> None:
    """Zero over all accounts, none of the member's own below it, lots as much as accounts and scores."""
    lived, score = (
        life(*rules),
        Life(RANKINGS, life(*rules).tables | {"board_windows": BoardWindows()}),
    )
    posted = dict.fromkeys(ACCOUNTS.values(), 0)
    for event in events:
        for outcome in lived.hear(event):
            if isinstance(outcome, LedgerOutcome):
                for posting in outcome.postings:
                    posted[ACCOUNTS[posting.source]] -= posting.points
                    posted[ACCOUNTS[posting.destination]] += posting.points
            if type(outcome) in RANKINGS.listens_to:
                score.hear(outcome)
        check(lived.state, posted)
        assert score.state.points == counted(lived.state)


def counted(state: Points) -> int:
    """What orders earned that no verdict stops, less what came back."""
    free = [lots for lots in state.lots.values() if lots.standing is Standing.FREE]
    return sum(parcel.net for lots in free for parcel in lots.parcels)


def check(state: Points, posted: dict[str, int]) -> None:
    assert {name: getattr(state, name) for name in posted} == posted
    assert sum(posted.values()) == 0
    for name in OWN.values():
        in_lots = sum(getattr(p, name) for lots in state.lots.values() for p in lots.parcels)
        assert in_lots == posted[name] >= 0
    assert not (state.debt and state.active), "who owes has nothing to spend"
    for lots in state.lots.values():
        for parcel in lots.parcels:
            assert not (parcel.withheld and lots.standing is not Standing.WITHHELD)
            assert not (parcel.forfeited and lots.standing is not Standing.FORFEITED)
            assert 0 <= parcel.withheld + parcel.forfeited <= max(0, parcel.net)
            assert 0 <= parcel.returned <= max(0, sum(parcel.shares))
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
