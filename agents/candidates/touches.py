"""Touches where the member is: products are told of them, and asked for their neighbours.

A touch is a look or a line of an order; a product that is among the last `WINDOW` touches is not touched
again. The word that counts a look for the hot lists (the first in an hour) asks at the same time, so a look
is one message. An order asks for its last `ASKED_MOST` lines. When an hour has passed in silence the
touches that are still to be told are told, as else a new shop would learn nothing on its first day; when a
day has, a list is wanted, as other sources weigh more then.
Who logs in after two days or more is followed from what is known by then: all products of the journey are
asked again, as their neighbours have changed meanwhile. Who comes every day costs no such questions.

Of a member who refuses personal offers only the looks are counted, as those of everybody; nothing of what
they did is kept, and the journey starts anew when they allow it again.

What the answers make is kept apart, in `offers.py`: so a touch writes a few hundred bytes and no tastes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, Tables, Woken
from agents.calendar import DAY, HOUR
from agents.candidates.journey import Journey, Surrounded, close, lately, learn, touch
from agents.candidates.known import added
from agents.interests import first
from schemas.actions import ProductBrowsed
from schemas.candidates import (
    ConsentGiven,
    ConsentPurpose,
    ConsentWithdrawn,
    ListWanted,
    NeighboursTold,
    Occasion,
    ProductTouched,
    TouchSurrounded,
)
from schemas.outcomes import OrderPlaced, ProductViewed
from schemas.record import Event, Outcome
from schemas.risk import LoggedIn

ASKED_MOST = 10
AWAY = 2 * DAY
RECENT_TOLD = 20
LOOK_STEPS = 1.0
ORDER_STEPS = 4.0


class Touches(Struct, array_like=True):
    """The journey; looks counted within an hour (product → second); the last touch and question."""

    journey: Journey = field(default_factory=Journey)
    looked: dict[str, int] = field(default_factory=dict)
    touched_at: int = 0
    asked_at: int = 0
    looks_at: int | None = None
    refused: bool = False
    told: bytes = b""  # the marks of all products that were told of a touch


Heard = (
    ProductBrowsed
    | OrderPlaced
    | NeighboursTold
    | ConsentGiven
    | ConsentWithdrawn
    | LoggedIn
    | Woken
)


def react(state: Touches, event: Heard, _tables: Tables) -> Iterable[Outcome]:
    """Tell and ask."""
    match event:
        case ProductBrowsed():
            return _looked(state, event)
        case NeighboursTold(product_id=product_id, touches=touches):
            learn(state.journey, product_id, touches)
            return ()
        case OrderPlaced():
            return _ordered(state, event)
        case Woken():
            return _silent(state, event.key, event.occurred_at)
        case LoggedIn():
            return _returned(state, event)
        case ConsentGiven() | ConsentWithdrawn():
            return _agreed(state, event)
        case _:
            assert_never(event)


def wake_at(state: Touches) -> int | None:
    """When to see whether the member has been silent: not moved by a touch, so it is set once an hour."""
    return state.looks_at


def _looked(state: Touches, event: ProductBrowsed) -> Iterator[Outcome]:
    product_id, member_id, at = event.product_id, event.member_id, event.occurred_at
    journey = state.journey
    counted = first(state.looked, product_id, at // 1_000)
    if state.refused or lately(journey, product_id):
        if counted:
            yield ProductViewed(product_id=product_id, member_id=member_id, occurred_at=at)
        return
    recent = journey.products[:RECENT_TOLD]
    told = [_told(state, one, at) for one in touch(journey, product_id, LOOK_STEPS)]
    _stay(state, at)
    if counted:
        yield ProductViewed(
            product_id=product_id,
            member_id=member_id,
            occurred_at=at,
            recent=recent,
            place=journey.reached,
        )
    else:
        yield _asked(event, product_id, recent, journey.reached, Occasion.LOOK)
    yield from told
    if not recent:
        yield ListWanted(member_id=member_id, occurred_at=at, stranger=True)


def _ordered(state: Touches, event: OrderPlaced) -> Iterator[Outcome]:
    if state.refused:
        return
    journey, at = state.journey, event.occurred_at
    once = list(dict.fromkeys(line.product_id for line in event.lines))
    fresh = [product for product in once if not lately(journey, product)]
    if not fresh:
        return
    stranger, ask_from = not journey.products, len(fresh) - ASKED_MOST
    asked = min(ASKED_MOST, len(fresh))
    for place, product_id in enumerate(fresh):
        recent = journey.products[:RECENT_TOLD]
        for one in touch(journey, product_id, ORDER_STEPS / len(once)):
            yield _told(state, one, at)
        if place >= ask_from:
            yield _asked(event, product_id, recent, journey.reached, Occasion.ORDER, asked)
    _stay(state, at)
    if stranger:
        yield ListWanted(member_id=event.member_id, occurred_at=at, stranger=True)


def _asked(
    event: ProductBrowsed | OrderPlaced | LoggedIn,
    product_id: str,
    recent: list[str],
    place: float,
    occasion: Occasion,
    asked: int = 1,
) -> ProductTouched:
    return ProductTouched(
        product_id=product_id,
        occurred_at=event.occurred_at,
        member_id=event.member_id,
        recent=recent,
        place=place,
        occasion=occasion,
        asked=asked,
    )


def _told(state: Touches, one: Surrounded, at: int) -> TouchSurrounded:
    before, state.told = state.told, added(state.told, one.product_id)
    return TouchSurrounded(
        product_id=one.product_id,
        occurred_at=at,
        before=one.before,
        after=one.after,
        first=state.told is not before,
    )


def _stay(state: Touches, at: int) -> None:
    state.touched_at = max(at, state.touched_at)
    state.asked_at = max(at, state.asked_at)
    until = state.touched_at + HOUR
    if state.looks_at is None or state.looks_at > until:
        state.looks_at = until


def _silent(state: Touches, member_id: str, at: int) -> Iterator[TouchSurrounded | ListWanted]:
    """After an hour of silence the journey is told to its end, after a day a list is wanted."""
    hour, day = state.touched_at + HOUR, state.touched_at + DAY
    if at < hour:
        state.looks_at = hour
        return
    for one in close(state.journey):
        yield _told(state, one, at)
    state.looks_at = day if at < day else None
    if at >= day:
        yield ListWanted(member_id=member_id, occurred_at=at, stranger=False)


def _returned(state: Touches, event: LoggedIn) -> Iterator[ProductTouched]:
    """Ask all of the journey again, the oldest first."""
    journey, at = state.journey, event.occurred_at
    if not journey.products or at - state.asked_at < AWAY:
        return
    state.asked_at = at
    products = journey.products
    newest = [place for place, product in enumerate(products) if product not in products[:place]]
    for place in reversed(newest):
        recent = products[place + 1 : place + 1 + RECENT_TOLD]
        lies, asked = journey.places[place], len(newest)
        yield _asked(event, products[place], recent, lies, Occasion.LOG_IN, asked)


def _agreed(state: Touches, event: ConsentGiven | ConsentWithdrawn) -> Iterable[Outcome]:
    """When the answer is another than before, all but the counted looks is forgotten."""
    refused = isinstance(event, ConsentWithdrawn)
    if event.purpose is ConsentPurpose.PERSONALISATION and refused is not state.refused:
        state.refused, state.journey, state.looks_at = refused, Journey(), None
        state.told = b""
        state.touched_at = state.asked_at = 0
    return ()


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {ProductBrowsed, OrderPlaced, NeighboursTold, ConsentGiven, ConsentWithdrawn, LoggedIn}
)
TOUCHES: Agent[Any] = Agent("touches", Touches, HEARS, react, wake_at)
