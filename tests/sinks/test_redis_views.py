"""What each outcome means for the views in Redis, as rows; how batches are cut."""

from __future__ import annotations

import pytest
from redis import SSLConnection

from agents.heat import HALF_LIVES
from schemas import topics
from schemas.friends import FriendshipDissolved, FriendshipStarted
from schemas.outcomes import OUTCOMES, Heat, TermHeated
from schemas.record import Outcome
from schemas.samples import EXAMPLE_ID, EXAMPLE_MOMENT, sample
from schemas.tiers import TierProgressed
from sinks.redis_sink.batches import parts
from sinks.redis_sink.connection import connect
from sinks.redis_sink.queries import HALF_LIVES_MS
from sinks.redis_sink.views import (
    BALANCES,
    BOARDS,
    CLOSED,
    CORRECTED,
    FEEDS,
    HIDDEN,
    HOT_SEARCHES,
    PLACED,
    STOCK,
    view,
)
from tests.sinks.redis_case import (
    DAY_BOARD,
    MOMENT,
    batch,
    closed,
    heated,
    hidden,
    scored,
    shown,
    spent,
    stocked,
)

DIGITS = "998676567999999"  # 999999999999999 - MOMENT
OF = ("occurred_at", MOMENT, "event_id")

NEXT_TIER = (
    *("next_tier", "next_tier-1", "next_threshold_points", 1),
    *("occurred_at", EXAMPLE_MOMENT, "event_id", EXAMPLE_ID),
)
ROWS = [
    (scored("m", 5), PLACED, (DAY_BOARD, "m", DIGITS, 5, 1)),
    (scored("m", 0), PLACED, (DAY_BOARD, "m", DIGITS, 0, 1)),
    (scored("m", 4, version=2), CORRECTED, (DAY_BOARD, "m", DIGITS, 4, 2)),
    (closed(1), CLOSED, (DAY_BOARD, "DAY", MOMENT, 1, 3, MOMENT + 3_600_000)),
    (
        spent("m", 9),
        PLACED,
        ("m", "pending", 7, "active", 9, "held", 3, "withheld", 2, "debt", -5, *OF, "spent-m-9"),
    ),
    (
        stocked("p", 2, 3),
        PLACED,
        ("p", "on_hand", 2, "reserved", 3, "available", -1, *OF, "stocked-p-2"),
    ),
    (
        sample(TierProgressed),
        PLACED,
        (
            "member-1",
            "tier",
            "tier-1",
            "qualifying_points",
            1,
            "review_at",
            EXAMPLE_MOMENT,
            *NEXT_TIER,
        ),
    ),
    (sample(FriendshipStarted), PLACED, ("member-1", "friend-1", 1)),
    (sample(FriendshipDissolved), PLACED, ("member-1", "friend-1", 0)),
    (hidden("m"), HIDDEN, ("m", 1)),
    (shown("m"), HIDDEN, ("m", 0)),
    (heated("p", 0.5, "day"), PLACED, ("products:day", "p", 0.5)),
    (
        TermHeated(
            term="tea", occurred_at=1, heats=[Heat(hot_list="week", log2_weight=2.5, members=3)]
        ),
        PLACED,
        ("searches:week", "tea", 2.5),
    ),
]


@pytest.mark.parametrize(
    ("outcome", "step", "arguments"), ROWS, ids=lambda value: type(value).__name__
)
def test_an_outcome_becomes_absolute_values(
    outcome: Outcome, step: int, arguments: tuple[object, ...]
) -> None:
    """One operation: its step, and what the script is told."""
    (operation,) = view(outcome)
    assert (operation.step, operation.arguments) == (step, arguments)


@pytest.mark.parametrize("kind", OUTCOMES, ids=lambda kind: kind.__name__)
def test_exactly_the_outcomes_that_are_listed_feed_a_view(kind: type[Outcome]) -> None:
    """The list of feeds and what the views make of outcomes agree, and no value is relative."""
    operations = list(view(sample(kind)))
    assert bool(operations) == (kind in FEEDS)
    if kind in FEEDS:
        assert FEEDS[kind].topic == topics.of(kind)


def test_half_lives_are_those_of_the_weights() -> None:
    """A weight is turned back by the half-life that it was made with."""
    assert HALF_LIVES_MS == HALF_LIVES


@pytest.mark.parametrize(
    ("url", "encrypted"),
    [
        ("redis://h:1/0", False),
        ("valkey://h:1", False),
        ("rediss://h", True),
        ("valkeys://h", True),
    ],
)
def test_either_name_of_the_server_will_do(url: str, encrypted: bool) -> None:
    """The client library knows Redis' schemes only."""
    assert issubclass(connect(url).connection_pool.connection_class, SSLConnection) == encrypted


def test_parts_are_chained_and_bounded() -> None:
    """Each begins where the one before ends; the first at the batch's start, the last at its end."""
    said = [scored("m", n, MOMENT + n) for n in range(1, 8)]
    cut = list(parts(BOARDS, batch(said, start=100), most=3))
    assert [(p.start, p.end) for p in cut] == [(100, 103), (103, 106), (106, 108)]
    assert [p.outcomes for p in cut] == [3, 3, 1]
    assert [p.occurred_at for p in cut] == [MOMENT + 3, MOMENT + 6, MOMENT + 7]
    assert all(len(p.steps[PLACED]) == 1 for p in cut)  # of the same member only the newest


def test_a_part_keeps_what_comes_before_and_after_a_closing_apart() -> None:
    """A correction does not hide the score that counted to the closing."""
    said = [scored("m", 5), closed(0), scored("m", 3, MOMENT + 1, version=2)]
    (part,) = parts(BOARDS, batch(said))
    assert [len(step) for step in part.steps] == [1, 1, 1, 0]


@pytest.mark.parametrize("of", [BALANCES, STOCK, HOT_SEARCHES])
def test_a_view_that_hears_nothing_goes_on_all_the_same(of: object) -> None:
    """One empty part: the cursor must reach the batch's end."""
    (part,) = parts(of, batch([scored("m", 5)]))  # type: ignore[arg-type]
    assert (part.start, part.end, part.outcomes, part.occurred_at) == (0, 2, 0, None)
