"""Verdicts through all stages, in any order and under fire: the ledger adds up, and cleared is as before."""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random

import pytest

from schemas.outcomes import (
    LEDGER,
    BonusReversed,
    JudgedOutcome,
    MemberHidden,
    MemberShown,
    PointsEarned,
    PointsForfeited,
    PointsPending,
    PointsReleased,
    PointsWithheld,
    ScoreChanged,
)
from schemas.record import Event, Outcome
from schemas.risk import (
    AbuseKind,
    AlertClosed,
    AlertEnd,
    AlertJudged,
    AlertOpened,
    FraudScored,
    Judgement,
    Verdict,
)
from schemas.rules import ReferralReward
from streams.simulate import Simulation
from streams.topology import topology
from tests.audit.test_books import books, entries
from tests.simulation.auditor import Auditor
from tests.simulation.guarded import guarded, invited, payment, purchase, rules
from tests.simulation.schedule import played
from tests.simulation.world import DAY, HOUR, START

SEEDS = range(3)


@cache
def lived(seed: int, *, wild: bool) -> Simulation:
    """A seed's shop until every deadline is over; `wild`: served in any order, with crashes."""
    told = guarded(seed).delivered
    random = Random(seed) if wild else None
    return played(topology(3), told, random, until=told[-1][0] + 60 * DAY, holdings_most=8)


@pytest.mark.parametrize("wild", [False, True], ids=["calm", "wild"])
@pytest.mark.parametrize("seed", SEEDS)
def test_everything_adds_up(seed: int, wild: bool) -> None:
    """Zero at each entry, lots as much as accounts, nothing withheld when every alert has ended."""
    simulation = lived(seed, wild=wild)
    assert simulation.dead_letters() == []
    auditor = Auditor()
    auditor.hear(simulation.outcomes())
    auditor.settled(request.redemption_id for request in guarded(seed).shop.redemptions)
    assert {account["withheld"] for account in auditor.accounts.values()} == {0}


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_are_what_orders_earned_that_stand(seed: int) -> None:
    """At the end the all-time board has what was granted, less returns and what was forfeited."""
    outcomes = list(lived(seed, wild=True).outcomes())
    scores, sums = dict[str, int](), Counter[str]()
    for said in outcomes:
        match said:
            case ScoreChanged():
                scores[said.member_id] = said.scores[-1].points
            case JudgedOutcome():
                sums[said.member_id] += said.score_change
            case _ if getattr(said, "counts_at", None) is not None:
                sign = getattr(said, "counted", 1) * (-1 if hasattr(said, "return_id") else 1)
                sums[said.member_id] += sign * said.points  # type: ignore[attr-defined]  # a grant or a return
    assert scores == {member: sums[member] for member in scores}
    assert any(scores.values())


def test_the_shops_are_worth_their_name() -> None:
    """All that the ledger and the boards say of verdicts is said in some of them; nobody is invited."""
    said = {type(one) for seed in SEEDS for one in lived(seed, wild=True).outcomes()}
    assert set(LEDGER) - {BonusReversed} <= said
    assert {MemberHidden, MemberShown, AlertClosed} <= said


# ---- one order, through all stages -----------------------------------------------------------------


class Case:
    """A dear order of `ann`, paid at once, under rules that hold or block it; `bob` had invited her."""

    def __init__(
        self,
        verdict: Verdict,
        *,
        paid_first: bool = False,
        referral: ReferralReward | None = None,
    ) -> None:
        self.simulation = Simulation(topology(2))
        bought, paid = purchase(START + HOUR), payment(START + HOUR)
        self.tell(*rules(verdict, referral), invited(START))
        self.tell(*([paid, bought] if paid_first else [bought, paid]))

    def tell(self, *actions: Event) -> None:
        """Emit, and do all that follows."""
        for action in actions:
            self.simulation.emit(action)
        self.simulation.drain()

    def judge(self, judgement: Judgement, hours: int) -> None:
        """An analyst judges the alert."""
        (opened,) = self.said(AlertOpened)
        self.tell(
            AlertJudged(
                event_id=f"{judgement}-{hours}",
                member_id="ann",
                occurred_at=START + hours * HOUR,
                alert_id=opened.alert_id,
                judgement=judgement,
                analyst="analyst-1",
            )
        )

    def said(self, *kinds: type[Outcome]) -> list:  # type: ignore[type-arg]  # of these kinds
        """All that was said of these kinds."""
        return [one for one in self.simulation.outcomes() if isinstance(one, kinds)]

    def words(self) -> list[str]:
        """What the ledger and the boards said, in their order."""
        kinds = (*LEDGER, ScoreChanged, MemberHidden, MemberShown)
        return [
            f"{type(one).__name__} {one.scores[-1].points}"
            if isinstance(one, ScoreChanged)
            else type(one).__name__
            for one in self.said(*kinds)
        ]


@pytest.mark.parametrize("paid_first", [False, True])
def test_a_held_order_is_withheld_in_the_pass_of_its_verdict(paid_first: bool) -> None:
    """Whichever is told first; no board ever shows its points for longer than that pass."""
    case = Case(Verdict.HOLD, paid_first=paid_first)
    (scored,) = case.said(FraudScored)
    (withheld,) = case.said(PointsWithheld)
    assert (scored.verdict, withheld.points, withheld.score_change) == (Verdict.HOLD, 500, -500)
    assert withheld.balances.withheld == 500
    assert case.words() == ["PointsPending", "ScoreChanged 500", "PointsWithheld", "ScoreChanged 0"]


def test_nobody_judges_it_and_it_is_released() -> None:
    """The alert expires 72 hours after its last evidence: pending as before, on the board as before."""
    case = Case(Verdict.HOLD)
    case.simulation.tick(START + 100 * HOUR)
    case.simulation.drain()
    (closed,) = case.said(AlertClosed)
    (released,) = case.said(PointsReleased)
    assert (closed.end, released.alert_id) == (AlertEnd.EXPIRED, closed.alert_id)
    assert (released.occurred_at, released.balances.pending) == (START + 73 * HOUR, 500)
    first, _, last = case.said(ScoreChanged)
    assert last.scores == first.scores


def test_judged_and_judged_again() -> None:
    """Confirmed: taken once; cleared after all: put back once; a block hides and shows."""
    case = Case(Verdict.BLOCK)
    case.judge(Judgement.CONFIRMED, 2)
    case.judge(Judgement.CONFIRMED, 3)
    case.judge(Judgement.CLEARED, 4)
    case.judge(Judgement.CLEARED, 5)
    assert case.words() == [
        *["PointsPending", "ScoreChanged 500"],
        *["PointsWithheld", "MemberHidden", "ScoreChanged 0"],
        "PointsForfeited",
        *["PointsReleased", "MemberShown", "ScoreChanged 500"],
    ]
    (forfeited,), (released,) = case.said(PointsForfeited), case.said(PointsReleased)
    assert (forfeited.balances.issued, released.balances.issued) == (0, -500)
    (pending,) = case.said(PointsPending)
    assert released.lots == pending.lots
    assert {one.kind for one in case.said(MemberHidden)} == {AbuseKind.PAYMENT}


def test_the_reward_of_an_invitation_follows_late_judgements() -> None:
    """Given when the purchase is kept, taken from both as fraud is confirmed, given again as it was none."""
    case = Case(Verdict.HOLD, referral=ReferralReward(inviter_points=500, invited_points=200))
    case.simulation.tick(START + 62 * DAY)
    case.simulation.drain()
    for judgement, day in ((Judgement.CONFIRMED, 61), (Judgement.CLEARED, 62)):
        case.judge(judgement, day * 24)
    told: dict[str, list[str]] = {"ann": [], "bob": []}
    for one in case.said(PointsEarned, BonusReversed):
        if one.invitation_id is not None:
            told[one.member_id].append(f"{type(one).__name__} {one.points}")
    assert told == {
        member: [f"PointsEarned {points}", f"BonusReversed {points}", f"PointsEarned {points}"]
        for member, points in (("ann", 200), ("bob", 500))
    }
    said = [*entries(case.simulation, "outcomes."), *entries(case.simulation, "alerts")]
    assert books(case.simulation, said).finish() == []
