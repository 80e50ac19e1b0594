"""Candidates where the member is: every touch moves them, and within the same moment the list is said.

A touch is a look or a line of an order; a product that is among the last `WINDOW` touches is not touched
again. Of each touch its product is asked for neighbours, and when the last answer is in, the list is said.
An order asks for its last `ASKED_MOST` lines. When an hour has passed in silence the touches that
are still to be told are told, as else a new shop would learn nothing on its first day; when a day has, the
list is said anew, as other sources weigh more then.
Who logs in after a day or more is followed from what is known by then: all products of the journey are asked
again, as their neighbours have changed meanwhile.

A member who has just come, or of whose touches none was answered yet, is offered what all touch, and the
list says that it is `degraded`: so a stage that comes back slowly costs quality and never a list.

Never offered: what the member looked at before (that is their history, and shown as such), what was bought
once, what is hidden or out of stock, what the member does not want. What was bought with two orders or more
is consumable for this member and may come again. A member who refuses gets what all touch, nothing of what
they did is kept or told on, and it starts from nothing when they allow it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never
from zlib import crc32

from msgspec import Struct, field

from agents import Agent, Tables, Woken
from agents.calendar import DAY, HOUR
from agents.candidates import assortment, diversity, exposure, judging, training, trends
from agents.candidates.exposure import Exposure
from agents.candidates.journey import (
    Journey,
    Surrounded,
    at_place,
    close,
    lately,
    learn,
    place_of,
    touch,
)
from agents.candidates.judging import Listed
from agents.candidates.known import added, mark, marks
from agents.candidates.mixture import silence, situation
from agents.candidates.ranking import Mixed, best, mix, share, source_of, voices
from agents.candidates.tastes import Tastes, clear, hear, own, touched
from schemas.actions import ProductBrowsed
from schemas.candidates import (
    Answer,
    Candidate,
    CandidateClicked,
    CandidateDismissed,
    CandidatesChanged,
    CandidatesShown,
    ConsentGiven,
    ConsentPurpose,
    ConsentWithdrawn,
    ListJudged,
    NeighboursTold,
    ProductTouched,
    Purpose,
    Source,
    TouchExplained,
    TouchSurrounded,
)
from schemas.outcomes import MemberEnrolled, OrderPlaced
from schemas.record import Event, Outcome
from schemas.risk import LoggedIn

OFFERED = 20
CONSIDERED = 40
ASKED_MOST = 5
RECENT_TOLD = 20
EXPLAINED_MOST = 3  # lines of an order
EXPLAINED_EVERY = 4  # touches: a sample
LOOK_STEPS = 1.0
ORDER_STEPS = 4.0
CONSUMABLE_ORDERS = 2


class Offers(Struct):
    """What is known of a member; `awaited`: products that are still to answer."""

    journey: Journey = field(default_factory=Journey)
    tastes: Tastes = field(default_factory=Tastes)
    known: bytes = b""
    touched_at: int | None = None
    awaited: int = 0
    asked_at: int = 0
    looks_at: int | None = None
    exposure: Exposure = field(default_factory=Exposure)
    refused: bool = False
    listed: Listed = field(default_factory=Listed)


Heard = (
    ProductBrowsed
    | OrderPlaced
    | NeighboursTold
    | CandidatesShown
    | CandidateClicked
    | CandidateDismissed
    | MemberEnrolled
    | ConsentGiven
    | ConsentWithdrawn
    | LoggedIn
    | Woken
)


def react(state: Offers, event: Heard, tables: Tables) -> Iterable[Outcome]:
    """Follow the member."""
    match event:
        case ProductBrowsed(product_id=product_id):
            return _touched(state, event, [product_id], LOOK_STEPS, tables)
        case OrderPlaced(lines=lines):
            return _ordered(state, event, [line.product_id for line in lines], tables)
        case NeighboursTold():
            return _answered(state, event, tables)
        case Woken():
            return _silent(state, event.key, event.occurred_at, tables)
        case CandidatesShown() | CandidateClicked() | CandidateDismissed():
            return _answered_by_member(state, event, tables)
        case MemberEnrolled():
            return _said(state, event.member_id, event.occurred_at, tables)
        case LoggedIn():
            return _returned(state, event)
        case ConsentGiven() | ConsentWithdrawn():
            return _agreed(state, event, tables)
        case _:
            assert_never(event)


def wake_at(state: Offers) -> int | None:
    """When silence changes something."""
    return state.looks_at


# ---- touches ---------------------------------------------------------------------------------------


def _ordered(
    state: Offers, event: OrderPlaced, products: list[str], tables: Tables
) -> Iterator[Outcome]:
    once = list(dict.fromkeys(products))
    yield from _touched(state, event, once, ORDER_STEPS / len(once), tables)
    if not state.refused:
        for product_id in once:
            own(state.tastes, product_id, event.occurred_at)
        bought = exposure.bought(state.exposure, once, event.occurred_at)
        yield from judging.answered(Answer.BOUGHT, bought, event.occurred_at)


def _touched(
    state: Offers,
    event: ProductBrowsed | OrderPlaced,
    products: list[str],
    steps: float,
    tables: Tables,
) -> Iterator[Outcome]:
    if state.refused:
        return
    fresh = [product for product in products if not lately(state.journey, product)]
    explained = [*_explained(state, event, fresh, tables), *_judged(state, event, fresh, tables)]
    stranger = not state.listed.marks
    for place, product_id in enumerate(fresh):
        recent = state.journey.products[:RECENT_TOLD]
        for one in touch(state.journey, product_id, steps):
            yield _told(one, event.occurred_at)
        state.known = added(state.known, product_id)
        touched(state.tastes, product_id)
        if place >= len(fresh) - ASKED_MOST:
            yield _asked(state, event, product_id, recent)
    state.touched_at = max(event.occurred_at, state.touched_at or 0)
    state.looks_at = state.touched_at + HOUR
    if stranger:
        yield from _said(state, event.member_id, event.occurred_at, tables)
    yield from explained  # last, so that how many there are changes no other word's id


def _asked(
    state: Offers,
    event: ProductBrowsed | OrderPlaced | LoggedIn,
    product_id: str,
    recent: list[str],
) -> ProductTouched:
    state.awaited += 1
    state.asked_at = max(event.occurred_at, state.asked_at)
    return ProductTouched(
        product_id=product_id,
        occurred_at=event.occurred_at,
        member_id=event.member_id,
        recent=recent,
    )


def _told(one: Surrounded, at: int) -> TouchSurrounded:
    return TouchSurrounded(
        product_id=one.product_id, occurred_at=at, before=one.before, after=one.after
    )


def _explained(
    state: Offers, event: ProductBrowsed | OrderPlaced, products: list[str], tables: Tables
) -> Iterator[TouchExplained]:
    """Before anything is learned from the touch: what each source had made of it."""
    if not products or crc32(event.event_id.encode()) % EXPLAINED_EVERY:
        return
    since = silence(state.touched_at, event.occurred_at)
    known = marks(state.known)
    for purpose in (Purpose.NOVEL, Purpose.ANY):
        found = voices(state.tastes, trends.newest(tables), purpose, known, event.occurred_at)
        told = products
        if purpose is Purpose.NOVEL:
            told = [product for product in products if mark(product) not in known]
        for product_id in told[:: max(1, len(told) // EXPLAINED_MOST)][:EXPLAINED_MOST]:
            if len(found.wholes) > 1:
                yield TouchExplained(
                    model=training.MODEL,
                    occurred_at=event.occurred_at,
                    purpose=purpose,
                    silence=since,
                    sources=list(found.wholes),
                    shares=[share(found, source, product_id) for source in found.wholes],
                )


def _judged(
    state: Offers, event: ProductBrowsed | OrderPlaced, products: list[str], tables: Tables
) -> Iterable[ListJudged]:
    if not judging.drawn(event.event_id):
        return ()
    known = marks(state.known)
    return judging.judge(
        state.listed,
        event.event_id,
        event.occurred_at,
        products,
        lambda product_id: _allowed(state, product_id, known),
        trends.newest(tables),
    )


# ---- what the member does with candidates -----------------------------------------------------------


def _answered_by_member(
    state: Offers, event: CandidatesShown | CandidateClicked | CandidateDismissed, tables: Tables
) -> Iterator[Outcome]:
    if state.refused:
        return
    at = event.occurred_at
    by_mark = dict(zip(state.listed.marks, state.listed.sources, strict=True))
    match event:
        case CandidatesShown():
            sources = exposure.show(state.exposure, event.product_ids, at, by_mark)
            yield from judging.answered(Answer.SHOWN, sources, at)
        case CandidateClicked():
            source = exposure.click(state.exposure, event.product_id, at)
            yield from judging.answered(Answer.CLICKED, [source], at)
        case CandidateDismissed():
            exposure.dismiss(state.exposure, event.product_id)
            yield from _said(state, event.member_id, at, tables)
            source = by_mark.get(mark(event.product_id), Source.UNKNOWN)
            yield from judging.answered(Answer.DISMISSED, [source], at)
        case _:
            assert_never(event)


# ---- answers and silence -----------------------------------------------------------------------------


def _answered(state: Offers, event: NeighboursTold, tables: Tables) -> Iterator[CandidatesChanged]:
    if state.refused:
        return
    learn(state.journey, event.product_id, event.touches)
    place = place_of(state.journey, event.product_id)
    if place is not None:
        hear(state.tastes, event, place, marks(state.known))
    state.awaited = max(0, state.awaited - 1)
    if state.awaited == 0:
        yield from _said(state, event.member_id, event.occurred_at, tables)


def _returned(state: Offers, event: LoggedIn) -> Iterator[ProductTouched]:
    """Ask all of the journey again, the oldest first; the list is said when the last has answered."""
    if state.touched_at is None or event.occurred_at - state.asked_at < DAY:
        return
    clear(state.tastes)
    state.awaited = 0
    products = state.journey.products
    for place in reversed(range(len(products))):
        if products[place] not in products[:place]:
            recent = products[place + 1 : place + 1 + RECENT_TOLD]
            yield _asked(state, event, products[place], recent)


def _silent(state: Offers, member_id: str, at: int, tables: Tables) -> Iterator[Outcome]:
    """After an hour the journey is told to its end; after a day the list is said a last time."""
    day = (state.touched_at or 0) + DAY
    state.looks_at = day if at < day else None
    for one in close(state.journey):
        yield _told(one, at)
    if at >= day:
        yield from _said(state, member_id, at, tables)


def _agreed(
    state: Offers, event: ConsentGiven | ConsentWithdrawn, tables: Tables
) -> Iterator[CandidatesChanged]:
    """When the answer is another than before, all is forgotten."""
    refused = isinstance(event, ConsentWithdrawn)
    if event.purpose is not ConsentPurpose.PERSONALISATION or refused is state.refused:
        return
    fresh = Offers(refused=refused)
    for name in Offers.__struct_fields__:
        setattr(state, name, getattr(fresh, name))
    yield from _said(state, event.member_id, event.occurred_at, tables)


# ---- the list -------------------------------------------------------------------------------------------


def ranked(state: Offers, purpose: Purpose, at: int, tables: Tables) -> Mixed:
    """The probability of each product to be touched next, at a moment (milliseconds)."""
    known = marks(state.known)
    found = voices(state.tastes, trends.newest(tables), purpose, known, at)
    logits = training.newest(tables).logits
    return mix(found, logits.get(situation(purpose, silence(state.touched_at, at)), {}))


def _said(state: Offers, member_id: str, at: int, tables: Tables) -> Iterator[CandidatesChanged]:
    found = candidates(state, member_id, at, tables)
    if not found and not state.listed.marks and not state.refused:
        return  # a shop that just opened: there is nothing to offer yet
    if not state.refused:
        state.listed = judging.listed(found)
    heard = state.tastes.heard
    yield CandidatesChanged(
        member_id=member_id,
        occurred_at=at,
        candidates=found,
        personal=not state.refused,
        version=training.newest(tables).version,
        degraded=not heard and not state.refused,
    )


def candidates(state: Offers, member_id: str, at: int, tables: Tables) -> list[Candidate]:
    """The list for a member: ranked, filtered, what was shown often further down, and not all of a kind."""
    mixed = ranked(state, Purpose.ANY, at, tables)
    known = marks(state.known)

    def wanted(product_id: str) -> bool:
        return (
            _allowed(state, product_id, known)
            and not exposure.dismissed(state.exposure, product_id)
            and assortment.offered(tables, product_id)
        )

    ranks = [
        (exposure.faded(state.exposure, product_id, score, at), product_id)
        for score, product_id in best(mixed, CONSIDERED, wanted)
    ]
    ranks.sort(reverse=True)
    found = (_candidate(state, product_id, score, mixed) for score, product_id in ranks)
    chosen = diversity.spread(found, OFFERED)
    return _with_new(state, member_id, at, tables, chosen, wanted)


def _allowed(state: Offers, product_id: str, known: frozenset[int]) -> bool:
    """Never touched, or bought again and again."""
    owned = state.tastes.owned.get(product_id)
    if owned is not None:
        return owned.orders >= CONSUMABLE_ORDERS
    return mark(product_id) not in known


def _candidate(state: Offers, product_id: str, score: float, mixed: Mixed) -> Candidate:
    source = source_of(mixed, product_id)
    taste = state.tastes.novel.get(product_id) or state.tastes.owned.get(product_id)
    reason = None
    if taste is not None and source in (Source.TOGETHER, Source.ALIKE):
        reason = at_place(state.journey, taste.place)
    return Candidate(
        product_id=product_id, source=source, reason_product_id=reason, score=min(1.0, score)
    )


def _with_new(
    state: Offers,
    member_id: str,
    at: int,
    tables: Tables,
    chosen: list[Candidate],
    wanted: Any,
) -> list[Candidate]:
    """The last place is for a new product, another one each day and member, so that all get a start."""
    listed = {one.product_id for one in chosen}
    fresh = [one for one in trends.newest(tables).new if one not in listed and wanted(one)]
    if not fresh:
        return chosen
    turn = crc32(f"{member_id}/{at // DAY}".encode()) % len(fresh)
    new = Candidate(product_id=fresh[turn], source=Source.NEW, score=0.0)
    return [*chosen[: OFFERED - 1], new]


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {
        ProductBrowsed,
        OrderPlaced,
        NeighboursTold,
        CandidatesShown,
        CandidateClicked,
        CandidateDismissed,
        MemberEnrolled,
        ConsentGiven,
        ConsentWithdrawn,
        LoggedIn,
    }
)
OFFERS: Agent[Any] = Agent("offers", Offers, HEARS, react, wake_at)
