"""Offers where the member is: answers become a list with reasons; what is never in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agents.candidates import assortment, judging, reach, training, trends
from agents.candidates.assortment import ASSORTMENT
from agents.candidates.known import mark
from agents.candidates.listing import AGAIN_MOST, OFFERED, Offers
from agents.candidates.offers import OFFERS
from agents.candidates.reach import Reached
from agents.candidates.tastes import KEPT_MOST, SLACK
from agents.candidates.training import Mixtures
from schemas.candidates import (
    AvailabilityChanged,
    CandidateClicked,
    CandidateDismissed,
    CandidatesChanged,
    CandidatesShown,
    ConsentGiven,
    ConsentPurpose,
    ConsentWithdrawn,
    ListJudged,
    ListWanted,
    NeighboursTold,
    Occasion,
    Source,
    TouchExplained,
)
from schemas.outcomes import MemberEnrolled
from tests.agents.candidates.orders_told import START, order
from tests.agents.rows import Life, stored, table_of

HOUR = 3_600_000
DAY = 24 * HOUR
PERSONAL = ConsentPurpose.PERSONALISATION


def shop(
    *gone: str, hot: dict[str, float] | None = None, new: list[str] | None = None
) -> dict[str, Any]:
    """The tables of a members partition: what trends, how sources are mixed, what is out."""
    out = [
        AvailabilityChanged(event_id="o", product_id=one, occurred_at=0, available=False)
        for one in gone
    ]
    return {
        trends.NAME: trends.of_lists(hot or {}, hot or {}, new or [], 0),
        reach.NAME: Reached(),
        training.NAME: Mixtures(),
        assortment.NAME: table_of(ASSORTMENT, out),  # type: ignore[arg-type]  # broadcasts of ours
    }


def answer(product: str, at: int = 0, **weights: float) -> NeighboursTold:
    return NeighboursTold(
        event_id="a",
        member_id="m",
        occurred_at=START + at,
        product_id=product,
        touches=9,
        product_ids=list(weights),
        together=list(weights.values()),
        alike=[0.0] * len(weights),
        occasion=Occasion.LOOK,
    )


def action(kind: Any, at: int = 0, **fields: Any) -> Any:
    return kind(event_id=f"{kind.__name__}@{at}", member_id="m", occurred_at=START + at, **fields)


def listed(said: list[Any]) -> list[str]:
    """The products of the last list said."""
    (last,) = [one for one in said if isinstance(one, CandidatesChanged)][-1:]
    return [one.product_id for one in last.candidates]


# ---- the list --------------------------------------------------------------------------------------------


def test_an_answer_makes_the_list() -> None:
    """The candidates say source, reason and probability."""
    life = Life(OFFERS, shop())
    (said,) = life.hear(answer("a", x=3.0, y=1.0))
    assert isinstance(said, CandidatesChanged)
    first, second = said.candidates
    assert (first.product_id, first.source, first.reason_product_id) == ("x", Source.TOGETHER, "a")
    assert first.score == pytest.approx(0.75)
    assert second.score == pytest.approx(0.25)
    assert not said.degraded


def test_the_list_is_said_when_the_last_answer_is_in() -> None:
    """Of all that an order asked, whatever is answered in between."""
    life = Life(OFFERS, shop())
    asked = {"occasion": Occasion.ORDER, "asked": 3}
    assert life.hear(replace(answer("a", x=1.0), **asked)) == []
    assert listed(life.hear(answer("b", 5, y=2.0))) == ["y", "x"]
    assert life.hear(replace(answer("c", z=1.0), **asked)) == []
    assert set(listed(life.hear(replace(answer("d", w=1.0), **asked)))) == {"x", "y", "z", "w"}


def test_a_stranger_and_a_new_member_get_what_all_touch() -> None:
    """At once, and the list says that it is degraded; a stranger who has a list gets no other."""
    life = Life(OFFERS, shop(hot={"hot": 1.0}))
    (said,) = life.hear(action(ListWanted, stranger=True))
    assert isinstance(said, CandidatesChanged)
    assert ([one.product_id for one in said.candidates], said.degraded) == (["hot"], True)
    assert life.hear(action(ListWanted, 1, stranger=True)) == []
    assert listed(life.hear(action(ListWanted, 1, stranger=False))) == ["hot"]
    assert listed(life.hear(action(MemberEnrolled, 2))) == ["hot"]


def test_a_log_in_starts_the_tastes_anew() -> None:
    """With the first of its answers; what was answered before speaks no more."""
    life = Life(OFFERS, shop())
    life.hear(answer("a", x=1.0))
    again = {"occasion": Occasion.LOG_IN, "asked": 2}
    assert life.hear(replace(answer("a", HOUR, y=2.0), **again)) == []
    assert listed(life.hear(replace(answer("b", HOUR, z=1.0), **again))) == ["y", "z"]


def test_an_example_says_what_each_source_had_made_of_a_touch() -> None:
    """Before it is learned from, and only once there is something to weigh."""
    life = Life(OFFERS, shop(hot={"hot": 0.75, "x": 0.25}))
    life.hear(answer("a", x=3.0, y=1.0))
    later = replace(answer("x", 2 * HOUR), event_id="drawn-5")
    examples = [one for one in life.hear(later) if isinstance(one, TouchExplained)]
    assert len(examples) == 2  # one a purpose
    for one in examples:
        shares = dict(zip(one.sources, one.shares, strict=True))
        assert shares == {
            Source.TOGETHER: 0.75,
            Source.TRENDING_DAY: 0.25,
            Source.TRENDING_WEEK: 0.25,
        }


def test_the_next_touch_judges_the_list_and_the_one_beside_it() -> None:
    """An answer with item-kNN's list makes the next touch a judge, once; what is known counts not."""
    life = Life(OFFERS, shop())
    life.hear(answer("old"))
    marks = [mark(one) for one in ("old", "y", "x")]
    assert _judged(life.hear(replace(answer("a", x=3.0, y=1.0), reference=marks))) == []
    assert _judged(life.hear(answer("x", 1, z=1.0))) == [(1, 2)]
    assert _judged(life.hear(answer("y", 2))) == []
    life.hear(replace(answer("b", 3, w=1.0), reference=[]))
    assert _judged(life.hear(order("nothing"), order("w", at=5))) == [(None, None)]


def _judged(said: list[Any]) -> list[tuple[int | None, int | None]]:
    return [(one.rank, one.knn_rank) for one in said if isinstance(one, ListJudged)]


def test_what_is_described_alike_is_offered_and_says_so() -> None:
    """Kin of a touched product, where touches say nothing: the source is CONTENT, the reason the product."""
    life = Life(OFFERS, shop())
    told = replace(answer("lamp", x=1.0), kin_ids=["new"], kin_weights=[0.25])
    (said,) = life.hear(told)
    assert isinstance(said, CandidatesChanged)
    found = {one.product_id: one for one in said.candidates}
    assert found.keys() == {"x", "new"}
    assert (found["new"].source, found["new"].reason_product_id) == (Source.CONTENT, "lamp")
    life.hear(answer("new", 1))
    assert "new" not in listed(life.hear(replace(told, place=1.0)))


# ---- what is never in the list ---------------------------------------------------------------------------

NEVER = [
    ("seen", [answer("x")], ["y"]),
    ("bought once", [order("x")], ["y"]),
    ("bought twice: consumable", [order("x"), order("x", at=1)], ["x", "y"]),
    ("dismissed", [action(CandidateDismissed, product_id="x")], ["y"]),
    ("nothing against it", [], ["x", "y"]),
]


@pytest.mark.parametrize(("before", "products"), [r[1:] for r in NEVER], ids=[r[0] for r in NEVER])
def test_never_offered(before: list[Any], products: list[str]) -> None:
    """What the member knows or does not want, however loud its neighbours are."""
    life = Life(OFFERS, shop())
    life.hear(*before)
    assert listed(life.hear(answer("p9", 60, x=2.0, y=1.0))) == products


def test_what_is_out_is_not_offered_whatever_its_source() -> None:
    """Hidden or out of stock: neither by neighbours, nor as trending, nor as new."""
    life = Life(OFFERS, shop("x", "hot", "new", hot={"hot": 0.9, "warm": 0.1}, new=["new"]))
    assert listed(life.hear(answer("a", x=2.0, y=1.0))) == ["y", "warm"]


def test_who_refuses_gets_what_all_touch_and_leaves_nothing() -> None:
    """No word about them goes to products, nothing is kept; allowed again, it starts from nothing."""
    life = Life(OFFERS, shop(hot={"hot": 1.0}))
    life.hear(answer("a", x=2.0))
    (said,) = life.hear(action(ConsentWithdrawn, 5, purpose=PERSONAL))
    assert isinstance(said, CandidatesChanged)
    assert ([one.product_id for one in said.candidates], said.personal) == (["hot"], False)
    assert life.hear(order("c", at=7), answer("a", 8, y=1.0)) == []
    assert life.state == Offers(refused=True)
    (said,) = life.hear(action(ConsentGiven, 9, purpose=PERSONAL))
    assert isinstance(said, CandidatesChanged)
    assert (said.personal, said.degraded) == (True, True)
    assert life.state == Offers(listed=judging.listed(said.candidates))
    assert life.hear(action(ConsentWithdrawn, 10, purpose=ConsentPurpose.MARKETING)) == []


# ---- how it is ordered ------------------------------------------------------------------------------------


def test_what_is_shown_again_and_again_sinks_until_it_is_clicked() -> None:
    """Three showings halve it; a click wipes them out; a week halves them."""
    life = Life(OFFERS, shop())
    weights = {"x": 3.0, "y": 2.0}
    assert listed(life.hear(answer("a", **weights))) == ["x", "y"]
    for minute in range(3):
        life.hear(action(CandidatesShown, minute, product_ids=["x"]))
    assert listed(life.hear(answer("a", 5))) == ["y", "x"]
    life.hear(action(CandidateClicked, 6, product_id="x"))
    assert listed(life.hear(answer("a", 7))) == ["x", "y"]


def test_a_quota_for_each_reason() -> None:
    """No more than six by one product before others come; the list is filled all the same."""
    life = Life(OFFERS, shop())
    life.hear(answer("a", 2, **{f"a{n}": 10.0 - n / 10 for n in range(15)}))
    said = life.hear(
        replace(answer("b", 3, **{f"b{n}": 1.0 - n / 100 for n in range(15)}), place=1.0)
    )
    products = listed(said)
    assert len(products) == OFFERED
    assert products[:6] == [f"a{n}" for n in range(6)]
    assert products[6:12] == [f"b{n}" for n in range(6)]


def test_a_quota_for_what_was_bought_before() -> None:
    """Half of a list at most, as long as there is something else; without that, all of it."""
    owned = [f"own{n:02}" for n in range(30)]
    for others in (3, 90):
        life = Life(OFFERS, shop(hot={f"hot{n:02}": 0.001 for n in range(others)}))
        life.hear(order(*owned, at=0))
        life.hear(order(*owned, at=1))
        products = listed(life.hear(action(ListWanted, 5, stranger=False)))
        assert len(products) == OFFERED
        assert sum(product in owned for product in products) == max(AGAIN_MOST, OFFERED - others)


def test_a_new_product_gets_a_start() -> None:
    """The last place is for one that is new, another each day."""
    new = [f"new{n}" for n in range(7)]
    life = Life(OFFERS, shop(new=new))
    said = life.hear(answer("a", 1, **{f"x{n}": 1.0 for n in range(30)}))
    assert len(listed(said)) == OFFERED
    assert listed(said)[-1] in new
    others = set()
    for day in range(1, 15):
        others.add(listed(life.hear(answer("a", day * DAY)))[-1])
    assert len(others) > 3


# ---- whatever happens ----------------------------------------------------------------------------------

PRODUCTS = st.integers(0, 40).map(lambda n: f"p{n}")
EVENTS = st.lists(
    st.one_of(
        st.builds(lambda at: action(ListWanted, at, stranger=False), st.integers(0, 5 * DAY)),
        st.builds(
            lambda ps, at: order(*ps, at=at), st.lists(PRODUCTS, min_size=1), st.integers(0, DAY)
        ),
        st.builds(
            lambda p, n, at: answer(p, at, **{f"q{i}": 1.0 + i for i in range(n)}),
            PRODUCTS,
            st.integers(0, 30),
            st.integers(0, DAY),
        ),
        st.builds(
            lambda p, at: action(CandidatesShown, at, product_ids=[p]),
            PRODUCTS,
            st.integers(0, DAY),
        ),
        st.builds(
            lambda p, at: action(CandidateDismissed, at, product_id=p),
            PRODUCTS,
            st.integers(0, DAY),
        ),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_in_whatever_order_and_time(events: list[Any]) -> None:
    """A list is short, has no product twice, and scores are probabilities that fall; state is bounded."""
    life = Life(OFFERS, shop(hot={f"q{n}": 0.1 for n in range(10)}))
    for said in life.hear(*events):
        if isinstance(said, CandidatesChanged):
            products = [one.product_id for one in said.candidates]
            assert len(set(products)) == len(products) <= OFFERED
            assert all(0.0 <= one.score <= 1.0 for one in said.candidates)
    assert len(life.state.tastes.products) <= KEPT_MOST + SLACK


def test_small_enough_with_the_longest_ids() -> None:
    """The state of a member who touched and bought more than is kept, of ids as long as they may be."""
    life = Life(OFFERS, shop())
    for number in range(300):
        product = f"p{number}".ljust(128, "x")
        life.hear(order(product, at=number))
        others = {f"q{number}-{n}".ljust(128, "x"): 1.0 for n in range(100)}
        life.hear(answer(product, number, **others))
        life.hear(action(CandidatesShown, number, product_ids=list(others)))
        life.hear(action(CandidateDismissed, number, product_id=next(iter(others))))
    record, _ = stored(OFFERS, life.state)
    assert record < 64 * 1024
