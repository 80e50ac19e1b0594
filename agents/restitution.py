"""Redemptions under a verdict: open ones are stopped, and what an intruder spent comes back to the member.

A verdict of HOLD or BLOCK on a request stops it while it is open, and a confirmed alert stops all that the
member has open. A confirmed takeover names the redemptions that were not the member's own. Those spent are
given back to the very lots they came from, with their expiry, or if that has passed for the rule's
`restore_days`. Each is given back once, however many alerts name it, and taken again when the last
of them is cleared after all.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from agents import Tables
from agents.cases import STOPPING
from agents.expiry import put_off
from agents.holds import call_off, restore_expiry
from agents.ledger import Entry, Points, repay_first, take, take_from_others
from agents.lots import Hold, Part
from agents.withholding import collect, withhold_back
from schemas.outcomes import Account, PointsRestored, RestorationReversed, StockWaived
from schemas.record import Outcome
from schemas.risk import AbuseKind, AlertClosed, AlertEnd, FraudScored

ALERTS_MOST = 20


def settle(state: Points, closed: AlertClosed, tables: Tables) -> Iterator[Outcome]:
    """What the end of an alert does to open redemptions, and to those that it names."""
    if closed.end is AlertEnd.CONFIRMED:
        yield from _stop_all(state, closed)
    if closed.kind is not AbuseKind.ACCOUNT_TAKEOVER:
        return
    for redemption_id in dict.fromkeys(closed.redemption_ids):
        hold = state.holds.get(redemption_id)
        if hold is None:
            continue
        if closed.end is not AlertEnd.CONFIRMED:
            yield from _withdraw(state, closed, redemption_id, hold)
        elif hold.parts and hold.ended_at is not None:
            yield from _give_back(state, closed, redemption_id, hold, tables)


def stop(state: Points, scored: FraudScored) -> Iterator[StockWaived]:
    """A verdict on a request for a gift stops it while it is open; it may be asked for again."""
    if scored.verdict in STOPPING and scored.redemption_id is not None:
        yield from call_off(state, scored.member_id, scored.redemption_id, scored.occurred_at)


def _stop_all(state: Points, closed: AlertClosed) -> Iterator[StockWaived]:
    """A confirmed alert stops whatever the member has open, whoever asked for it."""
    for redemption_id in list(state.holds):
        yield from call_off(state, closed.member_id, redemption_id, closed.occurred_at)


def _give_back(
    state: Points, closed: AlertClosed, redemption_id: str, hold: Hold, tables: Tables
) -> Iterator[Outcome]:
    if closed.alert_id in hold.restored_by or len(hold.restored_by) >= ALERTS_MOST:
        return
    by = (*hold.restored_by, closed.alert_id)
    state.put_hold(redemption_id, structs.replace(hold, restored_by=by))
    if hold.restored_by:
        return
    now, places = closed.occurred_at, sorted({part.entry for part in hold.parts})
    yield from put_off(state, closed.member_id, now, tables, places)
    entry = Entry(state)
    for part in hold.parts:
        restore_expiry(entry, part.entry, part.index, now, tables)
        left = withhold_back(state, entry, part, Account.REDEEMED)
        repay_first(state, entry, Account.REDEEMED, left, part.entry, part.index)
    yield PointsRestored(
        member_id=closed.member_id,
        occurred_at=now,
        redemption_id=redemption_id,
        points=hold.points,
        alert_id=closed.alert_id,
        **entry.fields(),
    )
    yield from collect(state, closed.member_id, places, now)


def _withdraw(
    state: Points, closed: AlertClosed, redemption_id: str, hold: Hold
) -> Iterator[RestorationReversed]:
    """It was the member after all: from the lots they came back to, then from others, then owed."""
    if closed.alert_id not in hold.restored_by:
        return
    by = tuple(alert for alert in hold.restored_by if alert != closed.alert_id)
    state.put_hold(redemption_id, structs.replace(hold, restored_by=by))
    if by:
        return
    entry = Entry(state)
    left = sum(_take_back(entry, part) for part in hold.parts)
    left = take_from_others(state, entry, left, Account.REDEEMED)
    entry.move(Account.DEBT, Account.REDEEMED, left)
    yield RestorationReversed(
        member_id=closed.member_id,
        occurred_at=closed.occurred_at,
        redemption_id=redemption_id,
        points=hold.points,
        from_debt=left,
        alert_id=closed.alert_id,
        **entry.fields(),
    )


def _take_back(entry: Entry, part: Part) -> int:
    """What is missing of a part in the lot that it came back to."""
    left = take(entry, part.entry, part.index, Account.ACTIVE, part.points, Account.REDEEMED)
    return take(entry, part.entry, part.index, Account.WITHHELD, left, Account.REDEEMED)
