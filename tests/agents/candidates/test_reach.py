"""Reach: to how many members a product was new, of late and ever, from the product to the members stage."""

from __future__ import annotations

from math import exp, log2

import pytest

from agents.calendar import HOUR
from agents.candidates import reach
from agents.candidates.known import mark
from agents.candidates.reach import (
    FEW,
    HALF_LIFE,
    PUBLISH_AFTER,
    REACHED,
    REACHED_MOST,
    SLACK,
    Reach,
    Reached,
)
from agents.candidates.trends import GATHERING, TRENDING
from schemas.candidates import ProductTrended, ReachPublished, TouchSurrounded
from tests.agents.rows import Life, table_of

START = 1_323_432_000_000


def surrounded(at: int, *, first: bool = True) -> TouchSurrounded:
    return TouchSurrounded(
        event_id=f"s{at}", product_id="p", occurred_at=at, before=[], after=[], first=first
    )


def trended(product: str, recent: float, members: int, at: int = START) -> ProductTrended:
    """So many members of late, at this moment."""
    return ProductTrended(
        event_id=f"{product}-{at}",
        model="trends",
        occurred_at=at,
        product_id=product,
        log2_reach=at / HALF_LIFE + log2(recent),
        members=members,
    )


def published(life: Life) -> list[ReachPublished]:
    return [one for one in life.said if isinstance(one, ReachPublished)]


def logarithms(held: Reached, *products: str) -> list[list[float]]:
    found: list[list[float]] = held.of(products).T.tolist()
    return found


def test_members_of_late_are_half_as_many_in_a_week() -> None:
    """Whatever the order in which they are heard of."""
    for times in ([0, 0, HALF_LIFE], [HALF_LIFE, 0, 0]):
        found = Reach()
        for at in times:
            reach.meet(found, START + at)
        assert found.members == 3
        now = (START + HALF_LIFE) / HALF_LIFE
        assert 2 ** (found.log2_recent - now) == pytest.approx(2 / 2 + 1)


def test_a_product_tells_when_it_has_doubled() -> None:
    """The first member, the second, the fourth …, and with every rise in a hot list what it has by then."""
    said = Life(TRENDING).hear(*(surrounded(START) for _ in range(8)))
    assert [one.members for one in said] == [1, 2, 4, 8]  # type: ignore[attr-defined]


def test_a_member_counts_once() -> None:
    """A touch of what the member had touched before is none."""
    life = Life(TRENDING)
    life.hear(surrounded(START), surrounded(START + 1, first=False))
    assert life.state.reach.members == 1


def test_it_is_published_now_and_then() -> None:
    """At first whenever twice as many products are known, then every six hours."""
    life = Life(GATHERING)
    life.hear(*(trended(f"p{n}", 1.0, 1) for n in range(8)))
    assert [len(one.marks) for one in published(life)] == [1, 2, 4, 8]
    life.hear(trended("p1", 3.0, 3, START + PUBLISH_AFTER - 1))
    assert len(published(life)) == 4
    life.hear(trended("p1", 3.0, 3, START + PUBLISH_AFTER))
    (*_, last) = published(life)
    assert dict(zip(last.marks, last.members, strict=True))[mark("p1")] == 3
    assert last.recent == sorted(last.recent, reverse=True)
    assert last.recent[-1] == pytest.approx(2 ** (-PUBLISH_AFTER / HALF_LIFE))


def test_the_strongest_are_kept() -> None:
    """However many tell; bounded, and what is told is the strongest."""
    life = Life(GATHERING)
    count = REACHED_MOST + 2 * SLACK
    for n in range(count):
        life.hear(trended(f"p{n}", 1.0 + n, n + 1))
    assert len(life.state.reached) <= REACHED_MOST + SLACK
    life.hear(trended("p0", 1.0, 1, START + PUBLISH_AFTER))
    (*_, last) = published(life)
    assert last.marks == [mark(f"p{n}") for n in range(count - 1, count - 1 - REACHED_MOST, -1)]
    assert life.state.reach.kept == len(life.state.reached)


def test_what_members_hold() -> None:
    """Logarithms of both numbers; of what is not among them, of nobody of late and the middle ever."""
    told = ReachPublished(
        event_id="r", model="reach", occurred_at=5, marks=[mark("a"), mark("b"), mark("c")],
        recent=[9.0, 2.0, 1.0], members=[30, 20, 10],
    )  # fmt: skip
    held: Reached = table_of(REACHED, [told])  # type: ignore[arg-type,assignment]  # broadcasts of ours
    (a_recent, a_ever), (recent, ever) = logarithms(held, "a", "unheard of")
    assert (exp(a_recent), exp(a_ever)) == pytest.approx((9.0 + FEW, 31))
    assert (exp(recent), exp(ever)) == pytest.approx((FEW, 21))


def test_of_the_others_when_there_is_no_room_for_more() -> None:
    """Half as much of late as the weakest."""
    told = ReachPublished(
        event_id="r", model="reach", occurred_at=5, marks=list(range(REACHED_MOST)),
        recent=[4.0] * REACHED_MOST, members=[7] * REACHED_MOST,
    )  # fmt: skip
    held: Reached = table_of(REACHED, [told])  # type: ignore[arg-type,assignment]  # broadcasts of ours
    ((recent, _),) = logarithms(held, "unheard of")
    assert exp(recent) == pytest.approx(2.0 + FEW)


def test_an_older_one_changes_nothing() -> None:
    """Broadcasts may be heard again; before there is one, nothing is said of any."""
    tells = [
        ReachPublished(
            event_id=f"r{at}", model="reach", occurred_at=at, marks=[mark("a")],
            recent=[float(at)], members=[at],
        )
        for at in (HOUR, 2 * HOUR)
    ]  # fmt: skip
    forwards = table_of(REACHED, tells)  # type: ignore[arg-type]  # broadcasts of ours
    assert table_of(REACHED, [*tells, tells[0]]) == forwards  # type: ignore[list-item]
    assert logarithms(Reached(), "a", "b") == [[0.0, 0.0]] * 2
