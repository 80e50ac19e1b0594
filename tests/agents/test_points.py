"""The points ledger, row by row: earning, caps, activation, expiry, returns, holds, corrections."""

from __future__ import annotations

from typing import Any

import pytest

from agents.lots import LOTS_MOST
from agents.points import POINTS
from schemas import codec
from schemas.outcomes import PointsPending, Reason
from schemas.rules import CategoryRate, EarnRate, Expiry, PointsRule, ReturnPolicy
from tests.agents.points_told import (
    MEMBER,
    adjusted,
    arrived,
    asked,
    at,
    at_once,
    back,
    bought,
    cancelled,
    changed,
    life,
    not_there,
    released,
    reserved,
    rule,
    short,
)
from tests.agents.rows import ids, stored

TOYS = [CategoryRate(category="toys", percent=250)]
EUROS = EarnRate(currency="EUR", points=3, per_minor=200)
TWO = [rule(), rule(earn_rates=[EarnRate(currency="GBP", points=2, per_minor=100)])]
TWICE_A_DAY = [bought(3000), bought(3000, order="p"), bought(3000, order="q", day=1)]

EARNING = [
    ("a point for each 100", [rule()], [bought(1000)], ["pending o 10 =10/0/0"]),
    ("one rounding an order, not a line", [rule()], [bought(150, 150)], ["pending o 3 =3/0/0"]),
    ("too little for a point", [rule()], [bought(99)], []),
    ("a category earns more", [rule(category_rates=TOYS)], [bought(1000, category="toys")],
     ["pending o 25 =25/0/0"]),
    ("another does not", [rule(category_rates=TOYS)], [bought(1000, category="tea")],
     ["pending o 10 =10/0/0"]),
    ("another currency, its own rate", [rule(earn_rates=[EUROS])], [bought(1000, currency="EUR")],
     ["pending o 15 =15/0/0"]),
    ("no rate for the currency", [rule()], [bought(1000, currency="CHF")],
     ["refused NO_RATE_FOR_CURRENCY"]),
    ("no rule at all", [], [bought(1000)], ["refused NO_RATE_FOR_CURRENCY"]),
    ("of two rules one has a rate", [rule(), rule(earn_rates=[EUROS])],
     [bought(1000, currency="EUR")], ["pending o 15 =15/0/0"]),
    ("two rules: each grants", TWO, [bought(1000)], ["pending o 10 =10/0/0", "pending o 20 =30/0/0"]),
    ("below the minimum", [rule(minimum_minor=1001)], [bought(1000)], []),
    ("just the minimum", [rule(minimum_minor=1000)], [bought(1000)], ["pending o 10 =10/0/0"]),
    ("at once", [at_once()], [bought(1000)], ["earned o 10 =0/10/0"]),
    ("capped by the order", [rule(cap_per_order=7)], [bought(1000)],
     ["capped o 7<10 cap_per_order", "pending o 7 =7/0/0"]),
    ("capped by the day; the next day is another", [rule(cap_per_day=50)], TWICE_A_DAY,
     ["pending o 30 =30/0/0", "capped p 20<30 cap_per_day", "pending p 20 =50/0/0",
      "pending q 30 =80/0/0"]),
    ("capped for ever", [rule(cap_per_member=50)], TWICE_A_DAY,
     ["pending o 30 =30/0/0", "capped p 20<30 cap_per_member", "pending p 20 =50/0/0",
      "capped q 0<30 cap_per_member"]),
    ("the tightest cap is named", [rule(cap_per_order=9, cap_per_day=5, cap_per_member=8)],
     [bought(1000)], ["capped o 5<10 cap_per_day", "pending o 5 =5/0/0"]),
    ("a return gives a cap no room back", [rule(cap_per_member=10)],
     [bought(1000), back((1, 1, 0, 1)), bought(1000, order="p", day=2)],
     ["pending o 10 =10/0/0", "reversed b 10 =0/0/0", "capped p 0<10 cap_per_member"]),
    ("the version of the purchase's moment", [changed(rule()), changed(TWO[1], 2, 5)],
     [bought(1000, day=6), bought(1000, order="p", day=4)],
     ["pending o 20 =20/0/0", "pending p 10 =30/0/0"]),
]  # fmt: skip
TIME = [
    ("active when the window closes, from the purchase", [rule()], [bought(1000)], 14,
     ["pending o 10 =10/0/0", "earned o 10 =0/10/0"]),
    ("not a moment earlier", [rule()], [bought(1000)], 13.999, ["pending o 10 =10/0/0"]),
    ("from the delivery, when it is told", [rule()], [bought(1000), arrived(2)], 12,
     ["pending o 10 =10/0/0", "moved o =10/0/0", "earned o 10 =0/10/0"]),
    ("a late delivery, a later window", [rule()], [bought(1000), arrived(8)], 17.9,
     ["pending o 10 =10/0/0", "moved o =10/0/0"]),
    ("fixed: to the end of the day", [at_once(expiry=Expiry.FIXED, expiry_days=5)],
     [bought(1000, day=0.5)], 6, ["earned o 10 =0/10/0", "expired 10 =0/0/0"]),
    ("fixed: good all that day", [at_once(expiry=Expiry.FIXED, expiry_days=5)],
     [bought(1000, day=0.5)], 5.99, ["earned o 10 =0/10/0"]),
    ("the day of the programme's zone",
     [at_once(expiry=Expiry.FIXED, expiry_days=5, zone="America/New_York")],
     [bought(1000, day=0.5)], 6.2, ["earned o 10 =0/10/0"]),
    ("calendar: to the end of the year", [at_once(expiry=Expiry.CALENDAR, expiry_days=5)],
     [bought(1000)], 31, ["earned o 10 =0/10/0", "expired 10 =0/0/0"]),
    ("inactivity: put off by a purchase", [at_once(expiry=Expiry.INACTIVITY, expiry_days=5)],
     [bought(1000), bought(99, order="p", day=4)], 9.9, ["earned o 10 =0/10/0", "moved =0/10/0"]),
    ("inactivity: then they go", [at_once(expiry=Expiry.INACTIVITY, expiry_days=5)],
     [bought(1000), bought(99, order="p", day=4)], 10,
     ["earned o 10 =0/10/0", "moved =0/10/0", "expired 10 =0/0/0"]),
    ("pending ones do not expire; they turn active and then go",
     [rule(expiry=Expiry.FIXED, expiry_days=1)], [bought(1000)], 14,
     ["pending o 10 =10/0/0", "earned o 10 =0/10/0", "expired 10 =0/0/0"]),
    ("new points repay the debt first", [rule(return_policy=ReturnPolicy.DEBT)],
     [bought(6000, day=0), bought(4000, order="p", day=13.9), asked("x", "vase", day=15),
      reserved(day=15), back((1, 1, 0, 1), day=16)], 29,
     ["pending o 60 =60/0/0", "pending p 40 =100/0/0", "earned o 60 =40/60/0", "held x 60 =40/0/60",
      "spent x 60 =40/0/0", "reversed b 60 owed 60 =40/0/0-60", "earned p 40 =0/0/0-20"]),
]  # fmt: skip
WINDOWS = [bought(6000), bought(4000, order="p")]
RETURNS = [
    ("whole, pending", [rule()], [bought(1000), back((1, 1, 0, 1))],
     ["pending o 10 =10/0/0", "reversed b 10 =0/0/0"]),
    ("one line of two", [rule()], [bought(1000, 500), back((2, 1, 0, 1))],
     ["pending o 15 =15/0/0", "reversed b 5 =10/0/0"]),
    ("piece by piece: together the whole", [rule()],
     [bought(1000), back((1, 1, 0, 3)), back((1, 1, 1, 3), id="c"), back((1, 1, 2, 3), id="d")],
     ["pending o 10 =10/0/0", "reversed b 3 =7/0/0", "reversed c 3 =4/0/0", "reversed d 4 =0/0/0"]),
    ("of what was capped: in proportion to what was granted", [rule(cap_per_order=5)],
     [bought(1000, 1000), back((1, 1, 0, 1))],
     ["capped o 5<20 cap_per_order", "pending o 5 =5/0/0", "reversed b 2 =3/0/0"]),
    ("active ones", [at_once()], [bought(1000), back((1, 1, 0, 1))],
     ["earned o 10 =0/10/0", "reversed b 10 =0/0/0"]),
    ("spent ones, from other lots", [at_once()],
     [*WINDOWS, asked("x", "vase"), reserved(), back((1, 1, 0, 1), day=2)],
     ["earned o 60 =0/60/0", "earned p 40 =0/100/0", "held x 60 =0/40/60", "spent x 60 =0/40/0",
      "reversed b 60 owed 20 =0/0/0-20"]),
    ("spent ones, within the balance", [at_once(return_policy=ReturnPolicy.WITHIN_BALANCE)],
     [*WINDOWS, asked("x", "vase"), reserved(), back((1, 1, 0, 1), day=2)],
     ["earned o 60 =0/60/0", "earned p 40 =0/100/0", "held x 60 =0/40/60", "spent x 60 =0/40/0",
      "reversed b 60 let go 20 =0/0/0"]),
    ("only pending ones", [at_once(return_policy=ReturnPolicy.PENDING_ONLY)],
     [bought(1000), back((1, 1, 0, 1))], ["earned o 10 =0/10/0", "reversed b 10 let go 10 =0/10/0"]),
    ("held ones stay held; others pay", [at_once()],
     [*WINDOWS, asked("x", "vase"), back((1, 1, 0, 1), day=1)],
     ["earned o 60 =0/60/0", "earned p 40 =0/100/0", "held x 60 =0/40/60",
      "reversed b 60 owed 20 =0/0/60-20"]),
    ("held ones given back repay the debt first", [at_once()],
     [*WINDOWS, asked("x", "vase"), back((1, 1, 0, 1), day=1), not_there()],
     ["earned o 60 =0/60/0", "earned p 40 =0/100/0", "held x 60 =0/40/60",
      "reversed b 60 owed 20 =0/0/60-20", "voided x OUT_OF_STOCK =0/40/0"]),
    ("a debtor cannot spend by asking, returning and cancelling", [at_once()],
     [bought(6000), asked("x", "vase"), back((1, 1, 0, 1), day=1), cancelled(), released(), asked("y")],
     ["earned o 60 =0/60/0", "held x 60 =0/0/60", "reversed b 60 owed 60 =0/0/60-60",
      "waived x CANCELLED", "voided x CANCELLED =0/0/0", "no hold y INSUFFICIENT_POINTS"]),
    ("by the purchase's rule, whatever holds now", [changed(rule()), changed(TWO[1], 2, 5)],
     [bought(1000, day=4), back((1, 1, 0, 1), day=6)], ["pending o 10 =10/0/0", "reversed b 10 =0/0/0"]),
    ("of two rules", TWO, [bought(1000), back((1, 1, 0, 1))],
     ["pending o 10 =10/0/0", "pending o 20 =30/0/0", "reversed b 10 =20/0/0", "reversed b 20 =0/0/0"]),
    ("of an order that earned nothing", [rule()], [bought(50), back((1, 1, 0, 1))], []),
]  # fmt: skip
FUND = bought(5000)
GRANTED = "earned o 50 =0/50/0"
EXPIRING = at_once(expiry=Expiry.FIXED, expiry_days=2)
HOLDS = [
    ("held, then spent", [asked(), reserved()], ["held x 30 =0/20/30", "spent x 30 =0/20/0"]),
    ("several pieces", [asked(quantity=2)], ["no hold x INSUFFICIENT_POINTS"]),
    ("no such gift", [asked(gift="car")], ["no hold x UNKNOWN_GIFT"]),
    ("too dear", [asked(gift="vase")], ["no hold x INSUFFICIENT_POINTS"]),
    ("unknown and too dear: unknown is said", [asked(gift="car", quantity=9)], ["no hold x UNKNOWN_GIFT"]),
    ("held points are not there for another", [asked(), asked("y")],
     ["held x 30 =0/20/30", "no hold y INSUFFICIENT_POINTS"]),
    ("the same again", [asked(), asked(day=2)], ["held x 30 =0/20/30", "waived x TIMED_OUT",
                                               "no hold x ALREADY_POSTED"]),
    ("the same id, another gift", [asked(), asked(gift="vase")],
     ["held x 30 =0/20/30", "no hold x CONFLICTS"]),
    ("a refused id stays refused", [asked(gift="vase"), asked(gift="vase")],
     ["no hold x INSUFFICIENT_POINTS", "no hold x ALREADY_POSTED"]),
    ("not there: given back", [asked(), not_there()],
     ["held x 30 =0/20/30", "voided x OUT_OF_STOCK =0/50/0"]),
    ("cancelled: only the answer gives back", [asked(), cancelled(), released()],
     ["held x 30 =0/20/30", "waived x CANCELLED", "voided x CANCELLED =0/50/0"]),
    ("cancelled twice: one waiver", [asked(), cancelled(), cancelled()],
     ["held x 30 =0/20/30", "waived x CANCELLED"]),
    ("reserved after the cancellation: not spent", [asked(), cancelled(), reserved(), released()],
     ["held x 30 =0/20/30", "waived x CANCELLED", "voided x CANCELLED =0/50/0"]),
    ("reserved before it: spent", [asked(), reserved(), cancelled(), released()],
     ["held x 30 =0/20/30", "spent x 30 =0/20/0"]),
    ("two answers: one counts", [asked(), not_there(), reserved(), released()],
     ["held x 30 =0/20/30", "voided x OUT_OF_STOCK =0/50/0"]),
    ("timed out", [asked(), released(day=1.1, reason=Reason.TIMED_OUT)],
     ["held x 30 =0/20/30", "waived x TIMED_OUT", "voided x TIMED_OUT =0/50/0"]),
    ("reserved just before the time-out", [asked(), reserved(day=1.02)],
     ["held x 30 =0/20/30", "spent x 30 =0/20/0"]),
    ("reserved at the time-out: not spent", [asked(), reserved(day=1 + 30 / 1440)],
     ["held x 30 =0/20/30", "waived x TIMED_OUT"]),
    ("of an unknown hold", [reserved(), not_there("y"), released("z"), cancelled("w")], []),
]  # fmt: skip
CORRECTIONS = [
    ("added", [adjusted(7)], ["adjusted 7 =0/57/0"]),
    ("added again, long after", [adjusted(7), adjusted(7)],
     ["adjusted 7 =0/57/0", "refused ALREADY_POSTED"]),
    ("taken", [adjusted(-7)], ["adjusted -7 =0/43/0"]),
    ("more than there is", [adjusted(-51)], ["refused INSUFFICIENT_POINTS"]),
    ("approved by the same person", [adjusted(7, approved_by="a")], ["refused INVALID"]),
    ("nothing", [adjusted(0)], ["refused INVALID"]),
]  # fmt: skip


def told(rules: list[Any], events: list[Any]) -> list[str]:
    lived = life(*rules)
    return [short(outcome) for outcome in lived.hear(*events)]


@pytest.mark.parametrize(
    ("name", "rules", "events", "said"), EARNING + RETURNS, ids=ids(EARNING + RETURNS)
)
def test_earning_and_returns(
    name: str, rules: list[Any], events: list[Any], said: list[str]
) -> None:
    """What orders earn and returns take back."""
    assert told(rules, events) == said


@pytest.mark.parametrize(("name", "rules", "events", "day", "said"), TIME, ids=ids(TIME))
def test_time(name: str, rules: list[Any], events: list[Any], day: float, said: list[str]) -> None:
    """What happens by itself, up to a day."""
    lived = life(*rules)
    lived.hear(*events)
    lived.wait(MEMBER, at(day))
    assert [short(outcome) for outcome in lived.said] == said


@pytest.mark.parametrize(
    ("name", "events", "said"), HOLDS + CORRECTIONS, ids=ids(HOLDS + CORRECTIONS)
)
def test_holds_and_corrections(name: str, events: list[Any], said: list[str]) -> None:
    """What a member with 50 active points can do with them."""
    assert told([at_once()], [FUND, *events]) == [GRANTED, *said]


@pytest.mark.parametrize(
    ("name", "events", "said"),
    [
        ("expired at the moment of the request", [asked(day=3)], ["expired 50 =0/0/0",
                                                                "no hold x INSUFFICIENT_POINTS"]),
        ("held over the expiry, then spent", [asked(day=2.99), reserved(day=3)],
         ["held x 30 =0/20/30", "expired 20 =0/0/30", "spent x 30 =0/0/0"]),
        ("held over the expiry, given back: gone", [asked(day=2.99), cancelled(day=2.995), released(day=4)],
         ["held x 30 =0/20/30", "waived x CANCELLED", "expired 20 =0/0/30",
          "voided x CANCELLED =0/30/0", "expired 30 =0/0/0"]),
        ("the shop had none: good for 30 days more", [asked(day=2.99), not_there(day=3.001)],
         ["held x 30 =0/20/30", "expired 20 =0/0/30", "voided x OUT_OF_STOCK =0/30/0"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_expiry_meets_a_hold(name: str, events: list[Any], said: list[str]) -> None:
    """Points good to the end of the second day, that is before the third begins."""
    assert told([EXPIRING], [FUND, *events]) == [GRANTED, *said]


def test_a_held_lot_is_kept_alive_by_activity() -> None:
    """The request was the last activity: what it held is good for as long after it, given back late."""
    lived = life(at_once(expiry=Expiry.INACTIVITY, expiry_days=5, hold_minutes=10_000))
    lived.hear(bought(3000), asked(day=4), cancelled(day=7), released(day=7))
    assert short(lived.said[-1]) == "voided x CANCELLED =0/30/0"
    (expired,) = lived.wait(MEMBER, at(100))
    assert (short(expired), expired.occurred_at) == ("expired 30 =0/0/0", at(10))  # type: ignore[attr-defined]


def test_expiry_goes_in_bounded_steps() -> None:
    """However many lots end at one moment, an entry has at most `LOTS_MOST`; all go at that moment."""
    lived = life(at_once(expiry=Expiry.CALENDAR, expiry_days=1))
    lived.hear(*[bought(100, order=f"{n:0>128}") for n in range(2 * LOTS_MOST + 1)])
    said = lived.wait(MEMBER, at(31))
    assert [short(one).split()[1] for one in said] == [f"{LOTS_MOST}", f"{LOTS_MOST}", "1"]
    assert {one.occurred_at for one in said} == {at(31)}  # type: ignore[attr-defined]
    assert all(len(codec.encode(one)) < 512 * 1024 for one in said)


@pytest.mark.parametrize(("price", "word"), [(LOTS_MOST, "held"), (LOTS_MOST + 1, "no")])
def test_a_hold_takes_a_bounded_number_of_lots(price: int, word: str) -> None:
    """One that fits into a state entry; more crumbs than that are TOO_MANY."""
    lived = life(at_once(), prices={"mug": price})
    lived.hear(*[bought(100, order=f"{n:0>128}") for n in range(LOTS_MOST + 1)])
    (said,) = lived.hear(asked())
    assert short(said).split()[0] == word
    assert getattr(said, "reason", Reason.TOO_MANY) is Reason.TOO_MANY
    assert max(stored(POINTS, lived.state)) < 64 * 1024
    (taken,) = lived.hear(adjusted(-price))
    if word == "no":
        assert short(taken) == "refused TOO_MANY"


def test_lots_are_spent_by_expiry() -> None:
    """The earliest expiry first, whatever came first; lots without one last."""
    lived = life(
        changed(at_once()),
        changed(at_once(expiry=Expiry.FIXED, expiry_days=90), 2, 1),
        changed(at_once(expiry=Expiry.FIXED, expiry_days=30), 3, 2),
    )
    lived.hear(
        bought(1000, order="never"),
        bought(1000, order="later", day=1),
        bought(1000, order="soon", day=2),
    )
    (held,) = lived.hear(adjusted(-25, day=3))
    assert [(lot.lot_id, lot.active) for lot in held.lots] == [  # type: ignore[attr-defined]
        ("soon/r", 0),
        ("later/r", 0),
        ("never/r", 5),
    ]


def test_a_long_order_fits() -> None:
    """An order of 2,000 lines is one entry that fits into a state entry and a record."""
    lived = life(rule())
    (said,) = lived.hear(bought(*[12_345] * 2_000))
    assert isinstance(said, PointsPending)
    assert max(stored(POINTS, lived.state)) < 64 * 1024


def test_what_is_over_is_forgotten() -> None:
    """Spent and returned lots go when nothing can come back to them; what is left stays."""
    lived = life(at_once())
    lived.hear(FUND, bought(1000, order="p"), back((1, 1, 0, 1), order="p"))
    lived.wait(MEMBER, at(1_000))
    assert [lot.lot_id for lots in lived.state.lots.values() for lot in lots.parcels] == ["o/r"]
    assert lived.due() is None


def test_a_rule_without_a_window_is_active_in_one_step() -> None:
    """No days at all: pending turns active at the same moment, by the next event or tick."""
    lived = life(PointsRule(earn_rates=rule().earn_rates, return_window_days=0, delivery_days=0))  # fmt: skip
    lived.hear(bought(1000))
    lived.wait(MEMBER, at(0))
    assert [short(outcome) for outcome in lived.said] == [
        "pending o 10 =10/0/0",
        "earned o 10 =0/10/0",
    ]
