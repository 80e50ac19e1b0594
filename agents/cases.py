"""What is said against an order: verdicts that wait for their alert's end, confirmed alerts, disputes.

A case remembers and says how the order should stand; the points move in `withholding.py`. Every word is
known by its own id, so that hearing it twice changes nothing, and the last end of an alert counts. What
nobody ends lapses: an alert has its own deadline, `WITHHELD_MOST` and `DISPUTED_MOST` stand behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TypeVar

from msgspec import Struct, field, structs

from agents.calendar import DAY
from schemas.risk import AbuseKind, AlertClosed, AlertEnd, FraudScored, Verdict

WITHHELD_MOST = 30 * DAY  # an alert closes after 14 days at the latest
DISPUTED_MOST = 180 * DAY  # no bank or court of a scheme takes longer
WORDS_MOST = 20  # of a kind in one case
KEPT = (
    430 * DAY
)  # an order is open for 400 days, to the end of its period: nothing comes back later
NEVER = 1 << 62
STOPPING = frozenset({Verdict.HOLD, Verdict.BLOCK})

V = TypeVar("V")


class Standing(IntEnum):
    """How the points that an order earned stand."""

    FREE = 0
    WITHHELD = 1
    FORFEITED = 2


class Suspicion(Struct, frozen=True, array_like=True):
    """A verdict of HOLD or BLOCK on a payment or action; `waits` until the alert it is part of ends."""

    kind: str
    scored_at: int
    waits: bool = True


class Case(Struct, frozen=True, array_like=True):
    """All that is said against an order.

    `standing` is how its points stand now; `suspicions` are by what was scored; `confirmed` says of each
    alert, and of each payment that the bank took back, whether the member is the offender (else the
    victim); `disputes` have the moment of their opening, or 0 when they are over.
    """

    standing: Standing = Standing.FREE
    suspicions: dict[str, Suspicion] = field(default_factory=dict)
    confirmed: dict[str, bool] = field(default_factory=dict)
    disputes: dict[str, int] = field(default_factory=dict)
    last_at: int = 0

    @property
    def wanted(self) -> Standing:
        """How its points should stand."""
        if self.confirmed:
            return Standing.FORFEITED
        waits = any(suspicion.waits for suspicion in self.suspicions.values())
        return Standing.WITHHELD if waits else Standing.FREE

    @property
    def disputed(self) -> bool:
        """True while a dispute is open."""
        return any(self.disputes.values())

    @property
    def offends(self) -> bool:
        """True when an alert was confirmed in which the member is not the victim."""
        return any(self.confirmed.values())

    @property
    def forgotten_at(self) -> int:
        """When it is let go that was said of an order nobody placed."""
        return self.last_at + KEPT

    def due(self) -> int:
        """When the first of what is open lapses."""
        waiting = [s.scored_at + WITHHELD_MOST for s in self.suspicions.values() if s.waits]
        disputed = [at + DISPUTED_MOST for at in self.disputes.values() if at]
        return min([*waiting, *disputed], default=NEVER)


def suspected(case: Case, scored: FraudScored) -> Case:
    """A verdict stops the order."""
    if scored.subject_id in case.suspicions:
        return case
    at = scored.occurred_at
    known = _with_room(
        case.suspicions, (name for name, one in case.suspicions.items() if not one.waits)
    )
    suspicions = known | {scored.subject_id: Suspicion(scored.kind.value, at)}
    return structs.replace(case, suspicions=suspicions, last_at=max(case.last_at, at))


def covers(closed: AlertClosed, subject_id: str, suspicion: Suspicion) -> bool:
    """True when a suspicion is part of an alert: by its id, or by its time where ids were capped."""
    if suspicion.kind != closed.kind:
        return False
    if subject_id in closed.subject_ids:
        return True
    capped = closed.count > len(closed.subject_ids)
    return capped and closed.first_seen_at <= suspicion.scored_at <= closed.last_seen_at


def touches(case: Case, closed: AlertClosed) -> bool:
    """True when something of this case ends with the alert."""
    waiting = ((s, one) for s, one in case.suspicions.items() if one.waits)
    return any(covers(closed, subject_id, one) for subject_id, one in waiting)


def judged(case: Case, closed: AlertClosed) -> Case:
    """An alert ended, or ended again another way: its suspicions wait no longer."""
    suspicions = {
        subject_id: structs.replace(one, waits=False) if covers(closed, subject_id, one) else one
        for subject_id, one in case.suspicions.items()
    }
    confirmed = {alert: to for alert, to in case.confirmed.items() if alert != closed.alert_id}
    if closed.end is AlertEnd.CONFIRMED:
        offends = closed.kind is not AbuseKind.ACCOUNT_TAKEOVER
        confirmed = _with_room(confirmed, ()) | {closed.alert_id: offends}
    return structs.replace(
        case,
        suspicions=suspicions,
        confirmed=confirmed,
        last_at=max(case.last_at, closed.occurred_at),
    )


def disputed(case: Case, dispute_id: str, at: int) -> Case:
    """A dispute was opened, unless it is over already."""
    if dispute_id in case.disputes:
        return case
    return _with_dispute(case, dispute_id, at, at)


def resolved(case: Case, dispute_id: str, at: int) -> Case:
    """A dispute is over, also one whose opening is heard later."""
    return _with_dispute(case, dispute_id, 0, at)


def taken_back(case: Case, payment_id: str, at: int) -> Case:
    """The bank took a payment of the order back; nothing puts that right, whoever was at fault."""
    confirmed = case.confirmed | {f"payment:{payment_id}": False}
    return structs.replace(case, confirmed=confirmed, last_at=max(case.last_at, at))


def _with_dispute(case: Case, dispute_id: str, open_at: int, at: int) -> Case:
    known = case.disputes
    if dispute_id not in known:
        known = _with_room(known, (name for name, since in known.items() if not since))
    disputes = known | {dispute_id: open_at}
    return structs.replace(case, disputes=disputes, last_at=max(case.last_at, at))


def lapsed(case: Case, now: int) -> Case:
    """What has waited long enough is over."""
    suspicions = {
        subject_id: structs.replace(one, waits=one.waits and one.scored_at + WITHHELD_MOST > now)
        for subject_id, one in case.suspicions.items()
    }
    disputes = {
        dispute_id: at if at + DISPUTED_MOST > now else 0
        for dispute_id, at in case.disputes.items()
    }
    return structs.replace(case, suspicions=suspicions, disputes=disputes)


def _with_room(known: dict[str, V], over: Iterable[str]) -> dict[str, V]:
    """Without its first word, of those that are over if there is one, when it is full."""
    if len(known) < WORDS_MOST:
        return known
    first = next(iter(over), next(iter(known)))
    return {name: value for name, value in known.items() if name != first}
