"""What was shown and not wanted: repeated showing sinks a candidate, a refusal takes it out.

A candidate shown n times counts 1 / √(1 + n); a showing counts half after a week. The newest `SHOWN_MOST`
products and `DISMISSED_MOST` refusals are remembered, by their marks.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp2

from msgspec import Struct, field

from agents.candidates.known import mark

HALF_LIFE = 7 * 86_400_000
SHOWN_MOST = 100
DISMISSED_MOST = 200


class Shown(Struct, array_like=True):
    """How often a product was shown, as of a moment."""

    times: float
    at: int


class Exposure(Struct, array_like=True):
    """Showings by product, the last shown last; products the member does not want, the newest last."""

    shown: dict[int, Shown] = field(default_factory=dict)
    dismissed: list[int] = field(default_factory=list)


def show(exposure: Exposure, product_ids: Iterable[str], at: int) -> None:
    """These were shown at this moment (milliseconds)."""
    for number in dict.fromkeys(map(mark, product_ids)):
        before = exposure.shown.pop(number, None)
        times = 1.0 if before is None else _times(before, at) + 1.0
        exposure.shown[number] = Shown(times, max(at, before.at if before else 0))
    for number in list(exposure.shown)[: max(0, len(exposure.shown) - SHOWN_MOST)]:
        del exposure.shown[number]


def clear(exposure: Exposure, product_id: str) -> None:
    """It was wanted: the showings before count no more."""
    exposure.shown.pop(mark(product_id), None)


def dismiss(exposure: Exposure, product_id: str) -> None:
    """The member does not want it."""
    if mark(product_id) not in exposure.dismissed:
        exposure.dismissed.append(mark(product_id))
        del exposure.dismissed[:-DISMISSED_MOST]


def dismissed(exposure: Exposure, product_id: str) -> bool:
    """True when the member said so."""
    return mark(product_id) in exposure.dismissed


def faded(exposure: Exposure, product_id: str, score: float, at: int) -> float:
    """The score less what repeated showing takes.

    >>> seen = Exposure()
    >>> for _ in range(3):
    ...     show(seen, ["lamp"], 0)
    >>> faded(seen, "lamp", 1.0, 0), faded(seen, "lamp", 1.0, 7 * 86_400_000) > 0.6
    (0.5, True)
    """
    shown = exposure.shown.get(mark(product_id))
    return score if shown is None else score * (1.0 + _times(shown, at)) ** -0.5


def _times(shown: Shown, at: int) -> float:
    return shown.times * exp2(-max(0, at - shown.at) / HALF_LIFE)
