"""Small agents that show what the pass does: they say what they heard.

`MemberEnrolled.country` and `ReturnRefused.order_id` carry their words, as any outcome would do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from agents import Agent, BrokenLedger, Place, Stage, StateMap, Table
from schemas.actions import (
    ClockTicked,
    GiftListed,
    ProductBrowsed,
    RedemptionCancelled,
    SearchMade,
)
from schemas.outcomes import (
    GiftPriced,
    GiftRefused,
    MemberEnrolled,
    ProductViewed,
    Reason,
    ReturnRefused,
)
from schemas.record import Event, Outcome
from streams.plan import Topology

MINUTE = 60_000
START = 1_300_000_000_000


class Seen(Struct, frozen=True):
    """How often a product was looked at."""

    times: int = 0


class Count(Struct):
    """Looks, all and by product."""

    looks: int = 0
    by_product: StateMap[Seen] = field(default_factory=StateMap)


def said(member_id: str, at: int, words: str) -> MemberEnrolled:
    return MemberEnrolled(member_id=member_id, occurred_at=at, country=words)


def answered(member_id: str, at: int, words: str) -> ReturnRefused:
    return ReturnRefused(
        member_id=member_id, occurred_at=at, return_id="r", order_id=words, reason=Reason.UNKNOWN
    )


def refused(member_id: str, at: int, words: str) -> GiftRefused:
    return GiftRefused(
        member_id=member_id,
        occurred_at=at,
        redemption_id=words,
        product_id="p1",
        reason=Reason.UNKNOWN,
    )


def count(state: Count, event: Any, _tables: Any) -> Iterable[Outcome]:
    """Counts; product `poison` raises half-way, `huge` says too much, `ledger` stops."""
    state.looks += 1
    seen = state.by_product.get(event.product_id, Seen())
    state.by_product[event.product_id] = Seen(seen.times + 1)
    yield said(event.member_id, event.occurred_at, f"{event.product_id} {seen.times + 1}")
    match event.product_id:
        case "poison":
            raise ValueError("it cannot be counted")
        case "ledger":
            raise BrokenLedger("1 point too many")
        case "guest":
            yield ProductViewed(
                product_id="p1", member_id=event.member_id, occurred_at=event.occurred_at
            )
        case "huge":
            yield said(event.member_id, event.occurred_at, "x" * 600_000)
        case "foreign":
            yield refused(event.member_id, event.occurred_at, "not its word")
        case "limit":
            yield answered("", event.occurred_at, "for nobody")


class Heard(Struct):
    """What was heard, in order."""

    words: list[str] = field(default_factory=list)


def listen(state: Heard, event: Any, _tables: Any) -> Iterable[Outcome]:
    """Says what it heard so far, when something new comes."""
    said_before = isinstance(event, MemberEnrolled)
    state.words.append(str(event.country if said_before else event.product_id))
    yield answered(event.member_id, event.occurred_at, ",".join(state.words))


class Answers(Struct):
    """How many answers came by."""

    heard: int = 0


def notice(state: Answers, _event: Any, _tables: Any) -> Iterable[Outcome]:
    """Hears what later agents answer: through the repartition topic."""
    state.heard += 1
    return ()


class Alarm(Struct):
    """When to ring."""

    rings_at: int | None = None
    rung: int = 0
    raises: int = 0


def ring(state: Alarm, event: Any, tables: Any) -> Iterable[Outcome]:
    """A search `in N` asks to be woken N minutes later; `stuck` stays due, `raise` raises then."""
    if isinstance(event, SearchMade):
        word, _, minutes = event.term.partition(" ")
        state.rings_at = event.occurred_at + int(minutes or 1) * MINUTE
        state.raises = {"stuck": 1, "raise": 2}.get(word, 0)
        return
    if isinstance(event, RedemptionCancelled):
        state.raises, state.rings_at = 0, None
        return
    if state.raises == 2:
        raise ValueError("no bell")
    state.rung += 1
    if not state.raises:
        state.rings_at = None
    gifts = len(tables["gifts"].prices) if "gifts" in tables else 0
    yield said(event.key, event.occurred_at, f"rung {state.rung} with {gifts} gifts")


class Gifts(Struct):
    """Prices by gift, and how many ticks were heard."""

    prices: dict[str, int] = field(default_factory=dict)
    ticks: int = 0


def price(state: Gifts, event: Any, place: Place) -> Iterable[Outcome]:
    """Keeps prices; each partition says a gift of 13 points, only the first one the others."""
    if isinstance(event, ClockTicked):
        state.ticks += 1
        return
    if event.points == 666:
        raise ValueError("no such price")
    state.prices[event.product_id] = event.points
    if place.partition == 0 or event.points == 13:
        yield GiftPriced(
            product_id=event.product_id,
            occurred_at=event.occurred_at,
            effective_at=event.effective_at,
            points=event.points,
            available=event.available,
        )


class Views(Struct):
    """Views of a product."""

    views: int = 0


def view(state: Views, event: Any, _tables: Any) -> Iterable[Outcome]:
    """Tells the member who looked how often the product was seen."""
    state.views += 1
    yield refused(event.member_id, event.occurred_at, f"seen {state.views}")


NOTICE_HEARS: frozenset[type[Outcome]] = frozenset((ReturnRefused, GiftRefused))
NOTICE = Agent("notice", Answers, NOTICE_HEARS, notice)
COUNT = Agent("count", Count, frozenset({ProductBrowsed}), count)
LISTEN_HEARS: frozenset[type[Event | Outcome]] = frozenset({ProductBrowsed, MemberEnrolled})
LISTEN = Agent("listen", Heard, LISTEN_HEARS, listen)
LAST = Agent("last", Answers, frozenset({ReturnRefused}), notice)
ALARM_HEARS: frozenset[type[Event]] = frozenset((SearchMade, RedemptionCancelled))
ALARM = Agent("alarm", Alarm, ALARM_HEARS, ring, wake_at=lambda state: state.rings_at)
GIFTS = Table("gifts", Gifts, frozenset({GiftListed, ClockTicked}), price)
VIEW = Agent("view", Views, frozenset({ProductViewed}), view)

MEMBERS = Stage("members", "member_id", (NOTICE, COUNT, LISTEN, LAST, ALARM), (GIFTS,))
PRODUCTS = Stage("products", "product_id", (VIEW,))
TOPOLOGY = Topology((MEMBERS, PRODUCTS), {"members": 3, "products": 2})


def look(event_id: str, member_id: str, product_id: str, at: int = START) -> ProductBrowsed:
    return ProductBrowsed(
        event_id=event_id, member_id=member_id, occurred_at=at, product_id=product_id
    )


def search(event_id: str, member_id: str, term: str, at: int = START) -> SearchMade:
    return SearchMade(event_id=event_id, member_id=member_id, occurred_at=at, term=term)


def gift(event_id: str, product_id: str, points: int, at: int = START) -> GiftListed:
    return GiftListed(
        event_id=event_id, product_id=product_id, occurred_at=at, effective_at=at, points=points
    )
