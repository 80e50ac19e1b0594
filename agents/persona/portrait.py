"""The agent of persona: hears what a member does, and says what the member is like.

It is said when an order was scored and when something came back; anything else, such as looks and searches,
waits for the beginning of the member's own week. So a busy day of looking costs one message, and silence
none. It hears after loyalty, whose score of the order it keeps beside what the member spends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import log2
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, Tables, Woken
from agents.calendar import DAY, HOUR
from agents.heat import added
from agents.interests import normalised
from agents.loyalty.snapshots import begin_of, rhythm, week_of
from agents.persona import prices
from agents.persona.preferences import Weights, names, preferred, touch
from agents.persona.spending import HALF_LIFE, Spending, buy, price, rate, refund, told_again
from schemas.actions import ProductBrowsed, SearchMade
from schemas.loyalty import LoyaltyScored
from schemas.outcomes import MemberEnrolled, OrderPlaced, OrderRefused, Reason, ReturnAccepted
from schemas.persona import DayPart, PersonaChanged
from schemas.record import Event, Outcome
from schemas.risk import LoggedIn

TERMS_HALF_LIFE = 8 * 7 * DAY
LOOKS_HALF_LIFE = 4 * 7 * DAY
FIT_MOST = 3  # so many preferences are held against the next order
PARTS = (DayPart.NIGHT, DayPart.MORNING, DayPart.AFTERNOON, DayPart.EVENING)
HOURS_MOST = 256  # doings by part of the day; then all counts are halved
REPEATS = (Reason.ALREADY_POSTED, Reason.CONFLICTS)


class Persona(Struct):
    """What is known; `fresh`: of something that was not said; `ordered`: an order waits for its score."""

    spending: Spending = field(default_factory=Spending)
    categories: Weights = field(default_factory=dict)
    terms: Weights = field(default_factory=dict)
    parts: list[int] = field(default_factory=list)
    country: str | None = None
    active_at: int = 0
    log2_looks: float = -1.0
    probability_then: float | None = None
    foretold: int = 0
    fitted: int = 0
    fresh: bool = False
    ordered: bool = False
    wakes_at: int | None = None


Heard = (
    MemberEnrolled
    | OrderPlaced
    | OrderRefused
    | ReturnAccepted
    | ProductBrowsed
    | SearchMade
    | LoggedIn
    | LoyaltyScored
    | Woken
)


def react(state: Persona, event: Heard, tables: Tables) -> Iterator[PersonaChanged]:
    """Take it in; say it at an order's score, at a return, and weekly."""
    match event:
        case MemberEnrolled():
            state.country = event.country
        case OrderPlaced():
            _bought(state, event)
            _active(state, event.member_id, event.occurred_at)
        case OrderRefused():
            if event.reason in REPEATS:
                told_again(state.spending)
        case ReturnAccepted():
            refund(state.spending, event)
            yield _said(state, event.member_id, event.occurred_at, tables)
        case ProductBrowsed():
            state.log2_looks = added(state.log2_looks, event.occurred_at / LOOKS_HALF_LIFE)
            _active(state, event.member_id, event.occurred_at)
        case SearchMade():
            if term := normalised(event.term):
                touch(state.terms, term, event.occurred_at / TERMS_HALF_LIFE)
            _active(state, event.member_id, event.occurred_at)
        case LoggedIn():
            _active(state, event.member_id, event.occurred_at)
        case LoyaltyScored():
            if state.ordered:
                state.ordered, state.probability_then = False, event.probability
                yield _said(state, event.member_id, event.occurred_at, tables)
        case Woken():
            state.wakes_at = None
            if state.fresh:
                yield _said(state, event.key, event.occurred_at, tables)
        case _:
            assert_never(event)


def wake_at(state: Persona) -> int | None:
    """When the member's next week begins, if something happened in this one."""
    return state.wakes_at


def _active(state: Persona, member_id: str, at: int) -> None:
    """Something was done: it is said when the next week begins, unless it was by then."""
    state.active_at = max(state.active_at, at)
    if not state.parts:
        state.parts = [0] * len(PARTS)
    state.parts[at % DAY // (6 * HOUR)] += 1
    if sum(state.parts) >= HOURS_MOST:
        state.parts = [count // 2 for count in state.parts]
    state.fresh = True
    if state.wakes_at is None:
        own = rhythm(member_id)
        state.wakes_at = begin_of(own, week_of(own, at) + 1)


def _bought(state: Persona, order: OrderPlaced) -> None:
    """Hold the order against what was preferred, then learn from it."""
    state.ordered = True
    paid: Counter[str] = Counter()
    for line in order.lines:
        if line.category:
            paid[line.category] += line.amount_minor
    if paid and state.categories:
        main = min(paid, key=lambda name: (-paid[name], name))
        state.foretold += 1
        state.fitted += main in names(preferred(state.categories, FIT_MOST))
    total = sum(paid.values())
    for name in sorted(paid):
        if paid[name]:  # by its part of what was paid: what is bought along is no preference
            part = log2(paid[name] / total)
            touch(state.categories, name, order.occurred_at / HALF_LIFE + part)
    buy(state.spending, order)


def _said(state: Persona, member_id: str, at: int, tables: Tables) -> PersonaChanged:
    spending, piece = state.spending, price(state.spending)
    state.fresh = False
    return PersonaChanged(
        member_id=member_id,
        occurred_at=at,
        active_at=state.active_at,
        orders=spending.orders,
        currency=spending.currency,
        spend_minor=spending.spend_minor,
        refunded_minor=spending.refunded_minor,
        spend_rate_minor=rate(spending),
        price_minor=piece,
        price_band=None if piece is None else prices.band(tables, piece),
        categories=preferred(state.categories),
        interests=preferred(state.terms),
        day_part=_part(state),
        country=state.country,
        recent_looks=0.0
        if state.log2_looks < 0
        else 2.0 ** (state.log2_looks - at / LOOKS_HALF_LIFE),
        probability_then=state.probability_then,
        foretold=state.foretold,
        fitted=state.fitted,
        quality=spending.quality,
    )


def _part(state: Persona) -> DayPart | None:
    """The part of the day with the most doings, the earliest of equals."""
    return PARTS[state.parts.index(max(state.parts))] if state.parts else None


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {
        MemberEnrolled,
        OrderPlaced,
        OrderRefused,
        ReturnAccepted,
        ProductBrowsed,
        SearchMade,
        LoggedIn,
        LoyaltyScored,
    }
)
PERSONA: Agent[Any] = Agent("persona", Persona, HEARS, react, wake_at)
