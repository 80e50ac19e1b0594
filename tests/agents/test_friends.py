"""Friends and referrals: rows, and two sides that agree whatever the order of words."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest
from msgspec import structs

from agents.friends.circle import FRIENDS
from agents.rules import RULES
from schemas.actions import RuleChanged
from schemas.friends import (
    FriendshipDissolved,
    FriendshipEnded,
    FriendshipStarted,
    FriendTold,
    ReferralLoss,
    ReferralQualified,
    ReferralRefused,
    ReferralReported,
    ReferralReversed,
)
from schemas.outcomes import (
    MemberHidden,
    MemberShown,
    OrderPlaced,
    OrderState,
    OrderStateChanged,
    PointsForfeited,
    PointsReleased,
    PointsWithheld,
    ReturnAccepted,
)
from schemas.record import Event, Outcome
from schemas.risk import (
    AbuseKind,
    AlertClosed,
    AlertEnd,
    DisputeKind,
    DisputeOpened,
    DisputeResolved,
    FraudScored,
    InvitationAccepted,
    Verdict,
)
from schemas.rules import PointsRule, ReferralReward
from schemas.samples import sample
from tests.agents.points_told import DAY, GBP, START, at
from tests.agents.rows import Life, ids, table_of

NEW, OLD = "new", "old"
CONFIRMED, CLEARED = AlertEnd.CONFIRMED, AlertEnd.CLEARED
REWARD = ReferralReward(inviter_points=500, invited_points=200, minimum_minor=1_000)
RULE = PointsRule(earn_rates=[GBP], return_window_days=14, delivery_days=7, referral=REWARD)


def member(rule: PointsRule = RULE) -> Life:
    changed = RuleChanged(
        event_id="r",
        rule_id="standard",
        occurred_at=0,
        version=1,
        effective_at=0,
        changed_by="o",
        rule=rule,
    )
    return Life(FRIENDS, {"rules": table_of(RULES, [changed])})


def accepted(day: float, inviter: str = OLD, invitation: str = "i") -> InvitationAccepted:
    return InvitationAccepted(
        event_id=f"accepted-{invitation}",
        member_id=NEW,
        occurred_at=at(day),
        invitation_id=invitation,
        inviter_id=inviter,
    )


def ended(day: float, who: str = NEW, friend: str = OLD) -> FriendshipEnded:
    return FriendshipEnded(
        event_id=f"ended-{who}-{day}", member_id=who, occurred_at=at(day), friend_id=friend
    )


def told(day: float, invitation: str | None = "i", who: str = NEW, friend: str = OLD) -> FriendTold:
    return FriendTold(
        member_id=who, occurred_at=at(day), friend_id=friend, invitation_id=invitation
    )


def bought(day: float, pounds: int = 50, order: str = "a") -> OrderPlaced:
    return OrderPlaced(
        member_id=NEW,
        occurred_at=at(day),
        order_id=order,
        currency="GBP",
        lines=[],
        total_minor=100 * pounds,
    )


def moved(day: float, state: OrderState, delivered: float | None = None) -> OrderStateChanged:
    return OrderStateChanged(
        member_id=NEW,
        occurred_at=at(day),
        order_id="a",
        state=state,
        delivered_at=None if delivered is None else at(delivered),
    )


def back(day: float, pounds: int) -> ReturnAccepted:
    return ReturnAccepted(
        member_id=NEW,
        occurred_at=at(day),
        return_id="r",
        order_id="a",
        lines=[],
        refund_minor=100 * pounds,
    )


def about(word: type[Any], day: float, **fields: Any) -> Any:
    """A word of another agent, of which only these fields matter."""
    given = {"member_id": NEW, "occurred_at": at(day)} | fields
    return structs.replace(sample(word), **given)


def disputed(day: float) -> DisputeOpened:
    return about(DisputeOpened, day, dispute_id="d", kind=DisputeKind.NOT_ME, order_id="a")  # type: ignore[no-any-return]


def resolved(day: float, *, upheld: bool) -> DisputeResolved:
    return about(DisputeResolved, day, dispute_id="d", order_id="a", upheld=upheld)  # type: ignore[no-any-return]


def suspected(day: float, verdict: Verdict = Verdict.HOLD) -> FraudScored:
    return FraudScored(
        member_id=NEW,
        occurred_at=at(day),
        kind=AbuseKind.REFERRAL,
        subject_id="accepted-i",
        score=900,
        verdict=verdict,
        reasons=[],
    )


def judged(day: float, end: AlertEnd) -> AlertClosed:
    return about(  # type: ignore[no-any-return]
        AlertClosed,
        day,
        kind=AbuseKind.REFERRAL,
        end=end,
        subject_ids=["accepted-i"],
        order_ids=[],
        count=1,
    )


def reported(day: float, lost: ReferralLoss | None = None) -> ReferralReported:
    return about(  # type: ignore[no-any-return]
        ReferralReported, day, member_id=NEW, friend_id="x", points=500, lost=lost
    )


def short(outcome: Outcome) -> str:
    day = (outcome.occurred_at - START) // DAY  # type: ignore[attr-defined]
    match outcome:
        case FriendshipStarted():
            return f"{day} friend {outcome.friend_id}"
        case FriendshipDissolved():
            return f"{day} no friend {outcome.friend_id}"
        case FriendTold():
            word = "friends" if outcome.invitation_id is not None else "no friends"
            return f"{day} tells {outcome.member_id} {word}"
        case ReferralQualified():
            return f"{day} {outcome.role} {outcome.points}"
        case ReferralReported():
            lost = "" if outcome.lost is None else f" {outcome.lost}"
            return f"{day} reports to {outcome.member_id} {outcome.points}{lost}"
        case ReferralReversed():
            return f"{day} {outcome.role} loses {outcome.points} {outcome.lost}"
        case ReferralRefused():
            return f"{day} refused {outcome.reason}"
        case _:
            raise AssertionError(outcome)


BEGIN = ["0 friend old", "0 tells old friends"]
WON = ["INVITED 200", "reports to old 500"]


def won(day: int) -> list[str]:
    return [f"{day} {word}" for word in WON]


def lost(day: int, why: str) -> list[str]:
    return [f"{day} INVITED loses 200 {why}", f"{day} reports to old 500 {why}"]


KEPT_ONE = [accepted(0), bought(1)]
ROWS: list[tuple[str, list[Event | Outcome], float, list[str]]] = [
    ("friends at once, nothing earned", [accepted(0)], 900, BEGIN),
    ("kept after the usual delivery and the window", [accepted(0), bought(1)], 22, BEGIN + won(22)),
    ("not a day before", [accepted(0), bought(1)], 21.9, BEGIN),
    (
        "from delivery where it is told",
        [accepted(0), bought(1), moved(3, OrderState.DELIVERED, 3)],
        30,
        BEGIN + won(17),
    ),
    ("once", [accepted(0), bought(1), bought(2, order="b")], 90, BEGIN + won(22)),
    (
        "bought before the acceptance",
        [accepted(2), bought(1)],
        90,
        ["2 friend old", "2 tells old friends"],
    ),
    ("too cheap", [accepted(0), bought(1, 9)], 90, BEGIN),
    (
        "all came back, the next one is kept",
        [accepted(0), bought(1), bought(5, order="b"), moved(9, OrderState.RETURNED)],
        90,
        BEGIN + won(26),
    ),
    ("too much came back", [accepted(0), bought(1), back(5, 41)], 90, BEGIN),
    ("enough is left", [accepted(0), bought(1), back(5, 40)], 90, BEGIN + won(22)),
    (
        "a dispute stops it, its end lets it go on",
        [accepted(0), bought(1), disputed(9), resolved(40, upheld=False)],
        90,
        BEGIN + won(40),
    ),
    (
        "a dispute that is upheld",
        [accepted(0), bought(1), disputed(9), resolved(40, upheld=True)],
        90,
        BEGIN,
    ),
    (
        "withheld, then released",
        [
            accepted(0),
            bought(1),
            about(PointsWithheld, 2, order_id="a"),
            about(PointsReleased, 30, order_id="a"),
        ],
        90,
        BEGIN + won(30),
    ),
    (
        "forfeited",
        [accepted(0), bought(1), about(PointsForfeited, 2, order_id="a")],
        90,
        BEGIN,
    ),
    (
        "blocked meanwhile",
        [accepted(0), bought(1), about(MemberHidden, 2), about(MemberShown, 40)],
        90,
        BEGIN + won(40),
    ),
    ("blocked for good", [accepted(0), bought(1), about(MemberHidden, 2)], 900, BEGIN),
    (
        "the acceptance is suspect, then cleared",
        [accepted(0), suspected(0), bought(1), judged(30, AlertEnd.CLEARED)],
        90,
        BEGIN + won(30),
    ),
    (
        "the acceptance is suspect, and nobody says more for 30 days",
        [accepted(0), suspected(0), bought(1)],
        90,
        BEGIN + won(30),
    ),
    (
        "a confirmed abuse ends it",
        [accepted(0), suspected(0), bought(1), judged(5, AlertEnd.CONFIRMED)],
        90,
        [*BEGIN, "5 refused ABUSE"],
    ),
    (
        "a verdict that does not stop",
        [accepted(0), suspected(0, Verdict.REVIEW), bought(1)],
        90,
        BEGIN + won(22),
    ),
    ("oneself", [accepted(0, inviter=NEW), bought(1)], 90, ["0 refused SELF"]),
    (
        "a second inviter is a friend, and earns nothing",
        [accepted(0), accepted(1, "other", "j"), bought(2)],
        23,
        [*BEGIN, "1 refused ALREADY_REFERRED", "1 friend other", "1 tells other friends", *won(23)],
    ),
    (
        "invited by a friend",
        [told(0), accepted(1), bought(2)],
        90,
        ["0 friend old", "1 refused ALREADY_FRIENDS", "1 tells old friends"],
    ),
    (
        "it came back after its window",
        [*KEPT_ONE, moved(60, OrderState.RETURNED)],
        900,
        BEGIN + won(22) + lost(60, "RETURNED"),
    ),
    (
        "so much came back, in parts",
        [*KEPT_ONE, back(60, 30), back(70, 11), back(80, 9)],
        900,
        BEGIN + won(22) + lost(70, "RETURNED"),
    ),
    ("enough is left after its window", [*KEPT_ONE, back(60, 40)], 900, BEGIN + won(22)),
    (
        "a part came back before, a part after",
        [*KEPT_ONE, back(5, 20), back(60, 21)],
        900,
        BEGIN + won(22) + lost(60, "RETURNED"),
    ),
    (
        "another purchase came back",
        [*KEPT_ONE, bought(2, order="b"), structs.replace(back(60, 50), order_id="b")],
        900,
        BEGIN + won(22),
    ),
    (
        "forfeited after its window",
        [*KEPT_ONE, about(PointsForfeited, 60, order_id="a")],
        900,
        BEGIN + won(22) + lost(60, "FRAUD"),
    ),
    (
        "withheld after its window, and released",
        [*KEPT_ONE, *(about(word, 60, order_id="a") for word in (PointsWithheld, PointsReleased))],
        900,
        BEGIN + won(22),
    ),
    (
        "a dispute after its window, upheld",
        [*KEPT_ONE, disputed(60), resolved(70, upheld=True)],
        900,
        BEGIN + won(22) + lost(70, "DISPUTED"),
    ),
    (
        "the acceptance was abuse after all",
        [*KEPT_ONE, suspected(60), judged(65, AlertEnd.CONFIRMED)],
        900,
        BEGIN + won(22) + lost(65, "ABUSE"),
    ),
    (
        "a suspicion of the acceptance that is cleared",
        [*KEPT_ONE, suspected(60), judged(65, AlertEnd.CLEARED)],
        900,
        BEGIN + won(22),
    ),
    (
        "forfeited after its window, and the verdict is lifted",
        [
            *KEPT_ONE,
            about(PointsForfeited, 60, order_id="a"),
            about(PointsReleased, 60, order_id="b"),
            *(about(PointsReleased, day, order_id="a") for day in (70, 71)),
        ],
        900,
        BEGIN + won(22) + lost(60, "FRAUD") + won(70),
    ),
    (
        "the acceptance was abuse, and was not, and was",
        [
            *KEPT_ONE,
            suspected(60),
            *(judged(65 + d, e) for d, e in enumerate([*2 * [CONFIRMED, CLEARED], CONFIRMED])),
        ],
        900,
        BEGIN
        + won(22)
        + lost(65, "ABUSE")
        + won(66)
        + lost(67, "ABUSE")
        + won(68)
        + lost(69, "ABUSE"),
    ),
    (
        "two verdicts, and one is lifted",
        [
            *KEPT_ONE,
            about(PointsForfeited, 60, order_id="a"),
            suspected(60),
            judged(65, CONFIRMED),
            about(PointsReleased, 70, order_id="a"),
            judged(80, CLEARED),
        ],
        900,
        BEGIN + won(22) + lost(60, "FRAUD") + won(80),
    ),
    (
        "a verdict is lifted, but the purchase came back meanwhile",
        [
            *KEPT_ONE,
            about(PointsForfeited, 60, order_id="a"),
            moved(65, OrderState.RETURNED),
            about(PointsReleased, 70, order_id="a"),
        ],
        900,
        BEGIN + won(22) + lost(60, "FRAUD"),
    ),
    (
        "a verdict is lifted while a block stands",
        [
            *KEPT_ONE,
            about(MemberHidden, 60),
            about(PointsForfeited, 60, order_id="a"),
            about(PointsReleased, 70, order_id="a"),
            about(MemberShown, 75),
        ],
        900,
        BEGIN + won(22) + lost(60, "FRAUD") + won(75),
    ),
    (
        "a verdict is lifted when all is forgotten",
        [
            *KEPT_ONE,
            about(PointsForfeited, 60, order_id="a"),
            about(PointsReleased, 22 + 430, order_id="a"),
        ],
        900,
        BEGIN + won(22) + lost(60, "FRAUD"),
    ),
    (
        "lost once",
        [*KEPT_ONE, back(60, 50), moved(60, OrderState.RETURNED), bought(70, order="b")],
        900,
        BEGIN + won(22) + lost(60, "RETURNED"),
    ),
    (
        "after so long nothing comes back",
        [*KEPT_ONE, moved(22 + 430, OrderState.RETURNED)],
        900,
        BEGIN + won(22),
    ),
    ("the inviter's side", [reported(3)], 3, ["3 INVITER 500"]),
    (
        "the inviter's side loses it",
        [reported(3), reported(9, ReferralLoss.RETURNED)],
        9,
        ["3 INVITER 500", "9 INVITER loses 500 RETURNED"],
    ),
    (
        "the inviter's side has it again",
        [reported(3), reported(9, ReferralLoss.ABUSE), reported(12)],
        12,
        ["3 INVITER 500", "9 INVITER loses 500 ABUSE", "12 INVITER 500"],
    ),
    (
        "lost while a blocked inviter waits, and given again",
        [
            about(MemberHidden, 1),
            reported(3),
            reported(5, ReferralLoss.FRAUD),
            reported(6),
            about(MemberShown, 9),
        ],
        9,
        ["9 INVITER 500"],
    ),
    (
        "lost while a blocked inviter waits",
        [
            about(MemberHidden, 1),
            reported(3),
            reported(5, ReferralLoss.FRAUD),
            about(MemberShown, 9),
        ],
        9,
        [],
    ),
    (
        "a blocked inviter waits",
        [about(MemberHidden, 1), reported(3), about(MemberShown, 9)],
        9,
        ["9 INVITER 500"],
    ),
    (
        "ended by this side, once",
        [accepted(0), ended(1), ended(2)],
        2,
        [*BEGIN, "1 no friend old", "1 tells old no friends", "2 tells old no friends"],
    ),
    ("ended by the other side", [accepted(0), told(1, None)], 2, [*BEGIN, "1 no friend old"]),
    (
        "a friend again",
        [told(0), told(1, None), told(2, "j")],
        2,
        ["0 friend old", "1 no friend old", "2 friend old"],
    ),
    ("an end that is older than the friendship", [told(2), told(1, None)], 2, ["2 friend old"]),
    ("a friendship that is older than its end", [told(2, None), told(1)], 2, []),
]


@pytest.mark.parametrize(("name", "events", "until", "expected"), ROWS, ids=ids(ROWS))
def test_rows(name: str, events: list[Event | Outcome], until: float, expected: list[str]) -> None:
    """A row: what is heard, until when, and what is said."""
    life = member()
    life.hear(*events)
    life.wait(NEW, at(until))
    assert [short(outcome) for outcome in life.said] == expected
    assert life.due() is None or life.due() > at(until)  # type: ignore[operator]


def test_without_a_reward_there_are_friends_and_no_referral() -> None:
    """A rule that rewards nothing: nothing is waited for."""
    life = member(PointsRule(earn_rates=[GBP]))
    life.hear(accepted(0), bought(1))
    assert ([short(one) for one in life.said], life.due()) == (BEGIN, None)


def test_both_sides_agree_in_any_order() -> None:
    """Begun, ended and begun again by either side: however the words cross, both end with the last one."""
    words = [told(1, "i"), told(2, None), told(3, "j"), told(4, None)]
    for last in (3, 4):
        for order in permutations(words[:last]):
            life = member()
            for word in order:
                life._react(word)
            assert (OLD in life.state.friends) == (last == 3)


def test_ends_are_bounded() -> None:
    """A member who has ended hundreds of friendships keeps the newest, and those for a month."""
    dice, life = random.Random(1), member()
    for number in range(400):
        life.hear(told(number / 100, None, friend=f"f{dice.random()}"))
    assert len(life.state.ends) == 100
    life.hear(told(60, None))
    assert list(life.state.ends) == [OLD]
