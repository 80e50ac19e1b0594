"""A member's journey: the last touches, and which of them products have not been told the whole of.

A product is told of a touch once, with what was touched before and after it: when `WINDOW` later touches
are known, or when the member has been silent for so long that none belong to it any more. One message a
touch does what a message to each pair would do, at a tenth of the traffic.

Touches lie on a scale of steps, so that what an old touch said fades as new ones come: a look is a step,
an order is `ORDER_STEPS`, however many lines it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from agents.candidates.paths import WINDOW
from schemas.candidates import Near

KEPT = 50  # a member who comes back is followed from these; at least 2 * WINDOW + 1


class Journey(Struct, array_like=True):
    """The last `KEPT` touches in parallel lists, the newest first.

    `touched` is how often the product was touched by all, as it last told; `places` where the touch lies on
    the scale of steps, `reached` where the newest does; the first `open` touches are still to be told.
    """

    products: list[str] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    places: list[float] = field(default_factory=list)
    reached: float = 0.0
    open: int = 0


class Surrounded(NamedTuple):
    """A touch whose surroundings are known; each list with the nearest first."""

    product_id: str
    before: list[Near]
    after: list[Near]


def touch(journey: Journey, product_id: str, steps: float) -> Iterator[Surrounded]:
    """The journey goes on; yields the touch that is now `WINDOW` touches ago, if it is still to be told."""
    journey.reached += steps
    journey.products.insert(0, product_id)
    journey.touched.insert(0, 0)
    journey.places.insert(0, journey.reached)
    del journey.products[KEPT:], journey.touched[KEPT:], journey.places[KEPT:]
    journey.open += 1
    if journey.open > WINDOW:
        journey.open = WINDOW
        yield _surrounded(journey, WINDOW)


def close(journey: Journey) -> Iterator[Surrounded]:
    """Nothing comes any more that belongs to the last touches: yields those still to be told."""
    for place in reversed(range(journey.open)):
        yield _surrounded(journey, place)
    journey.open = 0


def learn(journey: Journey, product_id: str, touches: int) -> None:
    """A product told how often it was touched."""
    for place, product in enumerate(journey.products):
        if product == product_id:
            journey.touched[place] = touches


def lately(journey: Journey, product_id: str) -> bool:
    """True when the product is among the last `WINDOW` touches: another look says nothing new."""
    return product_id in journey.products[:WINDOW]


def _surrounded(journey: Journey, place: int) -> Surrounded:
    """The touch at this place; places count back from the newest, which is 0."""
    after = range(place - 1, max(place - WINDOW, 0) - 1, -1)
    before = range(place + 1, min(place + WINDOW + 1, len(journey.products)))
    return Surrounded(
        journey.products[place],
        before=_near(journey, before),
        after=_near(journey, after),
    )


def _near(journey: Journey, places: Sequence[int]) -> list[Near]:
    return [Near(product_id=journey.products[p], touches=journey.touched[p]) for p in places]
