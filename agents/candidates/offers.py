"""Candidates where the member is: the answers of what they touched become a list, within the same moment.

`touches.py` asks; here each answer is added to the member's tastes, and the list is said when all products
that were asked together have answered, or when a list is wanted without an answer. After a log-in that asks
all products of the journey again, the tastes start from nothing, as the neighbours have changed meanwhile.

A member who has just come, or of whose touches none was answered yet, is offered what all touch, and the
list says that it is `degraded`: so a stage that comes back slowly costs quality and never a list.

Never offered: what the member looked at before (that is their history, and shown as such), what was bought
once, what is hidden or out of stock, what the member does not want. What was bought with two orders or more
is consumable for this member and may come again. A member who refuses gets what all touch, nothing of what
they did is kept, and it starts from nothing when they allow it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, assert_never

from agents import Agent, Tables, become
from agents.candidates import exposure, judging, training, trends
from agents.candidates.known import added, mark, marks
from agents.candidates.listing import Offers, allowed, candidates, consumable, everything, pool_of
from agents.candidates.mixture import silence
from agents.candidates.ranking import contrasts, mix, shares_of, voices
from agents.candidates.tastes import clear, hear, own
from schemas.candidates import (
    Answer,
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
    Purpose,
    Source,
    TouchExplained,
)
from schemas.outcomes import MemberEnrolled, OrderPlaced
from schemas.record import Event, Outcome

AWAITED_MOST = 8  # occasions
EXPLAINED_MOST = 3  # lines of an order

Heard = (
    NeighboursTold
    | OrderPlaced
    | ListWanted
    | MemberEnrolled
    | CandidatesShown
    | CandidateClicked
    | CandidateDismissed
    | ConsentGiven
    | ConsentWithdrawn
)


def react(state: Offers, event: Heard, tables: Tables) -> Iterable[Outcome]:
    """Follow the member."""
    match event:
        case NeighboursTold():
            return _answered(state, event, tables)
        case OrderPlaced():
            return _ordered(state, event, tables)
        case CandidatesShown() | CandidateClicked() | CandidateDismissed():
            return _answered_by_member(state, event, tables)
        case ListWanted() | MemberEnrolled():
            return _wanted(state, event, tables)
        case ConsentGiven() | ConsentWithdrawn():
            return _agreed(state, event, tables)
        case _:
            assert_never(event)


# ---- answers ---------------------------------------------------------------------------------------


def _answered(state: Offers, event: NeighboursTold, tables: Tables) -> Iterator[Outcome]:
    if state.refused:
        return
    at = event.occurred_at
    learned: tuple[Outcome, ...] = ()
    known = marks(state.known)
    match event.occasion:
        case Occasion.LOOK:
            learned = _learned(state, event.event_id, at, [event.product_id], known, tables)
            _touched(state, [event.product_id], at)
        case Occasion.LOG_IN if at != state.afresh_at:
            state.afresh_at = at
            clear(state.tastes)
    hear(state.tastes, event, known)
    if event.reference is not None:
        state.reference = event.reference
    if _all_in(state, at, event.asked):
        yield from _said(state, event.member_id, at, tables)
    yield from learned  # last, so that how many there are changes no other word's id


def _all_in(state: Offers, at: int, asked: int) -> bool:
    """One more answer is in of so many that were asked at a moment: was it the last?"""
    if asked == 1:
        return True
    left = state.awaited.pop(at, asked) - 1
    if left == 0:
        return True
    state.awaited[at] = left
    if len(state.awaited) > AWAITED_MOST:
        del state.awaited[min(state.awaited)]
    return False


def _ordered(state: Offers, event: OrderPlaced, tables: Tables) -> Iterator[Outcome]:
    """An order touches its lines at once, their answers come later."""
    if state.refused:
        return
    at = event.occurred_at
    products = list(dict.fromkeys(line.product_id for line in event.lines))
    learned = _learned(state, event.event_id, at, products, marks(state.known), tables)
    _touched(state, products, at)
    for product_id in products:
        own(state.tastes, product_id, at)
    opened = exposure.bought(state.exposure, products, at)
    yield from judging.answered(Answer.BOUGHT, opened, at)
    yield from learned


def _touched(state: Offers, products: Sequence[str], at: int) -> None:
    for product_id in products:
        state.known = added(state.known, product_id)
    state.touched_at = max(at, state.touched_at or 0)


def _learned(
    state: Offers,
    event_id: str,
    at: int,
    products: list[str],
    known: frozenset[int],
    tables: Tables,
) -> tuple[Outcome, ...]:
    """Before anything changes by the touch: what each source had made of it, what the list was worth."""
    explained: Iterable[Outcome] = ()
    if training.drawn(event_id, silence(state.touched_at, at), tables):
        explained = _explained(state, at, products, known, tables)
    reference, state.reference = state.reference, None
    if reference is None:
        return tuple(explained)
    return (*explained, *_judged(state, at, products, known, reference, tables))


def _explained(
    state: Offers, at: int, products: list[str], known: frozenset[int], tables: Tables
) -> Iterator[TouchExplained]:
    since = silence(state.touched_at, at)
    found = everything(state, at, tables)
    for purpose in (Purpose.NOVEL, Purpose.ANY):
        told = products
        if purpose is Purpose.NOVEL:
            told = [product for product in products if mark(product) not in known]
        told = told[:: max(1, len(told) // EXPLAINED_MOST)][:EXPLAINED_MOST]
        if not told or len((said := voices(found, purpose, known)).sources) < 2:
            continue
        against = contrasts(mix(said, pool_of(state, purpose, at, tables)), told)
        for product_id, contrast in zip(told, against, strict=True):
            yield TouchExplained(
                model=training.MODEL,
                occurred_at=at,
                purpose=purpose,
                silence=since,
                sources=said.sources,
                shares=shares_of(said, product_id),
                contrasts=contrast.of_sources,
                contrast_of_sum=contrast.of_sum,
                contrasts_of_reach=contrast.of_reach,
            )


def _judged(
    state: Offers,
    at: int,
    products: list[str],
    known: frozenset[int],
    reference: list[int],
    tables: Tables,
) -> Iterable[ListJudged]:
    again = {mark(one) for one in state.tastes.owned if consumable(state.tastes.owned, one)}
    return judging.judge(
        state.listed,
        at,
        products,
        lambda product_id: allowed(product_id, known, state.tastes.owned),
        trends.newest(tables),
        [one for one in reference if one not in known or one in again],
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


# ---- lists without an answer, consent ----------------------------------------------------------------------


def _wanted(state: Offers, event: ListWanted | MemberEnrolled, tables: Tables) -> Iterable[Outcome]:
    """A list without an answer; to a stranger one that is there already is as good."""
    if isinstance(event, ListWanted) and event.stranger and state.listed.marks:
        return ()
    return _said(state, event.member_id, event.occurred_at, tables)


def _agreed(
    state: Offers, event: ConsentGiven | ConsentWithdrawn, tables: Tables
) -> Iterator[CandidatesChanged]:
    """When the answer is another than before, all is forgotten."""
    refused = isinstance(event, ConsentWithdrawn)
    if event.purpose is not ConsentPurpose.PERSONALISATION or refused is state.refused:
        return
    become(state, Offers(refused=refused))
    yield from _said(state, event.member_id, event.occurred_at, tables)


# ---- the list -------------------------------------------------------------------------------------------


def _said(state: Offers, member_id: str, at: int, tables: Tables) -> Iterator[CandidatesChanged]:
    found = candidates(state, member_id, at, tables)
    if not found and not state.listed.marks and not state.refused:
        return  # a shop that just opened: there is nothing to offer yet
    if not state.refused:
        state.listed = judging.listed(found)
    yield CandidatesChanged(
        member_id=member_id,
        occurred_at=at,
        candidates=found,
        personal=not state.refused,
        version=training.newest(tables).version,
        degraded=not (state.tastes.products or state.tastes.kin or state.refused),
    )


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {
        NeighboursTold,
        OrderPlaced,
        ListWanted,
        MemberEnrolled,
        CandidatesShown,
        CandidateClicked,
        CandidateDismissed,
        ConsentGiven,
        ConsentWithdrawn,
    }
)
OFFERS: Agent[Any] = Agent("offers", Offers, HEARS, react)
