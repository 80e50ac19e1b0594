"""What products are like by their description: features answer, kin is kept and told, nothing at a touch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from agents import Stage
from agents.candidates.content import CONTENT, KIN_MOST, TOLD_MOST, Content, strongest
from agents.candidates.features import BEARERS_MOST, FEATURES, WORDS_MOST, features
from agents.candidates.features import TOLD_MOST as BEARERS_TOLD_MOST
from schemas.actions import ProductListed
from schemas.content import BearersTold, FeatureStated, KinChanged, KinMet
from schemas.record import Outcome
from streams.plan import Topology
from streams.simulate import Simulation
from streams.state import OF_KEYS, holder
from tests.agents.rows import Life, ids, stored
from tests.simulation.schedule import played

AT = 1_323_432_000_000
STAGES = (
    Stage("products", "product_id", (CONTENT,)),
    Stage("searches", "term", (FEATURES,)),
)


def listed(
    product_id: str, name: str, at: int = AT, *, category: str = "", brand: str = "", price: int = 0
) -> ProductListed:
    return ProductListed(
        event_id=f"{product_id}/{at}",
        product_id=product_id,
        occurred_at=at,
        name=name,
        category=category,
        brand=brand,
        price_minor=price,
        currency="GBP",
    )


def stated(product_id: str, *, borne: bool = True) -> FeatureStated:
    return FeatureStated(term="lamp", occurred_at=AT, product_id=product_id, borne=borne)


def bearers(term: str, others: Sequence[str], count: int) -> BearersTold:
    return BearersTold(
        product_id="p", occurred_at=AT, term=term, product_ids=[*others], bearers=count
    )


def met(kin_id: str, weight: float) -> KinMet:
    return KinMet(product_id="p", occurred_at=AT, kin_id=kin_id, weight=weight)


FEATURE_ROWS = [
    ("words, the longest first", listed("p", "Red Lampshade"), ["lampshade", "red"]),
    ("each once, in any form", listed("p", "lamp, LAMP + Lamp"), ["lamp"]),
    ("not the shortest", listed("p", "T-light of 10 x"), ["light"]),
    (
        "category and brand",
        listed("p", "", category="Home", brand=" B "),
        ["category:home", "brand:b"],
    ),
    ("a price is a band", listed("p", "", price=1_000), ["price:GBP:19"]),
    ("and half a doubling up the next", listed("p", "", price=1_449), ["price:GBP:21"]),
    ("nothing is known", listed("p", "  "), []),
]


@pytest.mark.parametrize(("_", "event", "expected"), FEATURE_ROWS, ids=ids(FEATURE_ROWS))
def test_features(_: str, event: ProductListed, expected: list[str]) -> None:
    """The terms of a description."""
    assert features(event) == expected


def test_features_are_bounded() -> None:
    """However long a name and a category are: so many words, and terms that a record can hold."""
    long = " ".join(f"word{n}" * 30 for n in range(50))[:500]
    found = features(listed("p", long, category="c" * 100, brand="b" * 100, price=10**12))
    assert len(found) <= WORDS_MOST + 3
    for term in found:
        Life(FEATURES).hear(FeatureStated(term=term, occurred_at=AT, product_id="p"))


def test_a_feature_answers_with_those_before() -> None:
    """The newest others, and how many in all; who bears it no longer is not named."""
    feature = Life(FEATURES)
    feature.hear(stated("a"), stated("b"), stated("c"))
    assert _bearers(feature.hear(stated("d"))) == [(["a", "b", "c"], 4)]
    assert feature.hear(stated("b", borne=False)) == []
    assert _bearers(feature.hear(stated("a"))) == [(["c", "d"], 3)]


def test_a_feature_is_bounded() -> None:
    """What all bear is counted, and keeps the newest."""
    feature = Life(FEATURES)
    for n in range(3 * BEARERS_MOST):
        feature.hear(stated(f"p{n:03}"))
    (answer,) = _bearers(feature.hear(stated("last")))
    assert answer == ([f"p{n:03}" for n in range(300 - BEARERS_TOLD_MOST, 300)], 301)
    assert len(feature.state.products) == BEARERS_MOST


def _bearers(said: list[Outcome]) -> list[tuple[list[str], int]]:
    return [(one.product_ids, one.bearers) for one in said if isinstance(one, BearersTold)]


def _short(said: Sequence[Outcome]) -> list[object]:
    found: list[object] = []
    for one in said:
        match one:
            case FeatureStated(term=term, borne=borne):
                found.append(f"{'+' if borne else '-'}{term}")
            case KinMet(product_id=kin, weight=weight):
                found.append((kin, round(weight, 3)))
            case KinChanged(kin_ids=kin_ids):
                found.append(kin_ids)
    return found


LAMP = listed("p", "red lamp")
PRODUCT_ROWS = [
    ("it asks", [LAMP], ["+lamp", "+red"]),
    ("the same again asks nothing", [LAMP, LAMP], ["+lamp", "+red"]),
    (
        "rare features speak louder",
        [LAMP, bearers("lamp", ["a"], 4), bearers("red", ["b"], 100)],
        ["+lamp", "+red", ("a", 0.5), ("b", 0.1), ["a", "b"]],
    ),
    (
        "shared features add up",
        [LAMP, bearers("lamp", ["a", "b"], 4), bearers("red", ["b"], 100)],
        ["+lamp", "+red", ("b", 0.6), ("a", 0.5), ["b", "a"]],
    ),
    (
        "an answer that nobody waits for is not heard",
        [LAMP, bearers("lamp", [], 1), bearers("lamp", ["a"], 2), bearers("red", [], 1)],
        ["+lamp", "+red", []],
    ),
    (
        "a new description takes back what no longer holds",
        [
            listed("p", "red"),
            bearers("red", ["a"], 4),
            listed("p", "lamp", AT + 1),
            bearers("lamp", ["b"], 4),
        ],
        ["+red", ("a", 0.5), ["a"], "-red", "+lamp", ("a", 0.0), ("b", 0.5), ["b"]],
    ),
    (
        "nothing is left of a description",
        [listed("p", "red"), bearers("red", ["a"], 4), listed("p", "", AT + 1)],
        ["+red", ("a", 0.5), ["a"], "-red", ("a", 0.0), []],
    ),
    ("kin tells of itself", [met("a", 0.5), met("b", 0.7)], [["a"], ["b", "a"]]),
    ("of equals the newest is first", [met("a", 0.5), met("b", 0.5)], [["a"], ["b", "a"]]),
    ("and goes", [met("a", 0.5), met("a", 0.0)], [["a"], []]),
    (
        "who came while answers were awaited stays",
        [listed("p", "red"), met("z", 0.9), bearers("red", ["a"], 4)],
        ["+red", ["z"], ("z", 0.9), ("a", 0.5), ["z", "a"]],
    ),
]


@pytest.mark.parametrize(("_", "events", "expected"), PRODUCT_ROWS, ids=ids(PRODUCT_ROWS))
def test_kin(
    _: str, events: list[ProductListed | BearersTold | KinMet], expected: list[object]
) -> None:
    """What a product asks, keeps and tells."""
    assert _short(Life(CONTENT).hear(*events)) == expected


def test_kin_is_bounded() -> None:
    """A thousand products like it: the strongest are kept, few are told, the weak say nothing."""
    product = Life(CONTENT)
    product.hear(*[met(f"k{n}", 1.0 + n / 1_000) for n in range(1_000)])
    assert list(product.state.kin) == [f"k{n}" for n in range(1_000 - KIN_MOST, 1_000)]
    assert product.hear(met("weak", 0.001)) == []
    told = listed("p", " ".join(f"word{'abcdefgh'[n] * (n + 1)}" for n in range(WORDS_MOST)))
    asked = [one.term for one in product.hear(told) if isinstance(one, FeatureStated)]
    said = product.hear(
        *[
            bearers(term, [f"{term}{n}" for n in range(50)], 2 + place)
            for place, term in enumerate(asked)
        ]
    )
    assert sum(isinstance(one, KinMet) for one in said) == TOLD_MOST
    assert stored(CONTENT, product.state)[0] < 2_000


def test_strongest_keeps_the_order() -> None:
    """The newest of equals, in the order in which they came."""
    assert list(strongest({"a": 1.0, "b": 0.5, "c": 1.0, "d": 1.0}, 2)) == ["c", "d"]


def test_both_sides_know_each_other() -> None:
    """Whoever is listed first: over partitions, every product ends with the others of its kind as kin."""
    names = {
        f"{kind}{n}": f"{kind} number {'abc'[n]}" for kind in ("lamp", "mug") for n in range(3)
    }
    events = [(AT + n, listed(one, name, AT + n)) for n, (one, name) in enumerate(names.items())]
    simulation = played(Topology(STAGES, {"products": 3, "searches": 2}), events)
    assert not simulation.dead_letters(), simulation.dead_letters()[0].detail
    found = dict(_states(simulation))
    assert found.keys() == names.keys()
    for product_id, state in found.items():
        alike = {one for one in names if one[:3] == product_id[:3] and one != product_id}
        assert set(strongest(state.kin, 2)) == alike, product_id


def _states(simulation: Simulation) -> Iterator[tuple[str, Content]]:
    """Products and what they keep."""
    its = holder(CONTENT, OF_KEYS)
    for worker in simulation.workers:
        for key, value in worker.store.values.items():
            if key.startswith(its.state_prefix):
                yield key.removeprefix(its.state_prefix).decode(), its.codec.decode(value)
