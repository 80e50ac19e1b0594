"""The tier of a member: rows, and properties over any order of purchases and returns."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from agents.rules import RULES
from agents.tiers.rules import TIER_RULES
from agents.tiers.standing import TIERS
from schemas.actions import PurchaseLine, RuleChanged
from schemas.outcomes import OrderPlaced, ReturnAccepted, ReturnedLine
from schemas.record import Event, Outcome
from schemas.risk import (
    AbuseKind,
    AlertClosed,
    AlertEnd,
    Contest,
    FraudScored,
    PaymentContested,
    Verdict,
)
from schemas.rules import CategoryRate, PointsRule
from schemas.tiers import (
    Downgrade,
    Period,
    Tier,
    TierChanged,
    TierProgressed,
    TierRule,
    TierRuleAccepted,
    TierRuleChanged,
    TierRuleRefused,
)
from tests.agents.points_told import DAY, GBP, MEMBER, START, at
from tests.agents.rows import Life, ids, table_of

# START is 2010-12-01; days of the first of the months that follow.
JANUARY, FEBRUARY, APRIL, NEXT_YEAR = 31, 62, 121, 396
BRONZE = Tier(tier="bronze", threshold_points=0)
SILVER = Tier(tier="silver", threshold_points=100, earn_percent=125)
GOLD = Tier(tier="gold", threshold_points=300, earn_percent=150)
YEARLY = TierRule(tiers=[BRONZE, SILVER, GOLD], zone="Europe/London")
MONTHLY = structs.replace(YEARLY, period=Period.MONTH, periods=3)
DOUBLED = [CategoryRate(category="lamps", percent=200)]


def change(rule: TierRule, version: int = 1, day: float = 0, **changed: Any) -> TierRuleChanged:
    """A version of the programme, by default in force from when it is told."""
    fields = {"occurred_at": at(day), "effective_at": at(day), "changed_by": "o"} | changed
    return TierRuleChanged(event_id=f"v{version}", version=version, rule=rule, **fields)


def member(*rules: TierRule | TierRuleChanged, points: PointsRule | None = None) -> Life:
    """A member under these versions, and a point for each pound."""
    changed = [
        one if isinstance(one, TierRuleChanged) else change(one, number)
        for number, one in enumerate(rules, start=1)
    ]
    earning = RuleChanged(
        event_id="r",
        rule_id="standard",
        occurred_at=0,
        version=1,
        effective_at=0,
        changed_by="o",
        rule=points or PointsRule(earn_rates=[GBP], category_rates=DOUBLED),
    )
    return Life(
        TIERS,
        {"tier-rules": table_of(TIER_RULES, changed), "rules": table_of(RULES, [earning])},
    )


def bought(order: str, day: float, *pounds: int, category: str = "") -> OrderPlaced:
    lines = [
        PurchaseLine(
            line_number=number,
            product_id="p",
            quantity=2,
            amount_minor=100 * paid,
            category=category,
        )
        for number, paid in enumerate(pounds, start=1)
    ]
    return OrderPlaced(
        event_id=f"o-{order}",
        member_id=MEMBER,
        occurred_at=at(day),
        order_id=order,
        currency="GBP",
        lines=lines,
        total_minor=sum(line.amount_minor for line in lines),
    )


def back(order: str, day: float, pounds: float, line: int = 1) -> ReturnAccepted:
    returned = ReturnedLine(
        line_number=line,
        product_id="p",
        quantity=1,
        returned_before=0,
        bought=2,
        amount_minor=int(100 * pounds),
    )
    return ReturnAccepted(
        event_id=f"r-{order}-{day}-{line}",
        member_id=MEMBER,
        occurred_at=at(day),
        return_id=f"{order}-{day}-{line}",
        order_id=order,
        lines=[returned],
        refund_minor=int(100 * pounds),
    )


def stopped(order: str, day: float) -> FraudScored:
    return FraudScored(
        event_id=f"s-{order}",
        member_id=MEMBER,
        occurred_at=at(day),
        kind=AbuseKind.PAYMENT,
        subject_id=f"pay-{order}",
        order_id=order,
        score=900,
        verdict=Verdict.HOLD,
        reasons=[],
    )


def ended(order: str, day: float, end: AlertEnd) -> AlertClosed:
    return AlertClosed(
        event_id=f"c-{order}-{day}",
        member_id=MEMBER,
        occurred_at=at(day),
        alert_id="a",
        kind=AbuseKind.PAYMENT,
        score=900,
        verdict=Verdict.HOLD,
        count=1,
        first_seen_at=at(0),
        last_seen_at=at(0),
        summary="",
        end=end,
        subject_ids=[f"pay-{order}"],
        order_ids=[order],
    )


def contested(order: str, day: float, contest: Contest) -> PaymentContested:
    return PaymentContested(
        event_id=f"p-{order}-{day}",
        member_id=MEMBER,
        occurred_at=at(day),
        payment_id=f"pay-{order}",
        order_id=order,
        contest=contest,
        dispute_id="d",
    )


def short(outcome: Outcome) -> str:
    assert isinstance(outcome, TierChanged | TierProgressed)
    day = (outcome.occurred_at - START) // DAY
    if isinstance(outcome, TierProgressed):
        return f"{day} {outcome.tier} {outcome.qualifying_points}"
    return f"{day} {outcome.from_tier}>{outcome.tier} {outcome.reason} {outcome.qualifying_points}"


JOINS = "0 None>bronze JOINED 0"
ROWS: list[
    tuple[str, list[TierRule | TierRuleChanged], list[Event | Outcome], float, list[str]]
] = [
    ("joins", [YEARLY], [bought("a", 0, 0)], 0, [JOINS]),
    ("progress", [YEARLY], [bought("a", 0, 99)], 0, [JOINS, "0 bronze 99"]),
    ("up at once", [YEARLY], [bought("a", 0, 100)], 0, [JOINS, "0 bronze>silver QUALIFIED 100"]),
    (
        "two steps at once",
        [YEARLY],
        [bought("a", 0, 300)],
        0,
        [JOINS, "0 bronze>gold QUALIFIED 300"],
    ),
    (
        "by category",
        [YEARLY],
        [bought("a", 0, 50, category="lamps")],
        0,
        [JOINS, "0 bronze>silver QUALIFIED 100"],
    ),
    (
        "a return undoes the upgrade that it bought",
        [YEARLY],
        [bought("a", 0, 60, 60), back("a", 3, 30)],
        3,
        [JOINS, "0 bronze>silver QUALIFIED 120", "3 silver>bronze RETURNED 90"],
    ),
    (
        "a return that leaves enough does not",
        [YEARLY],
        [bought("a", 0, 60, 60), back("a", 3, 20)],
        3,
        [JOINS, "0 bronze>silver QUALIFIED 120", "3 silver 100"],
    ),
    (
        "a return of an order that nobody knows",
        [YEARLY],
        [back("a", 0, 20)],
        3,
        [JOINS],
    ),
    (
        "kept over the end of the year in which it was reached, then down one step a year",
        [YEARLY],
        [bought("a", 1, 300)],
        NEXT_YEAR + 366,
        [
            "1 None>bronze JOINED 0",
            "1 bronze>gold QUALIFIED 300",
            f"{JANUARY} gold 0",
            f"{NEXT_YEAR} gold>silver PERIOD_ENDED 0",
            f"{NEXT_YEAR + 366} silver>bronze PERIOD_ENDED 0",
        ],
    ),
    (
        "all the way down",
        [structs.replace(YEARLY, downgrade=Downgrade.TO_QUALIFIED)],
        [bought("a", 1, 300)],
        NEXT_YEAR,
        [
            "1 None>bronze JOINED 0",
            "1 bronze>gold QUALIFIED 300",
            f"{JANUARY} gold 0",
            f"{NEXT_YEAR} gold>bronze PERIOD_ENDED 0",
        ],
    ),
    (
        "never down",
        [structs.replace(YEARLY, downgrade=Downgrade.NEVER)],
        [bought("a", 1, 300)],
        NEXT_YEAR,
        [
            "1 None>bronze JOINED 0",
            "1 bronze>gold QUALIFIED 300",
            f"{JANUARY} gold 0",
            f"{NEXT_YEAR} gold 0",
        ],
    ),
    (
        "a return of last year's purchase undoes what it kept",
        [YEARLY],
        [bought("a", 1, 120), back("a", JANUARY + 5, 60)],
        JANUARY + 5,
        [
            "1 None>bronze JOINED 0",
            "1 bronze>silver QUALIFIED 120",
            f"{JANUARY} silver 0",
            f"{JANUARY + 5} silver>bronze RETURNED 0",
        ],
    ),
    (
        "a purchase of last year that is told late brings what it would have brought",
        [YEARLY],
        [bought("a", 1, 60), bought("b", JANUARY + 5, 1), bought("c", 2, 60)],
        JANUARY + 5,
        [
            "1 None>bronze JOINED 0",
            "1 bronze 60",
            f"{JANUARY} bronze 0",
            f"{JANUARY + 5} bronze 1",
            "2 bronze>silver QUALIFIED 1",
        ],
    ),
    (
        "months roll: three count, reviewed at the end of each",
        [MONTHLY],
        [bought("a", 1, 60), bought("b", JANUARY + 1, 60)],
        APRIL,
        [
            "1 None>bronze JOINED 0",
            "1 bronze 60",
            f"{JANUARY} bronze 60",
            f"{JANUARY + 1} bronze>silver QUALIFIED 120",
            f"{FEBRUARY} silver 120",
            f"{FEBRUARY + 28} silver 60",
            f"{APRIL - 1} silver>bronze PERIOD_ENDED 0",  # an hour before midnight UTC: London has summer,
        ],
    ),
    (
        "what a verdict stops does not count until it is released",
        [YEARLY],
        [stopped("a", 0), bought("a", 0, 120), ended("a", 2, AlertEnd.CLEARED)],
        2,
        [JOINS, "2 bronze>silver QUALIFIED 120"],
    ),
    (
        "a verdict takes the upgrade, and a confirmed alert keeps it",
        [YEARLY],
        [bought("a", 0, 120), stopped("a", 1), ended("a", 2, AlertEnd.CONFIRMED)],
        40,
        [
            JOINS,
            "0 bronze>silver QUALIFIED 120",
            "1 silver>bronze STOPPED 0",
            f"{JANUARY} bronze 0",
        ],
    ),
    (
        "a payment that the bank took back takes the upgrade; disputed alone it does not",
        [YEARLY],
        [
            bought("a", 0, 120),
            contested("a", 1, Contest.DISPUTED),
            contested("a", 2, Contest.TAKEN_BACK),
        ],
        40,
        [
            JOINS,
            "0 bronze>silver QUALIFIED 120",
            "2 silver>bronze STOPPED 0",
            f"{JANUARY} bronze 0",
        ],
    ),
    (
        "a verdict that nobody ends lapses after 30 days",
        [YEARLY],
        [bought("a", 0, 120), stopped("a", 0)],
        30,
        [
            JOINS,
            "0 bronze>silver QUALIFIED 120",
            "0 silver>bronze STOPPED 0",
            "30 bronze>silver QUALIFIED 120",
        ],
    ),
    (
        "another version holds from the next period on",
        [
            YEARLY,
            change(
                structs.replace(
                    YEARLY, tiers=[BRONZE, structs.replace(SILVER, threshold_points=50)]
                ),
                version=2,
                day=2,
            ),
        ],
        [bought("a", 1, 60), bought("b", 3, 1), bought("c", JANUARY + 1, 51)],
        JANUARY + 1,
        [
            "1 None>bronze JOINED 0",
            "1 bronze 60",
            "3 bronze 61",
            f"{JANUARY} bronze 0",
            f"{JANUARY + 1} bronze>silver QUALIFIED 51",
        ],
    ),
    (
        "a tier that is gone: the one that its threshold reaches",
        [YEARLY, change(structs.replace(YEARLY, tiers=[BRONZE, SILVER]), version=2, day=2)],
        [bought("a", 1, 300)],
        JANUARY,
        [
            "1 None>bronze JOINED 0",
            "1 bronze>gold QUALIFIED 300",
            f"{JANUARY} gold>silver RULE_CHANGED 0",
        ],
    ),
    ("before the programme", [change(YEARLY, day=5)], [bought("a", 1, 300)], 9, []),
]


@pytest.mark.parametrize(("name", "rules", "events", "until", "expected"), ROWS, ids=ids(ROWS))
def test_rows(
    name: str,
    rules: list[TierRule | TierRuleChanged],
    events: list[Event | Outcome],
    until: float,
    expected: list[str],
) -> None:
    """A row: the programme, what is heard, until when, and what is said."""
    life = member(*rules)
    life.hear(*events)
    life.wait(MEMBER, at(until))
    assert [short(outcome) for outcome in life.said] == expected


def test_says_what_is_next() -> None:
    """The tier above, what it takes, when the tier is reviewed, and what a purchase earns from now on."""
    life = member(YEARLY)
    (_, said) = life.hear(bought("a", 0, 150))
    assert isinstance(said, TierChanged)
    assert (said.next_tier, said.next_threshold_points) == ("gold", 300)
    assert (said.review_at, said.earn_percent, said.rule_version) == (at(JANUARY), 125, 1)


REFUSED: list[tuple[str, TierRuleChanged, str]] = [
    ("past", change(YEARLY, effective_at=at(-1)), "what is past does not change"),
    ("number", change(YEARLY, version=2), "The next version of the programme is 1, not 2."),
    ("other programme", change(YEARLY, programme="other"), "There is one programme"),
    ("names", change(structs.replace(YEARLY, tiers=[BRONZE, BRONZE])), "Two tiers have one name."),
    ("first", change(structs.replace(YEARLY, tiers=[SILVER])), "its threshold is 0, not 100"),
    ("order", change(structs.replace(YEARLY, tiers=[BRONZE, GOLD, SILVER])), "rising order"),
    ("zone", change(structs.replace(YEARLY, zone="Mars/Base")), "There is no time zone 'Mars/Base'"),
    ("period", change(structs.replace(YEARLY, period=Period.UNKNOWN)), "period is a word"),
    ("downgrade", change(structs.replace(YEARLY, downgrade=Downgrade.UNKNOWN)), "downgrade is a"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changed", "reason"), REFUSED, ids=ids(REFUSED))
def test_a_programme_that_is_wrong_is_refused(
    name: str, changed: TierRuleChanged, reason: str
) -> None:
    """With a sentence that says what to do, and nothing is kept of it."""
    from agents import Place

    state = TIER_RULES.initial()
    (said,) = TIER_RULES.react(state, changed, Place(0, 2))
    assert isinstance(said, TierRuleRefused)
    assert any(reason in one for one in said.reasons)
    assert not state.versions
    assert tuple(TIER_RULES.react(state, changed, Place(1, 2))) == ()


def test_a_version_keeps_period_and_zone() -> None:
    """Points are counted by them: a second version may change anything else."""
    from agents import Place

    state = table_of(TIER_RULES, [change(YEARLY)])
    (said,) = TIER_RULES.react(state, change(MONTHLY, version=2), Place(0, 2))
    assert isinstance(said, TierRuleRefused)
    (said,) = TIER_RULES.react(
        state, change(structs.replace(YEARLY, tiers=[BRONZE]), version=2), Place(0, 2)
    )
    assert isinstance(said, TierRuleAccepted)


# ---- properties -------------------------------------------------------------------------------------

ORDERS = st.lists(
    st.tuples(
        st.integers(0, 58),  # day, over the end of a year and of two months
        st.integers(1, 200),  # pounds
        st.none() | st.tuples(st.integers(0, 30), st.integers(0, 100)),  # returned after, percent
    ),
    min_size=1,
    max_size=6,
)
PROGRAMMES = st.sampled_from(
    [
        structs.replace(rule, downgrade=downgrade)
        for rule in (YEARLY, MONTHLY)
        for downgrade in (Downgrade.ONE_STEP, Downgrade.TO_QUALIFIED, Downgrade.NEVER)
    ]
)


def told(orders: list[tuple[int, int, tuple[int, int] | None]]) -> list[Event | Outcome]:
    events: list[Event | Outcome] = []
    for number, (day, pounds, returned) in enumerate(orders):
        events.append(bought(str(number), day, pounds))
        if returned is not None:
            events.append(back(str(number), day + returned[0], pounds * returned[1] // 100))
    return sorted(events, key=lambda event: event.occurred_at)  # type: ignore[attr-defined,union-attr]


@settings(max_examples=25, deadline=None)
@given(PROGRAMMES, ORDERS, st.randoms(use_true_random=False))
def test_any_order_of_telling_leads_to_one_tier(
    rule: TierRule, orders: list[tuple[int, int, tuple[int, int] | None]], dice: random.Random
) -> None:
    """Purchases and returns, late ones over a period's end too: the same tier and points in the end.

    A return is told after its purchase, as the agent of orders sees to.
    """
    in_time, shuffled = member(rule), member(rule)
    events = told(orders)
    mixed = events[:]
    dice.shuffle(mixed)
    mixed.sort(key=lambda event: isinstance(event, ReturnAccepted))
    in_time.hear(*events)
    shuffled.hear(*mixed)
    ends = []
    for life in (in_time, shuffled):
        life.wait(MEMBER, at(100))
        ends.append((life.state.tier, life.state.points, life.state.counted))
    assert ends[0] == ends[1]


@settings(max_examples=25, deadline=None)
@given(PROGRAMMES, ORDERS)
def test_what_is_always_so(
    rule: TierRule, orders: list[tuple[int, int, tuple[int, int] | None]]
) -> None:
    """A chain without gaps; never below what is reached; down by itself one step where that is the policy;
    and after two years of silence nothing is kept but a tier that never falls."""
    life = member(rule)
    life.hear(*told(orders))
    life.wait(MEMBER, at(900))
    names = [tier.tier for tier in rule.tiers]
    changes = [one for one in life.said if isinstance(one, TierChanged)]
    assert [one.from_tier for one in changes] == [None, *(one.tier for one in changes[:-1])]
    for before, after in pairwise(changes):
        if after.reason == "PERIOD_ENDED" and rule.downgrade is Downgrade.ONE_STEP:
            assert names.index(before.tier) - names.index(after.tier) == 1
        assert after.reason != "PERIOD_ENDED" or rule.downgrade is not Downgrade.NEVER
    for said in life.said:
        assert isinstance(said, TierChanged | TierProgressed)
        tier = rule.tiers[names.index(said.tier)]
        reached = max(
            t.threshold_points for t in rule.tiers if t.threshold_points <= said.qualifying_points
        )
        assert tier.threshold_points >= reached
    life.wait(MEMBER, at(2_500))
    assert not len(life.state.orders)
    assert not any(life.state.counted.points.values())
    if rule.downgrade is not Downgrade.NEVER:
        assert (life.state.tier, life.due()) == ("bronze", None)
