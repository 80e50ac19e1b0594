"""What was shown and not wanted: repeated showing sinks a candidate, a refusal takes it out.

A candidate shown n times counts 1 / √(1 + n); a showing counts half after a week. The newest `SHOWN_MOST`
products, `DISMISSED_MOST` refusals and `OPENED_MOST` opened candidates are remembered, by their marks. A
candidate that is bought within a week of being opened is a conversion of the source that offered it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp2

from msgspec import Struct, field

from agents.candidates.known import mark
from schemas.candidates import Source

HALF_LIFE = 7 * 86_400_000
SHOWN_MOST = 100
DISMISSED_MOST = 200
OPENED_MOST = 20
BOUGHT_WITHIN = 7 * 86_400_000


class Shown(Struct, array_like=True):
    """How often a product was shown, as of a moment, and the source that offered it last."""

    times: float
    at: int
    source: str = Source.UNKNOWN


class Opened(Struct, array_like=True):
    """A candidate that was opened: which source had offered it, and when."""

    source: str
    at: int


class Exposure(Struct, array_like=True):
    """Showings by product, the last shown last; refusals and opened candidates, the newest last."""

    shown: dict[int, Shown] = field(default_factory=dict)
    dismissed: list[int] = field(default_factory=list)
    opened: dict[int, Opened] = field(default_factory=dict)


def show(
    exposure: Exposure,
    product_ids: Iterable[str],
    at: int,
    sources: Mapping[int, str] | None = None,
) -> list[str]:
    """These were shown at this moment (milliseconds); returns the source of each, by `sources` or before."""
    said = []
    for number in dict.fromkeys(map(mark, product_ids)):
        before = exposure.shown.pop(number, None)
        source = (sources or {}).get(number) or (before.source if before else Source.UNKNOWN)
        times = 1.0 if before is None else _times(before, at) + 1.0
        exposure.shown[number] = Shown(times, max(at, before.at if before else 0), source)
        said.append(source)
    for number in list(exposure.shown)[: max(0, len(exposure.shown) - SHOWN_MOST)]:
        del exposure.shown[number]
    return said


def click(exposure: Exposure, product_id: str, at: int) -> str:
    """It was wanted: the showings before count no more. Returns the source that had offered it."""
    number = mark(product_id)
    shown = exposure.shown.pop(number, None)
    source = Source.UNKNOWN if shown is None else shown.source
    exposure.opened.pop(number, None)
    exposure.opened[number] = Opened(source, at)
    for eldest in list(exposure.opened)[: max(0, len(exposure.opened) - OPENED_MOST)]:
        del exposure.opened[eldest]
    return source


def bought(exposure: Exposure, product_ids: Iterable[str], at: int) -> list[str]:
    """The sources of those that were opened within the last week; each opening counts once."""
    found = []
    for number in map(mark, product_ids):
        opened = exposure.opened.pop(number, None)
        if opened is not None and at - opened.at <= BOUGHT_WITHIN:
            found.append(opened.source)
    return found


def dismiss(exposure: Exposure, product_id: str) -> None:
    """The member does not want it."""
    if mark(product_id) not in exposure.dismissed:
        exposure.dismissed.append(mark(product_id))
        del exposure.dismissed[:-DISMISSED_MOST]


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
