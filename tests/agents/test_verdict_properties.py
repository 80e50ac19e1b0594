"""What holds of verdicts whatever else happens: cleared they leave no trace, twice they do what once does.

Lives are long ones made of a seed: bought, spent, returned, suspected, judged and judged again.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.board_windows import BoardWindows
from agents.ledger import ACCOUNTS
from agents.points import POINTS
from agents.rankings import RANKINGS
from schemas.outcomes import (
    LEDGER,
    BalanceAdjusted,
    BonusReversed,
    LedgerOutcome,
    MemberHidden,
    MemberShown,
)
from schemas.record import Event, Outcome
from schemas.risk import AbuseKind, AlertEnd, Verdict
from schemas.rules import Activation, Expiry, PointsRule, ReturnPolicy
from tests.agents.points_told import (
    MEMBER,
    asked,
    at,
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
from tests.agents.test_points_properties import check, counted

Told = list[Event | Outcome]
SEEDS = range(40)
KINDS = (AbuseKind.PAYMENT, AbuseKind.ACCOUNT_TAKEOVER)


class Both:
    """A member's ledger and scores, heard in the order of a pass."""

    def __init__(self, *rules: PointsRule) -> None:
        self.points = life(*rules)
        tables = self.points.tables | {"board_windows": BoardWindows()}
        self.rankings = Life(RANKINGS, tables)

    def hear(self, *events: Event | Outcome) -> None:
        """Points first, then rankings what both were told and what points said."""
        for event in events:
            said = self.points.hear(event)
            for one in (event, *said):
                if type(one) in RANKINGS.listens_to:
                    self.rankings.hear(one)

    def totals(self) -> dict[str, int]:
        """All accounts."""
        return {name: getattr(self.points.state, name) for name in ACCOUNTS.values()}

    def scores(self) -> Any:
        """Boards as they are, but for how often a closed one was corrected."""
        state = self.rankings.state
        seasons = {name: msgspec.to_builtins(season) for name, season in state.seasons.items()}
        return state.points, state.reached_at, seasons, state.blocks.hide


def lifetime(seed: int, steps: int = 60) -> tuple[PointsRule, Told]:
    """A rule, and what happens to a member under it in some months."""
    random = Random(seed)
    content = rule(
        activation=random.choice([Activation.AT_ONCE, Activation.AFTER_RETURN_WINDOW]),
        expiry=random.choice([Expiry.NEVER, Expiry.FIXED, Expiry.INACTIVITY]),
        expiry_days=random.randrange(3, 60),
        return_policy=random.choice(list(ReturnPolicy)[1:]),
        hold_minutes=20_000,
    )
    day, orders, holds, events = 0.0, ["o0"], 0, Told()
    for number in range(steps):
        day += random.choice([0.01, 0.1, 0.5, 3])
        order, hold = random.choice(orders[-5:]), f"x{random.randrange(holds + 1)}"
        match random.choice("bbbrhhggcnveeedw"):
            case "b":
                orders.append(f"o{number + random.choice([0, 0, 0, 1])}")
                events.append(bought(3000, 4000, order=orders[-1], day=day))
            case "r":
                events.append(back((1, 1, 0, 1), order=order, day=day, id=f"r{order}"))
            case "h":
                holds += 1
                events.append(asked(f"x{holds}", random.choice(["mug", "vase"]), day=day))
            case "g":
                events.append(reserved(hold, day=day))
            case "c":
                events += [cancelled(hold, day=day), released(hold, day=day)]
            case "n":
                events.append(not_there(hold, day=day))
            case "v":
                events.append(_verdict(random, order, day))
            case "e":
                events.append(_end(random, order, holds, day))
            case "d":
                events.append(disputed(day, order=order, id=f"d-{order}"))
            case _:
                events.append(resolved(day, order=order, id=f"d-{order}"))
    return content, _once(events)


def _verdict(random: Random, order: str, day: float) -> Outcome:
    kind, verdict = random.choice(KINDS), random.choice([Verdict.HOLD, Verdict.BLOCK])
    return scored(verdict, order=order, day=day, subject=f"{kind}-{order}", kind=kind)


def _end(random: Random, order: str, holds: int, day: float) -> Outcome:
    kind = random.choice(KINDS)
    return closed(
        random.choice([AlertEnd.CONFIRMED, AlertEnd.CLEARED, AlertEnd.EXPIRED]),
        day=day,
        orders=[order],
        subjects=[f"{kind}-{order}"],
        redemptions=[f"x{n}" for n in range(1, holds + 1)],
        alert=f"alert-{order}" if kind is AbuseKind.PAYMENT else "takeover",
        kind=kind,
        verdict=Verdict.BLOCK,
    )


def _once(events: Told) -> Told:
    """An order is placed once and a return taken once, as `orders` sees to it; none before its order."""
    seen: set[str] = set()
    kept = Told()
    for event in events:
        name, order = event.event_id, getattr(event, "order_id", None)
        early = name.startswith("back-") and f"placed-{order}" not in seen
        if not early and not (name in seen and name.startswith(("back-", "placed-"))):
            kept.append(event)
            seen.add(name)
    return kept


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_appears_or_vanishes(seed: int) -> None:
    """Zero over all accounts after each word, lots as much as accounts, scores as much as free orders."""
    content, events = lifetime(seed)
    both, posted = Both(content), Counter[str]()
    for event in events:
        before = len(both.points.said)
        both.hear(event)
        for entry in both.points.said[before:]:
            for posting in getattr(entry, "postings", ()):
                posted[ACCOUNTS[posting.source]] -= posting.points
                posted[ACCOUNTS[posting.destination]] += posting.points
        check(both.points.state, {name: posted[name] for name in ACCOUNTS.values()})
        assert both.rankings.state.points == counted(both.points.state)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_word_heard_twice_does_what_once_does(seed: int) -> None:
    """Verdicts, ends of alerts and disputes are known by their own names."""
    content, events = lifetime(seed)
    once, twice = Both(content), Both(content)
    for event in events:
        once.hear(event)
        twice.hear(*([event] * (2 if type(event).__module__ == "schemas.risk" else 1)))
    assert twice.totals() == once.totals()
    assert twice.scores() == once.scores()
    assert twice.points.said == once.points.said


def test_lives_are_worth_their_name() -> None:
    """All that the ledger can say is said in some of them."""
    said: set[type] = set()
    for seed in SEEDS:
        content, events = lifetime(seed)
        both = Both(content)
        both.hear(*events)
        said |= {type(one) for one in [*both.points.said, *both.rankings.said]}
    assert set(LEDGER) - said == {BalanceAdjusted, BonusReversed}
    assert {MemberHidden, MemberShown} <= said


# ---- cleared: no trace -----------------------------------------------------------------------------

LINES = [(1, 1, 0, 1)]


@st.composite
def purchases(draw: st.DrawFn) -> Told:
    """Orders and returns of some of them, in the order of time; nothing is spent."""
    events, day = Told(), 0.0
    for number in range(draw(st.integers(1, 6))):
        day += draw(st.sampled_from([0.5, 2, 9]))
        amounts = draw(st.lists(st.integers(100, 9_999), min_size=1, max_size=3))
        events.append(bought(*amounts, order=f"o{number}", day=day))
        if draw(st.booleans()):
            gone = draw(st.integers(0, number))
            events.append(back(*LINES, order=f"o{gone}", day=day + 0.1, id=f"o{gone}"))
    return _once(events)


ACTIVATIONS = st.sampled_from([Activation.AT_ONCE, Activation.AFTER_RETURN_WINDOW])
ENDED = st.sampled_from([AlertEnd.CLEARED, AlertEnd.EXPIRED])


@given(
    ACTIVATIONS,
    purchases(),
    st.integers(0, 5),
    st.floats(0, 20),
    st.floats(0.1, 10),
    ENDED,
    st.booleans(),
)
def test_a_verdict_that_is_cleared_leaves_no_trace(
    activation: Activation,
    events: Told,
    number: int,
    day: float,
    days: float,
    end: AlertEnd,
    confirmed: bool,
) -> None:
    """Before its purchase or after, around returns, confirmed meanwhile or not: points, places and ties."""
    order = f"o{number}"
    words: Told = [
        scored(Verdict.BLOCK, order=order, day=day),
        closed(end, orders=[order], day=day + days, verdict=Verdict.BLOCK),
    ]
    if confirmed:
        words.insert(1, closed(AlertEnd.CONFIRMED, orders=[order], day=day, verdict=Verdict.BLOCK))
    content = rule(activation=activation)
    plain, suspected = Both(content), Both(content)
    plain.hear(*events)
    suspected.hear(*sorted([*events, *words], key=lambda event: event.occurred_at))  # type: ignore[union-attr]  # all declare it
    for both in (plain, suspected):
        both.points.wait(MEMBER, at(200))
    assert suspected.totals() == plain.totals()
    assert suspected.scores() == plain.scores()
    assert [type(one) for one in suspected.rankings.said if not hasattr(one, "scores")] == [
        MemberHidden,
        MemberShown,
    ]


@given(ACTIVATIONS, purchases(), st.integers(0, 5), st.floats(0, 20), st.booleans())
def test_confirmed_it_is_as_if_the_order_had_not_been(
    activation: Activation, events: Told, number: int, day: float, withheld: bool
) -> None:
    """Nothing spent: what is left is what the other orders earned, whatever came first."""
    order = f"o{number}"
    words: Told = [closed(AlertEnd.CONFIRMED, orders=[order], day=day + 1)]
    if withheld:
        words.insert(0, scored(order=order, day=day))
    content = rule(activation=activation)
    others, judged = Both(content), Both(content)
    others.hear(*[event for event in events if getattr(event, "order_id", None) != order])
    judged.hear(*sorted([*events, *words], key=lambda event: event.occurred_at))  # type: ignore[union-attr]  # all declare it
    for both in (others, judged):
        both.points.wait(MEMBER, at(200))
    assert judged.totals() == others.totals()
    assert judged.scores()[0] == others.scores()[0]


@given(ACTIVATIONS, st.floats(0.2, 20), st.floats(0, 20), st.permutations(["bought", "scored"]))
def test_verdict_and_purchase_in_any_order(
    activation: Activation, day: float, later: float, order: list[str]
) -> None:
    """Whichever is heard first, the points are withheld, and no board counts them."""
    both = Both(rule(activation=activation, expiry=Expiry.FIXED, expiry_days=1))
    words = {"bought": bought(1000, day=0.1), "scored": scored(day=0.1)}
    both.hear(*[words[name] for name in order])
    both.points.wait(MEMBER, at(day))
    assert both.totals() | {"withheld": 10, "issued": -10} == both.totals()
    assert both.rankings.state.points == 0
    entries = [one for one in both.points.said if isinstance(one, LedgerOutcome)]
    assert sum(entries[-1].balances.__getattribute__(name) for name in ACCOUNTS.values()) == 0
    both.hear(closed(AlertEnd.CLEARED, day=day + later))
    assert both.rankings.state.points == 10
    assert both.points.state.pending + both.points.state.active == 10


def test_the_agents_listen_to_what_lives_are_made_of() -> None:
    """What is told to one alone would show nothing of the other."""
    assert {type(scored()), type(closed(AlertEnd.CLEARED))} <= (
        POINTS.listens_to & RANKINGS.listens_to
    )
