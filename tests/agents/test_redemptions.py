"""What a redemption comes to, row by row: one end for each request."""

from __future__ import annotations

from typing import Any

import pytest

from agents.redemptions import REDEMPTIONS
from schemas.outcomes import (
    HoldRefused,
    PointsHeld,
    Reason,
    RedemptionRefused,
    RewardRedeemed,
    StockCommitted,
    StockRequested,
)
from schemas.record import Outcome
from tests.agents.points_told import (
    MEMBER,
    adjusted,
    asked,
    at,
    at_once,
    bought,
    cancelled,
    life,
    not_there,
    released,
    reserved,
)
from tests.agents.rows import Life, ids

ROWS: list[tuple[str, list[Any], list[str]]] = [
    ("asked", [asked()], ["request x 1"]),
    ("rewarded", [asked(), reserved()], ["request x 1", "commit x", "rewarded x 30"]),
    ("refused at once", [asked(gift="car")], ["refused x UNKNOWN_GIFT"]),
    ("out of stock", [asked(), not_there()], ["request x 1", "refused x OUT_OF_STOCK"]),
    ("cancelled: the answer ends it", [asked(), cancelled(), released()],
     ["request x 1", "refused x CANCELLED"]),
    ("cancelled too late", [asked(), reserved(), cancelled()],
     ["request x 1", "commit x", "rewarded x 30", "not cancelled x ALREADY_REDEEMED"]),
    ("cancelled, and unknown", [cancelled()], ["not cancelled x UNKNOWN_REDEMPTION"]),
    ("cancelled after it was refused", [asked(gift="car"), cancelled()],
     ["refused x UNKNOWN_GIFT", "not cancelled x UNKNOWN_GIFT"]),
    ("asked again: no second end", [asked(), reserved(), asked()],
     ["request x 1", "commit x", "rewarded x 30"]),
    ("asked again while it is open", [asked(), asked(), reserved()],
     ["request x 1", "commit x", "rewarded x 30"]),
    ("a refused one asked again", [asked(gift="car"), asked(gift="car")], ["refused x UNKNOWN_GIFT"]),
]  # fmt: skip


def short(outcome: Outcome) -> str:
    match outcome:
        case StockRequested():
            return f"request {outcome.redemption_id} {outcome.quantity}"
        case StockCommitted():
            return f"commit {outcome.redemption_id}"
        case RewardRedeemed():
            return f"rewarded {outcome.redemption_id} {outcome.points}"
        case RedemptionRefused():
            word = "not cancelled" if outcome.cancellation else "refused"
            return f"{word} {outcome.redemption_id} {outcome.reason}"
        case _:
            raise AssertionError(outcome)


def told(events: list[Any]) -> list[str]:
    """Through `points` first, as in a pass: the event itself, then what points says of it."""
    points, redemptions = life(at_once()), Life(REDEMPTIONS)
    points.hear(bought(5000))
    for event in events:
        heard = [event, *points.hear(event)]
        redemptions.hear(*[one for one in heard if type(one) in REDEMPTIONS.listens_to])
    return [short(outcome) for outcome in redemptions.said]


@pytest.mark.parametrize(("name", "events", "said"), ROWS, ids=ids(ROWS))
def test_redemptions(name: str, events: list[Any], said: list[str]) -> None:
    """What is asked of the stock, and how it ends."""
    assert told(events) == said


def test_an_ended_request_is_forgotten_at_last() -> None:
    """430 days after its end; until then it answers a late cancellation."""
    lived = Life(REDEMPTIONS)
    points = life(at_once())
    points.hear(adjusted(50, day=0))
    lived.hear(*points.hear(asked()), *points.hear(reserved()))
    assert lived.state.requests
    lived.wait(MEMBER, at(432))
    assert not lived.state.requests
    assert lived.due() is None


def test_a_repeat_of_points_says_nothing_twice() -> None:
    """CONFLICTS and ALREADY_POSTED are answers to a repeat, no ends."""
    lived = Life(REDEMPTIONS)
    for reason in (Reason.ALREADY_POSTED, Reason.CONFLICTS):
        repeat = HoldRefused(
            event_id="e",
            member_id=MEMBER,
            occurred_at=at(1),
            redemption_id="x",
            product_id="mug",
            reason=reason,
        )
        assert lived.hear(repeat) == []
    assert PointsHeld in REDEMPTIONS.listens_to
