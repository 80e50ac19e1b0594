"""Who is hidden from the boards, row by row: until the alert ends, or for good; never a victim."""

from __future__ import annotations

from typing import Any

import pytest

from agents.board_windows import BoardWindows
from agents.cases import WITHHELD_MOST
from agents.rankings import RANKINGS
from agents.rules import Rules
from schemas.outcomes import (
    Balances,
    MemberHidden,
    MemberShown,
    PointsForfeited,
    PointsPending,
    PointsReleased,
    PointsReversed,
    PointsWithheld,
    ScoreChanged,
)
from schemas.record import Outcome
from schemas.risk import AbuseKind, AlertEnd, Verdict
from tests.agents.points_told import MEMBER, START, at, closed, scored
from tests.agents.rows import Life, ids

BLOCK, HOLD = Verdict.BLOCK, Verdict.HOLD
CLEARED, CONFIRMED, EXPIRED = AlertEnd.CLEARED, AlertEnd.CONFIRMED, AlertEnd.EXPIRED
TAKEOVER, REFUND = AbuseKind.ACCOUNT_TAKEOVER, AbuseKind.REFUND


def ended(end: AlertEnd, day: float = 2, **said: Any) -> Outcome:
    """An alert with a block ended."""
    return closed(end, day=day, **({"verdict": BLOCK} | said))


BLOCKED = scored(BLOCK)
ROWS = [
    ("a block hides", [BLOCKED], ["hidden PAYMENT"]),
    ("a hold does not", [scored(HOLD)], []),
    ("two blocks hide once", [BLOCKED, scored(BLOCK, subject="b"), scored(BLOCK, kind=REFUND)],
     ["hidden PAYMENT"]),
    ("cleared", [BLOCKED, ended(CLEARED)], ["hidden PAYMENT", "shown"]),
    ("expired", [BLOCKED, ended(EXPIRED)], ["hidden PAYMENT", "shown"]),
    ("cleared twice", [BLOCKED, ended(CLEARED), ended(CLEARED, 3)], ["hidden PAYMENT", "shown"]),
    ("confirmed: stays hidden", [BLOCKED, ended(CONFIRMED), ended(CONFIRMED, 3)], ["hidden PAYMENT"]),
    ("confirmed, then cleared", [BLOCKED, ended(CONFIRMED), ended(CLEARED, 3)],
     ["hidden PAYMENT", "shown"]),
    ("cleared, then confirmed", [BLOCKED, ended(CLEARED), ended(CONFIRMED, 3)],
     ["hidden PAYMENT", "shown", "hidden PAYMENT"]),
    ("confirmed without a block", [scored(HOLD), ended(CONFIRMED, verdict=HOLD)], []),
    ("a victim is shown", [scored(BLOCK, kind=TAKEOVER), ended(CONFIRMED, kind=TAKEOVER)],
     ["hidden ACCOUNT_TAKEOVER", "shown"]),
    ("an alert of another kind ends nothing", [BLOCKED, ended(CLEARED, kind=REFUND)],
     ["hidden PAYMENT"]),
    ("another kind still hides",
     [BLOCKED, scored(BLOCK, kind=REFUND), ended(CLEARED), ended(CLEARED, kind=REFUND, alert="b")],
     ["hidden PAYMENT", "shown"]),
    ("an older alert of the kind, cleared late, ends only its own",
     [BLOCKED, ended(CONFIRMED), scored(BLOCK, day=5, subject="new"), ended(CLEARED, 3),
      ended(CLEARED, 6, alert="b", subjects=["new"])],
     ["hidden PAYMENT", "shown"]),
    ("more of the same: the alert that ends has seen it all",
     [BLOCKED, scored(BLOCK, day=1.5, subject="new"), ended(CLEARED, subjects=["pay", "new"])],
     ["hidden PAYMENT", "shown"]),
    ("a list that was cut: by the time", [BLOCKED, ended(CLEARED, subjects=["other"], count=2)],
     ["hidden PAYMENT", "shown"]),
    ("of two confirmed alerts one is cleared",
     [BLOCKED, ended(CONFIRMED), ended(CONFIRMED, 3, alert="b"), ended(CLEARED, 4)],
     ["hidden PAYMENT"]),
]  # fmt: skip


def ranked() -> Life:
    return Life(RANKINGS, {"rules": Rules(), "board_windows": BoardWindows()})


def words(outcomes: list[Outcome]) -> list[str]:
    found = []
    for outcome in outcomes:
        match outcome:
            case MemberHidden():
                found.append(f"hidden {outcome.kind}")
            case MemberShown():
                found.append("shown")
            case _:
                raise AssertionError(outcome)
    return found


@pytest.mark.parametrize(("name", "events", "said"), ROWS, ids=ids(ROWS))
def test_blocks(name: str, events: list[Outcome], said: list[str]) -> None:
    """Said when it changes, and only then."""
    assert words(ranked().hear(*events)) == said


def test_what_nobody_ends_lapses() -> None:
    """As what is withheld does, at the same moment."""
    lived = ranked()
    lived.hear(BLOCKED)
    due = at(1) + WITHHELD_MOST
    assert lived.wait(MEMBER, due - 1) == []
    (shown,) = lived.wait(MEMBER, due)
    assert (words([shown]), shown.occurred_at, lived.due()) == (["shown"], due, None)  # type: ignore[attr-defined]


NOTHING = Balances(pending=0, active=0, held=0, debt=0, issued=0, redeemed=0, expired=0, adjusted=0)
OF_ORDER: dict[str, Any] = {
    "member_id": MEMBER,
    "order_id": "o",
    "rule_id": "r",
    "rule_version": 1,
    "counts_at": START,
    "postings": [],
    "balances": NOTHING,
    "lots": [],
}


def granted(points: int, day: float) -> PointsPending:
    return PointsPending(event_id=f"g{day}", occurred_at=at(day), points=points, **OF_ORDER)


def withheld(change: int, day: float) -> PointsWithheld:
    return PointsWithheld(
        event_id="w", occurred_at=at(day), points=0, score_change=change, **OF_ORDER
    )


def let_go(change: int, day: float) -> PointsReleased:
    return PointsReleased(
        event_id="l", occurred_at=at(day), points=0, score_change=change, **OF_ORDER
    )


def forfeited(change: int, day: float) -> PointsForfeited:
    return PointsForfeited(
        event_id="f",
        occurred_at=at(day),
        points=0,
        score_change=change,
        from_debt=0,
        uncollected=0,
        **OF_ORDER,
    )


def returned(points: int, day: float, *, counted: bool) -> PointsReversed:
    return PointsReversed(
        event_id="r",
        occurred_at=at(day),
        return_id="b",
        points=points,
        from_debt=0,
        uncollected=0,
        counted=counted,
        **OF_ORDER,
    )


SCORES = [
    ("withheld: it counts no more", [granted(40, 1), withheld(-40, 2)], [(40, 1), (0, 1)]),
    ("released: the same place", [granted(40, 1), withheld(-40, 2), let_go(40, 3)],
     [(40, 1), (0, 1), (40, 1)]),
    ("beside what else came", [granted(40, 1), withheld(-40, 2), granted(5, 3), let_go(40, 4)],
     [(40, 1), (0, 1), (5, 3), (45, 3)]),
    ("a return meanwhile makes its moment all the same",
     [granted(40, 1), withheld(-40, 2), returned(10, 3, counted=False), let_go(30, 4)],
     [(40, 1), (0, 1), (0, 3), (30, 3)]),
    ("forfeited after it was withheld", [granted(40, 1), withheld(-40, 2), forfeited(0, 3)],
     [(40, 1), (0, 1)]),
    ("forfeited at once", [granted(40, 1), forfeited(-40, 3)], [(40, 1), (0, 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "scores"), SCORES, ids=ids(SCORES))
def test_scores(name: str, events: list[Outcome], scores: list[tuple[int, int]]) -> None:
    """Points and the day on which they were reached, the same on every board of the purchase."""
    found = []
    for said in ranked().hear(*events):
        assert isinstance(said, ScoreChanged)
        assert len(said.scores) == 5
        (one,) = {(score.points, score.reached_at) for score in said.scores}
        found.append(one)
    assert found == [(points, at(day)) for points, day in scores]
