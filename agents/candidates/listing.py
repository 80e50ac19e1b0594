"""A member's list: all sources ranked, what may not be offered left out, and not all of one kind.

This runs at every touch, so it asks little of each product, and looks at no more of them than it takes to
fill the list.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from operator import itemgetter
from zlib import crc32

from msgspec import Struct, field

from agents import Tables
from agents.calendar import DAY
from agents.candidates import assortment, diversity, exposure, reach, training, trends
from agents.candidates.exposure import Exposure
from agents.candidates.judging import Listed
from agents.candidates.known import mark, marks
from agents.candidates.mixture import Pool, silence, situation
from agents.candidates.ranking import Held, Mixed, best, explained, held, mix, voices
from agents.candidates.tastes import Owned, Tastes
from schemas.candidates import Candidate, Purpose, Source

OFFERED = 20
CONSIDERED = 100
A_REASON = 6  # offered by one touched product
AGAIN_MOST = 10  # offered as they were bought before
CONSUMABLE_ORDERS = 2


class Offers(Struct, array_like=True):
    """What is known of a member.

    `awaited`: answers still to come, by the moment of what asked; `afresh_at`: the log-in that cleared last;
    `reference`: item-kNN's list as marks, if the next touch is to judge.
    """

    tastes: Tastes = field(default_factory=Tastes)
    known: bytes = b""
    touched_at: int | None = None
    awaited: dict[int, int] = field(default_factory=dict)
    afresh_at: int = -1
    exposure: Exposure = field(default_factory=Exposure)
    refused: bool = False
    listed: Listed = field(default_factory=Listed)
    reference: list[int] | None = None


class Wanted:
    """Whether a product may be offered: nothing that is known, refused, hidden or gone."""

    def __init__(self, state: Offers, tables: Tables) -> None:
        self._known = marks(state.known)
        self._dismissed = frozenset(state.exposure.dismissed)
        self._owned = state.tastes.owned
        self._out = assortment.out(tables)

    def __call__(self, product_id: str) -> bool:
        """True when it may."""
        return (
            allowed(product_id, self._known, self._owned)
            and mark(product_id) not in self._dismissed
            and product_id not in self._out
        )


def consumable(owned: dict[str, Owned], product_id: str) -> bool:
    """Bought again and again."""
    bought = owned.get(product_id)
    return bought is not None and bought.orders >= CONSUMABLE_ORDERS


def allowed(product_id: str, known: frozenset[int], owned: dict[str, Owned]) -> bool:
    """Never touched, or bought again and again; `known` are the marks of all that was touched."""
    return mark(product_id) not in known or consumable(owned, product_id)


def ranked(state: Offers, purpose: Purpose, at: int, tables: Tables) -> Mixed:
    """The probability of each product to be touched next, at a moment (milliseconds)."""
    known = marks(state.known) if purpose is Purpose.NOVEL else frozenset()
    found = voices(everything(state, at, tables), purpose, known)
    return mix(found, pool_of(state, purpose, at, tables))


def everything(state: Offers, at: int, tables: Tables) -> Held:
    """All that the sources hold for a member at a moment (milliseconds)."""
    return held(state.tastes, trends.newest(tables), reach.newest(tables), at)


def pool_of(state: Offers, purpose: Purpose, at: int, tables: Tables) -> Pool:
    """The weights that mix for a member at a moment (milliseconds)."""
    pools = training.newest(tables).pools
    return pools.get(situation(purpose, silence(state.touched_at, at))) or Pool()


def candidates(state: Offers, member_id: str, at: int, tables: Tables) -> list[Candidate]:
    """The list for a member: ranked, filtered, what was shown often further down, and not all of a kind."""
    mixed = ranked(state, Purpose.ANY, at, tables)
    wanted = Wanted(state, tables)
    ranks: Iterable[tuple[str, float]] = best(mixed, wanted)
    if state.exposure.shown:
        faded = [
            (product_id, exposure.faded(state.exposure, product_id, score, at))
            for product_id, score in islice(ranks, CONSIDERED)
        ]
        ranks = sorted(faded, key=itemgetter(1), reverse=True)
    found = explained(mixed, state.tastes, islice(ranks, CONSIDERED))
    chosen = [
        Candidate(
            product_id=product, source=source, reason_product_id=reason, score=min(1.0, score)
        )
        for reason, product, source, score in diversity.spread(found, OFFERED, _quota)
    ]
    return _with_new(member_id, at, trends.newest(tables).new, chosen, wanted)


def _quota(found: tuple[str | None, str, Source, float]) -> tuple[str, int] | None:
    reason, _, source, _ = found
    if reason is not None:
        return reason, A_REASON
    return (source, AGAIN_MOST) if source is Source.AGAIN else None


def _with_new(
    member_id: str, at: int, new: list[str], chosen: list[Candidate], wanted: Wanted
) -> list[Candidate]:
    """The last place is for a new product, another one each day and member, so that all get a start."""
    listed = {one.product_id for one in chosen}
    turn = crc32(f"{member_id}/{at // DAY}".encode())
    for place in range(turn, turn + len(new)):
        product_id = new[place % len(new)]
        if product_id not in listed and wanted(product_id):
            start = Candidate(product_id=product_id, source=Source.NEW, score=0.0)
            return [*chosen[: OFFERED - 1], start]
    return chosen
