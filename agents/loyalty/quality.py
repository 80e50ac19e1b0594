"""How good the chances were, by the week in which they were said: counted as their answers become known.

What is judged is what was said then, not what the model says of it now. A week is kept as counts by bin of
the chance, which gives the area under the ROC curve to within the width of a bin, and as sums by tenth,
which say what was foretold beside what came.

A week's figures are said every `SAID_EVERY` chances, and once more when the first one of a later week comes;
what comes for an earlier week then counts to the week that is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct, field

from agents import Agent, Tables, become, binned
from agents.calendar import DAY
from schemas.loyalty import ChancesInTenth, LoyaltyMeasured, LoyaltyObserved

SAID_EVERY = 500
BINS = 200
TENTHS = 10
MONDAY = 4  # 1970-01-05 was one


def _none() -> list[int]:
    return [0] * BINS


class Quality(Struct):
    """The open week, by the number of its Monday's day since 1970, and its counts and sums.

    `silent` and `bought` are counts by bin of the chance, `foretold` sums of chances by tenth.
    """

    monday: int = -1
    silent: list[int] = field(default_factory=_none)
    bought: list[int] = field(default_factory=_none)
    foretold: list[float] = field(default_factory=lambda: [0.0] * TENTHS)
    squares: float = 0.0


def react(state: Quality, event: LoyaltyObserved, _: Tables) -> Iterator[LoyaltyMeasured]:
    """Count a chance of which something was kept, and say how its week goes."""
    if event.probability is None:
        return
    monday = monday_of(event.occurred_at - event.horizon_days * DAY)
    if monday > state.monday:
        if state.monday >= 0:
            yield measured(state, event)
        become(state, Quality(monday=monday))
    chance, place = event.probability, min(int(event.probability * BINS), BINS - 1)
    (state.bought if event.bought else state.silent)[place] += 1
    state.foretold[place * TENTHS // BINS] += chance
    state.squares += (chance - event.bought) ** 2
    if (sum(state.bought) + sum(state.silent)) % SAID_EVERY == 0:
        yield measured(state, event)


def monday_of(moment: int) -> int:
    """The Monday, as a day since 1970, of the week of a moment (milliseconds).

    >>> monday_of(10 * DAY), monday_of(11 * DAY), monday_of(0)
    (4, 11, -3)
    """
    return (moment // DAY - MONDAY) // 7 * 7 + MONDAY


def measured(state: Quality, event: LoyaltyObserved) -> LoyaltyMeasured:
    """The open week's figures, as far as they are known."""
    bought, chances = sum(state.bought), sum(state.bought) + sum(state.silent)
    tenths = list(_tenths(state))
    return LoyaltyMeasured(
        model=event.model,
        occurred_at=event.occurred_at,
        week=_name(state.monday),
        horizon_days=event.horizon_days,
        chances=chances,
        bought=bought,
        auc=binned.auc(zip(state.silent, state.bought, strict=True)),
        brier=state.squares / chances,
        base_brier=bought / chances * (1 - bought / chances),
        ece=sum(
            abs(foretold - one.bought) for foretold, one in zip(state.foretold, tenths, strict=True)
        )
        / chances,
        tenths=tenths,
    )


def _tenths(state: Quality) -> Iterator[ChancesInTenth]:
    width = BINS // TENTHS
    for number, foretold in enumerate(state.foretold):
        bins = slice(number * width, (number + 1) * width)
        bought = sum(state.bought[bins])
        chances = bought + sum(state.silent[bins])
        mean = min(foretold / chances, 1.0) if chances else None
        yield ChancesInTenth(chances=chances, probability=mean, bought=bought)


def _name(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()


LOYALTY_QUALITY: Agent[Any] = Agent("loyalty-quality", Quality, frozenset({LoyaltyObserved}), react)
