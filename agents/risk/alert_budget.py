"""How many alerts of a kind a day may open: a table that counts its own partition's, by day of the evidence.

The budget of a kind is for the whole installation, and each partition has an equal share of it, rounded
up: no partition asks another, so none waits, and a replay suppresses what the first run did. A flood of
one kind takes nothing from the others. The newest days are kept; older evidence counts to the oldest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct, field

from agents import Place, Table, Tables
from agents.calendar import DAY
from schemas.record import Outcome
from schemas.risk import AbuseKind, AlertBudgetChanged, AlertOpened, AlertSuppressed

NAME = "alert_budget"
A_DAY = 1_200  # alerts of a kind, over all partitions, where nobody set another number
DAYS_KEPT = 3


class Counted(Struct, array_like=True):
    """A day (since 1970, UTC) with the alerts opened and the evidence suppressed, by kind."""

    day: int
    opened: dict[str, int] = field(default_factory=dict)
    suppressed: dict[str, int] = field(default_factory=dict)


class AlertBudget(Struct):
    """Budgets that were set, by kind; over how many partitions; the newest days in their order."""

    a_day: dict[str, int] = field(default_factory=dict)
    partitions: int = 1
    days: list[Counted] = field(default_factory=list)


def room(tables: Tables, kind: AbuseKind, at: int) -> bool:
    """True when another alert of this kind may open in this partition, on the day of a moment."""
    state: AlertBudget = tables[NAME]
    share = -(-state.a_day.get(kind, A_DAY) // state.partitions)
    counted = _find(state, at)
    return (0 if counted is None else counted.opened.get(kind, 0)) < share


def suppressed(tables: Tables, kind: AbuseKind, at: int) -> int:
    """Evidence of this kind that was suppressed in this partition, on the day of a moment."""
    counted = _find(tables[NAME], at)
    return 0 if counted is None else counted.suppressed.get(kind, 0)


def react(
    state: AlertBudget, event: AlertBudgetChanged | AlertOpened | AlertSuppressed, place: Place
) -> Iterable[Outcome]:
    """Count, or take another budget; nothing is said."""
    state.partitions = place.partitions
    match event:
        case AlertBudgetChanged():
            state.a_day[event.kind] = event.alerts_a_day
        case AlertOpened():
            _count(_counted(state, event.occurred_at).opened, event.kind)
        case AlertSuppressed():
            _count(_counted(state, event.occurred_at).suppressed, event.kind)
        case _:
            assert_never(event)
    return ()


def _count(counts: dict[str, int], kind: AbuseKind) -> None:
    counts[kind] = counts.get(kind, 0) + 1


def _find(state: AlertBudget, at: int) -> Counted | None:
    """The day that a moment counts to, if anything was counted on it."""
    day = at // DAY
    if len(state.days) == DAYS_KEPT:
        day = max(day, state.days[0].day)
    return next((counted for counted in state.days if counted.day == day), None)


def _counted(state: AlertBudget, at: int) -> Counted:
    """The day that a moment counts to; a new one takes the place of the oldest."""
    found = _find(state, at)
    if found is None:
        found = Counted(at // DAY)
        state.days = sorted([*state.days, found], key=_day)[-DAYS_KEPT:]
    return found


def _day(counted: Counted) -> int:
    return counted.day


ALERT_BUDGET = Table(
    NAME, AlertBudget, frozenset({AlertBudgetChanged, AlertOpened, AlertSuppressed}), react
)
