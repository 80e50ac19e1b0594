"""A dry run under the rules that held gives the figures of the real run; under others, what they make."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import msgspec
import pytest

from evaluation.cost import Cost
from evaluation.dry_run import run
from replay.shop import DAY
from replay.steps import Tick, steps
from replay.year import Year
from schemas.actions import PurchaseLine, PurchaseMade, PurchaseReturned, ReturnLine, RuleChanged
from schemas.outcomes import (
    Balances,
    LedgerOutcome,
    OrderPlaced,
    PointsCapped,
    PointsEarned,
    PointsPending,
    PointsReversed,
    RewardRedeemed,
)
from schemas.record import Event
from schemas.rules import Activation, CategoryRate, EarnRate, Expiry, PointsRule
from schemas.tiers import TierRuleChanged
from streams.simulate import Simulation
from streams.topology import topology

ORDERS = 250
START = 1_323_432_000_000


@cache
def year() -> tuple[list[Event], int, int]:
    """The first orders of the real year with all that belongs to them, and when they begin and end."""
    read = Year.read(ORDERS)
    actions = list(read.actions())
    return actions, actions[0].occurred_at // DAY * DAY, read.ends_at  # type: ignore[attr-defined]


@cache
def real_run() -> Simulation:
    """The whole topology over it, as a worker would run it."""
    actions, starts_at, ends_at = year()
    simulation = Simulation(topology(3))
    for step in steps(actions, starts_at, ends_at):
        if isinstance(step, Tick):
            simulation.drain()
            simulation.tick(step.at)
            simulation.drain()
        else:
            simulation.emit(step)
    return simulation


def summed() -> dict[str, int]:
    """The figures of the real run, from its outcomes alone."""
    count: Counter[str] = Counter()
    balances: dict[str, Balances] = {}
    for said in real_run().outcomes():
        if isinstance(said, LedgerOutcome):
            balances[said.member_id] = said.balances
        match said:
            case OrderPlaced():
                count["orders"] += 1
            case PointsPending() | PointsEarned(counts_at=int()):
                count["issued"] += said.points
            case PointsReversed():
                count["reversed"] += said.points
            case PointsCapped():
                count["capped"] += said.earned - said.granted
            case RewardRedeemed():
                count["redemptions"] += 1
    for name in ("pending", "active", "held", "debt", "redeemed", "expired"):
        count[name] = sum(getattr(of_member, name) for of_member in balances.values())
    count["members"] = len(balances)
    return dict(count)


def test_the_same_rules_give_the_figures_of_the_real_run() -> None:
    """Orders, points granted, capped, taken back, redeemed, and where all of them are in the end."""
    actions, _, ends_at = year()
    rules = [action for action in actions if isinstance(action, RuleChanged)]
    cost = run(actions, rules, until=ends_at)
    real = summed()
    assert {name: getattr(cost, name) for name in real} == real
    assert min(real["orders"], real["issued"], real["redemptions"], real["active"]) > 0
    assert cost.dead_letters == 0


def test_without_redemptions_what_was_granted_is_the_same() -> None:
    """Nobody spends; what purchases and returns come to does not depend on it."""
    actions, _, ends_at = year()
    rules = [action for action in actions if isinstance(action, RuleChanged)]
    cost, whole = run(actions, rules, redemptions=False, until=ends_at), summed()
    assert (cost.redeemed, cost.held, cost.redemptions) == (0, 0, 0)
    for name in ("orders", "issued", "capped", "reversed"):
        assert getattr(cost, name) == whole.get(name, 0)


def adds_up(cost: Cost) -> None:
    """Every point granted is somewhere, and the parts are the whole."""
    granted = cost.issued - cost.reversed + cost.uncollected - cost.forfeited + cost.adjusted
    assert granted == cost.outstanding + cost.redeemed + cost.expired
    assert sum(cost.by_category.values()) == cost.issued
    assert sum(month.issued for month in cost.by_month.values()) == cost.issued
    assert sum(month.reversed for month in cost.by_month.values()) == cost.reversed
    assert msgspec.json.decode(msgspec.json.encode(cost), type=Cost) == cost


def test_twice_the_points_cost_twice() -> None:
    """Where no cap bites, no tier is reached and nothing is rounded, a rule that gives double does so."""
    actions, _, ends_at = year()
    actions = [action for action in actions if not isinstance(action, TierRuleChanged)]
    one, two = (
        run(actions, rule(points=points), redemptions=False, until=ends_at) for points in (100, 200)
    )
    assert (two.issued, two.reversed) == (2 * one.issued, 2 * one.reversed)
    assert two.by_category == {name: 2 * points for name, points in one.by_category.items()}
    adds_up(one)
    adds_up(two)


def rule(points: int = 1, **fields: Any) -> PointsRule:
    return PointsRule(
        earn_rates=[EarnRate(currency="GBP", points=points, per_minor=100)],
        activation=Activation.AT_ONCE,
        worth_points=4,
        worth_minor=1,
        zone="Europe/London",
        **fields,
    )


def bought(order: str, amounts: dict[str, int], at: int, currency: str = "GBP") -> PurchaseMade:
    lines = [
        PurchaseLine(
            line_number=number, product_id="p", quantity=1, amount_minor=amount, category=category
        )
        for number, (category, amount) in enumerate(amounts.items(), start=1)
    ]
    return PurchaseMade(
        event_id=f"buy-{order}",
        member_id="m",
        occurred_at=at,
        order_id=order,
        currency=currency,
        lines=lines,
    )


def returned(order: str, line: int, at: int) -> PurchaseReturned:
    return PurchaseReturned(
        event_id=f"return-{order}-{line}",
        member_id="m",
        occurred_at=at,
        return_id=f"return-{order}-{line}",
        order_id=order,
        lines=[ReturnLine(product_id="p", quantity=1, line_number=line)],
    )


LAMPS = bought("o1", {"lamps": 20_00, "tea": 10_00}, START)
DEAR = bought("o2", {"lamps": 900_00}, START + 30 * DAY)
ROWS: list[tuple[str, list[Event], PointsRule, dict[str, Any]]] = [
    (
        "an order",
        [LAMPS],
        rule(),
        {"orders": 1, "issued": 30, "active": 30, "outstanding_minor": 7, "currency": "GBP"},
    ),
    ("by category", [LAMPS], rule(), {"by_category": {"lamps": 20, "tea": 10}}),
    (
        "a category earns double",
        [LAMPS],
        rule(category_rates=[CategoryRate(category="tea", percent=200)]),
        {"issued": 40, "by_category": {"lamps": 20, "tea": 20}},
    ),
    (
        "a return",
        [LAMPS, returned("o1", 2, START + DAY)],
        rule(),
        {"issued": 30, "reversed": 10, "active": 20},
    ),
    (
        "a cap",
        [LAMPS, DEAR],
        rule(cap_per_order=100),
        {"issued": 130, "capped": 800, "active": 130},
    ),
    (
        "expiry",
        [LAMPS, DEAR],
        rule(expiry=Expiry.FIXED, expiry_days=10),
        {"issued": 930, "expired": 30, "active": 900},
    ),
    (
        "another currency",
        [bought("o3", {"tea": 10_00}, START, "CHF")],
        rule(),
        {"orders": 1, "issued": 0, "refused": {"EarningRefused NO_RATE_FOR_CURRENCY": 1}},
    ),
]


@pytest.mark.parametrize(
    ("events", "tried", "figures"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_what_a_rule_costs(events: list[Event], tried: PointsRule, figures: dict[str, Any]) -> None:
    """Small stretches whose figures anybody can check by head."""
    cost = run(events, tried)
    assert {name: getattr(cost, name) for name in figures} == figures
    adds_up(cost)


def test_months_are_those_of_the_purchase() -> None:
    """A return in January lowers the December in which the points were granted."""
    january = START + 30 * DAY
    cost = run([LAMPS, returned("o1", 2, january), DEAR], rule())
    found = {name: msgspec.structs.astuple(month) for name, month in cost.by_month.items()}
    assert found == {"2011-12": (1, 30, 10), "2012-01": (1, 900, 0)}


def test_a_rule_that_cannot_be_is_refused() -> None:
    """With its reasons, before anything is counted on it; so is a run over nothing."""
    nowhere = msgspec.structs.replace(rule(), zone="Nowhere/At_All")
    with pytest.raises(ValueError, match="refused"):
        run([LAMPS], nowhere)
    with pytest.raises(ValueError, match="at least one"):
        run([], rule())
