"""What a member searches for, told to the term once in a while.

A search is told when the member was not told of at this term within `ONCE_SECONDS`, so a member counts once,
however often a page is loaded again; looks are told by the same rule (`candidates/touches.py`). This is a
hot path: no map, nothing kept that is older than that span, and of it the newest `MOST` alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from msgspec import Struct, field

from agents import Agent, Tables
from schemas.actions import SearchMade
from schemas.outcomes import TermSearched
from schemas.record import Event, Outcome

ONCE_SECONDS = 3_600
MOST = 50
TERM_LENGTH = 100
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")


class Interests(Struct, omit_defaults=True):
    """Terms told, each with the second at which it last was, the newest last."""

    terms: dict[str, int] = field(default_factory=dict)


def react(state: Interests, event: SearchMade, _tables: Tables) -> Iterable[TermSearched]:
    """The first search in a while is told."""
    at = event.occurred_at
    term = normalised(event.term)
    if term and first(state.terms, term, at // 1_000):
        return (TermSearched(term=term, member_id=event.member_id, occurred_at=at),)
    return ()


def first(told: dict[str, int], what: str, second: int) -> bool:
    """True when it was not told within the span, before or after; then it is from now on."""
    before = told.get(what)
    if before is not None:
        if -ONCE_SECONDS < second - before < ONCE_SECONDS:
            return False
        if second < before:
            return True  # late: what was told since is what is remembered
        del told[what]
    told[what] = second
    if len(told) > 1:
        _forget(told, second - ONCE_SECONDS)
    return True


def _forget(told: dict[str, int], until: int) -> None:
    """Forget from the eldest on what no longer counts, or is too much."""
    for what in list(told):
        if told[what] > until and len(told) <= MOST:
            return
        del told[what]


@lru_cache(maxsize=16_384)
def normalised(term: str) -> str:
    """The words as they are counted: compatible forms and cases made one, blanks collapsed, cut.

    Empty when nothing is left, as of a search for blanks.

    >>> normalised("  Red\\tＬＡＭＰ Straße ")
    'red lamp strasse'
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", term).casefold())
    words = " ".join(folded.translate(_CONTROLS).split())
    return words[:TERM_LENGTH].rstrip()


HEARS: frozenset[type[Event | Outcome]] = frozenset({SearchMade})
INTERESTS: Agent[Any] = Agent("interests", Interests, HEARS, react)
