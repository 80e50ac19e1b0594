"""Points set aside for a redemption: held at the request, spent or given back by the stock's answer.

Nobody voids a hold alone: a cancellation or a time-out goes to the stock as a waiver, behind the request,
and the answer to it gives the points back. A gift that was reserved meanwhile for a waived hold is not
paid for; its release is on the way. A redemption id stands for one request for ever (430 days after its
end at least): the same again moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from agents import Tables, gifts, rules
from agents.expiry import expire, over, put_off, restored_until
from agents.ledger import Entry, Points, repay_first, spent
from agents.lots import LOTS_MOST, Hold, Part
from agents.withholding import collect, withhold_back
from schemas.actions import RedemptionCancelled, RedemptionRequested
from schemas.outcomes import (
    Account,
    GiftRefused,
    GiftReleased,
    GiftReserved,
    HoldRefused,
    HoldVoided,
    PointsExpired,
    PointsForfeited,
    PointsHeld,
    PointsRescheduled,
    PointsSpent,
    Reason,
    StockWaived,
)
from schemas.record import Outcome

MINUTE = 60_000
HOLD_MINUTES = 30  # where no rule is in force
OPEN_MOST = 100


def request(state: Points, asked: RedemptionRequested, tables: Tables) -> Iterator[Outcome]:
    """Hold the price, or say why not."""
    known = state.holds.get(asked.redemption_id)
    if known is not None:
        same = (known.product_id, known.quantity) == (asked.product_id, asked.quantity)
        yield _refused(asked, Reason.ALREADY_POSTED if same else Reason.CONFLICTS)
        return
    state.active_at = max(state.active_at, asked.occurred_at)
    price = gifts.price(tables, asked.product_id, asked.occurred_at)
    points = 0 if price is None else price * asked.quantity
    parts = tuple(spent(state, points)) if points <= state.active else ()
    reason = Reason.UNKNOWN_GIFT if price is None else _reason(state, points, parts)
    if reason is not None:
        _remember(state, asked)
        yield _refused(asked, reason)
    else:
        yield _hold(state, asked, points, parts, tables)


def _reason(state: Points, points: int, parts: tuple[Part, ...]) -> Reason | None:
    """Why the points cannot be held, in the order of the checks."""
    if points > state.active:
        return Reason.INSUFFICIENT_POINTS
    if state.open_holds >= OPEN_MOST or len(parts) > LOTS_MOST:
        return Reason.TOO_MANY
    return None


def _refused(asked: RedemptionRequested, reason: Reason) -> HoldRefused:
    return HoldRefused(
        member_id=asked.member_id,
        occurred_at=asked.occurred_at,
        redemption_id=asked.redemption_id,
        product_id=asked.product_id,
        reason=reason,
    )


def _remember(state: Points, asked: RedemptionRequested) -> None:
    at = asked.occurred_at
    ended = Hold(asked.product_id, asked.quantity, 0, at, ended_at=at)
    state.put_hold(asked.redemption_id, ended)


def _hold(
    state: Points,
    asked: RedemptionRequested,
    points: int,
    parts: tuple[Part, ...],
    tables: Tables,
) -> PointsHeld:
    at = asked.occurred_at
    held = rules.in_force(tables, at)
    minutes = max([one.rule.hold_minutes for one in held], default=HOLD_MINUTES)
    entry = Entry(state)
    for part in parts:
        entry.move(Account.ACTIVE, Account.HELD, part.points, part.entry, part.index)
    hold = Hold(asked.product_id, asked.quantity, points, at + minutes * MINUTE, parts)
    state.put_hold(asked.redemption_id, hold)
    state.open_holds += 1
    return PointsHeld(
        member_id=asked.member_id,
        occurred_at=at,
        redemption_id=asked.redemption_id,
        product_id=asked.product_id,
        quantity=asked.quantity,
        points=points,
        times_out_at=hold.times_out_at,
        **entry.fields(),
    )


def cancel(state: Points, asked: RedemptionCancelled) -> Iterator[StockWaived]:
    """An open hold is waived; what else there is to say, `redemptions` says."""
    return call_off(state, asked.member_id, asked.redemption_id, asked.occurred_at)


def call_off(state: Points, member_id: str, redemption_id: str, now: int) -> Iterator[StockWaived]:
    """Waive a hold while it is open."""
    hold = state.holds.get(redemption_id)
    if hold is not None and undecided(hold):
        yield waive(state, member_id, redemption_id, hold, now, Reason.CANCELLED)


def time_out(state: Points, member_id: str, now: int) -> Iterator[StockWaived]:
    """Waive every hold whose time is over."""
    for redemption_id, hold in list(state.holds.items()):
        if undecided(hold) and hold.times_out_at <= now:
            yield waive(state, member_id, redemption_id, hold, now, Reason.TIMED_OUT)


def undecided(hold: Hold) -> bool:
    """True while the hold is open and nobody took it back."""
    return hold.ended_at is None and not hold.waived


def waive(
    state: Points, member_id: str, redemption_id: str, hold: Hold, at: int, reason: Reason
) -> StockWaived:
    """Take an open hold back: the answer to it gives the points back."""
    state.put_hold(redemption_id, structs.replace(hold, waived=True))
    return StockWaived(
        product_id=hold.product_id,
        member_id=member_id,
        occurred_at=at,
        redemption_id=redemption_id,
        reason=reason,
    )


def commit(state: Points, told: GiftReserved) -> Iterator[PointsSpent]:
    """The gift is there: the held points are spent, unless the request was taken back."""
    hold = state.holds.get(told.redemption_id)
    if hold is None or not undecided(hold):
        return
    entry = Entry(state)
    for part in hold.parts:
        entry.move(Account.HELD, Account.REDEEMED, part.points, part.entry, part.index)
        entry.change(part.entry, part.index, spent_at=told.occurred_at)
    _end(state, told.redemption_id, hold, told.occurred_at)
    yield PointsSpent(
        member_id=told.member_id,
        occurred_at=told.occurred_at,
        redemption_id=told.redemption_id,
        points=hold.points,
        **entry.fields(),
    )


def void(
    state: Points, told: GiftRefused | GiftReleased, tables: Tables
) -> Iterator[HoldVoided | PointsExpired | PointsForfeited | PointsRescheduled]:
    """The gift is not to be had, or no longer wanted: the points go back to where they came from.

    What expired meanwhile expires now; of what is still good a debt is repaid first. What a verdict has
    stopped since is withheld, or forfeited.
    """
    hold = state.holds.get(told.redemption_id)
    if hold is None or hold.ended_at is not None:
        return
    now, places = told.occurred_at, sorted({part.entry for part in hold.parts})
    yield from put_off(state, told.member_id, now, tables, places)
    entry = Entry(state)
    for part in hold.parts:
        if told.reason is Reason.OUT_OF_STOCK:
            restore_expiry(entry, part.entry, part.index, now, tables)
        left = withhold_back(state, entry, part, Account.HELD)
        _give_back(state, entry, part, left, now)
    _end(state, told.redemption_id, structs.replace(hold, parts=()), now)
    yield HoldVoided(
        member_id=told.member_id,
        occurred_at=now,
        redemption_id=told.redemption_id,
        points=hold.points,
        reason=told.reason,
        **entry.fields(),
    )
    yield from collect(state, told.member_id, places, now)
    yield from expire(state, told.member_id, now, tables, places)


def _give_back(state: Points, entry: Entry, part: Part, points: int, now: int) -> None:
    if over(entry.parcel(part.entry, part.index), now):
        entry.move(Account.HELD, Account.ACTIVE, points, part.entry, part.index)
    else:
        repay_first(state, entry, Account.HELD, points, part.entry, part.index)


def restore_expiry(entry: Entry, place: str, index: int, now: int, tables: Tables) -> None:
    """It was not the member's fault: points that expired meanwhile are good for some days more."""
    parcel = entry.parcel(place, index)
    rule = rules.version_of(tables, parcel.rule_id, parcel.rule_version)
    if rule is not None and over(parcel, now):
        entry.change(place, index, expires_at=restored_until(rule, now))


def _end(state: Points, redemption_id: str, hold: Hold, at: int) -> None:
    state.open_holds -= 1
    state.put_hold(redemption_id, structs.replace(hold, ended_at=at))
