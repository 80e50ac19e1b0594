"""The points ledger of one member: accounts, lots, and the entries that move points between them.

Double entry in integers. Points move from a source to a destination account; the first four accounts are
the member's, the others the house's share with this member. After every entry all accounts together are
zero, and none of the member's own, nor of a lot it touched, is below: a breach is a bug, and stops the
process. That lots add up to the accounts is how entries move points, and a property of the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field, structs

from agents import BrokenLedger, StateMap
from schemas.outcomes import Account, Balances, Lot, Posting

DAY = 86_400_000
# Nothing comes back later: an order is open for 400 days, to the end of its period.
KEPT = 430 * DAY
LOTS_MOST = 400  # of an entry or a hold, so that they fit into a record and a state entry
NEVER = 1 << 62
OWN: dict[Account, str] = {
    Account.PENDING: "pending",
    Account.ACTIVE: "active",
    Account.HELD: "held",
}
ACCOUNTS: dict[Account, str] = {
    account: account.value.lower() for account in Account if account is not Account.UNKNOWN
}


class Parcel(Struct, frozen=True, array_like=True):
    """A lot as it is kept: points granted together, and what is left of them.

    `shares` are the granted points by line of the order, `numbers` the lines' numbers, empty where they
    are 1, 2, 3 … `activates_at` is none once the points are active.
    """

    lot_id: str
    order_id: str | None
    rule_id: str | None
    rule_version: int | None
    earned_at: int
    activates_at: int | None
    expires_at: int | None
    pending: int
    active: int
    held: int
    shares: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()

    @property
    def empty(self) -> bool:
        """True when nothing is left."""
        return not (self.pending or self.active or self.held)

    def due(self) -> int:
        """When something happens to it by itself: it turns active, expires, or is forgotten."""
        if self.empty:
            return self.earned_at + KEPT
        activates = NEVER if self.activates_at is None or not self.pending else self.activates_at
        expires = NEVER if self.expires_at is None or not self.active else self.expires_at
        return min(activates, expires)

    def said(self) -> Lot:
        """The lot as an entry tells it."""
        return Lot(
            lot_id=self.lot_id,
            order_id=self.order_id,
            rule_id=self.rule_id,
            rule_version=self.rule_version,
            earned_at=self.earned_at,
            activates_at=self.activates_at,
            expires_at=self.expires_at,
            pending=self.pending,
            active=self.active,
            held=self.held,
        )


class Lots(Struct, frozen=True, array_like=True):
    """The lots of one order, one a rule; an adjustment has one of its own."""

    parcels: tuple[Parcel, ...]


class Part(Struct, frozen=True, array_like=True):
    """Points that a hold took from a lot."""

    entry: str
    index: int
    points: int


class Hold(Struct, frozen=True, array_like=True):
    """A redemption's points, set aside; remembered for a while after its end.

    `waived`: a cancellation or time-out is on its way, the answer to it ends the hold.
    """

    product_id: str
    quantity: int
    points: int
    times_out_at: int
    parts: tuple[Part, ...] = ()
    waived: bool = False
    ended_at: int | None = None

    def due(self) -> int:
        """When something happens to it by itself: it times out, or is forgotten."""
        if self.ended_at is not None:
            return self.ended_at + KEPT
        return NEVER if self.waived else self.times_out_at


class Points(Struct):
    """A member's accounts, lots and holds.

    `granted` has the points ever granted by each rule, for its cap; `active_at` the member's last
    purchase or redemption, for expiry by inactivity; `next_at` the first moment at which a lot or a
    hold is due.
    """

    pending: int = 0
    active: int = 0
    held: int = 0
    debt: int = 0
    issued: int = 0
    redeemed: int = 0
    expired: int = 0
    adjusted: int = 0
    active_at: int = 0
    open_holds: int = 0
    next_at: int | None = None
    granted: dict[str, int] = field(default_factory=dict)
    lots: StateMap[Lots] = field(default_factory=StateMap)
    holds: StateMap[Hold] = field(default_factory=StateMap)

    def falls_due(self, at: int) -> None:
        """Something is due then."""
        if at < NEVER and (self.next_at is None or at < self.next_at):
            self.next_at = at

    def put_lots(self, entry: str, parcels: tuple[Parcel, ...]) -> None:
        """Keep the lots of an order."""
        self.lots[entry] = Lots(parcels)
        self.falls_due(min(parcel.due() for parcel in parcels))

    def put_hold(self, redemption_id: str, hold: Hold) -> None:
        """Keep a hold."""
        self.holds[redemption_id] = hold
        self.falls_due(hold.due())


class Entry:
    """One entry of the journal in the making: postings, and the lots they touch.

    Every posting changes accounts at once; `fields` closes the entry, checks it and gives what the
    outcome carries.
    """

    __slots__ = ("_postings", "_state", "_touched")

    def __init__(self, state: Points) -> None:
        self._state = state
        self._postings: list[Posting] = []
        self._touched: dict[tuple[str, int], Parcel] = {}

    def begin(self, entry: str, parcel: Parcel) -> int:
        """A new lot, empty as yet, among those of an order; returns its index."""
        known = self._state.lots.get(entry)
        parcels = () if known is None else known.parcels
        self._state.lots[entry] = Lots((*parcels, parcel))
        self._touched[entry, len(parcels)] = parcel
        return len(parcels)

    def move(
        self, source: Account, destination: Account, points: int, entry: str = "", index: int = 0
    ) -> None:
        """Move points; the member's own accounts other than debt move them in the named lot too."""
        if not points:
            return
        state = self._state
        setattr(state, ACCOUNTS[source], getattr(state, ACCOUNTS[source]) - points)
        setattr(state, ACCOUNTS[destination], getattr(state, ACCOUNTS[destination]) + points)
        lot_id = None
        if entry:
            lot_id = self._move_in_lot(source, destination, points, entry, index)
        self._postings.append(
            Posting(source=source, destination=destination, points=points, lot_id=lot_id)
        )

    def _move_in_lot(
        self, source: Account, destination: Account, points: int, entry: str, index: int
    ) -> str:
        parcel = self.parcel(entry, index)
        changes: dict[str, int] = {}
        if source in OWN:
            changes[OWN[source]] = getattr(parcel, OWN[source]) - points
        if destination in OWN:
            changes[OWN[destination]] = getattr(parcel, OWN[destination]) + points
        self.change(entry, index, **changes)
        return parcel.lot_id

    def parcel(self, entry: str, index: int) -> Parcel:
        """A lot as it is by now."""
        touched = self._touched.get((entry, index))
        return self._state.lots[entry].parcels[index] if touched is None else touched

    def change(self, entry: str, index: int, **changes: Any) -> None:
        """Change a lot."""
        self._touched[entry, index] = structs.replace(self.parcel(entry, index), **changes)

    def fields(self) -> dict[str, Any]:
        """Close the entry: what its outcome carries. Raises `BrokenLedger`."""
        state = self._state
        _check(state, self._touched)
        for (entry, index), parcel in self._touched.items():
            parcels = state.lots[entry].parcels
            state.put_lots(entry, (*parcels[:index], parcel, *parcels[index + 1 :]))
        return {
            "postings": self._postings,
            "balances": balances(state),
            "lots": [parcel.said() for parcel in self._touched.values()],
        }


def repay_first(
    state: Points, entry: Entry, source: Account, points: int, place: str, index: int
) -> None:
    """Points that come pay what the member owes; what is left is active: who owes has none to spend."""
    owed = min(points, -state.debt)
    entry.move(source, Account.DEBT, owed, place, index)
    entry.move(source, Account.ACTIVE, points - owed, place, index)


def _check(state: Points, touched: dict[tuple[str, int], Parcel]) -> None:
    said = [getattr(state, name) for name in ACCOUNTS.values()]
    if sum(said) != 0:
        raise BrokenLedger(f"The accounts of a member add up to {sum(said)}, not to zero.")
    if min(state.pending, state.active, state.held) < 0 or state.debt > 0:
        raise BrokenLedger(f"An account of a member is on the wrong side of zero: {said}.")
    for parcel in touched.values():
        if min(parcel.pending, parcel.active, parcel.held) < 0:
            raise BrokenLedger(f"The lot {parcel.lot_id} has less than nothing left.")


def balances(state: Points) -> Balances:
    """All accounts as they are."""
    return Balances(
        pending=state.pending,
        active=state.active,
        held=state.held,
        debt=state.debt,
        issued=state.issued,
        redeemed=state.redeemed,
        expired=state.expired,
        adjusted=state.adjusted,
    )


def in_spend_order(state: Points) -> list[tuple[str, int, Parcel]]:
    """Lots with active points: the earliest expiry first, then the earliest earned, then by id.

    Lots without an expiry come last.
    """
    found = [
        (entry, index, parcel)
        for entry, lots in state.lots.items()
        for index, parcel in enumerate(lots.parcels)
        if parcel.active
    ]
    return sorted(found, key=_spending)


def _spending(found: tuple[str, int, Parcel]) -> tuple[int, int, str]:
    parcel = found[2]
    return (
        NEVER if parcel.expires_at is None else parcel.expires_at,
        parcel.earned_at,
        parcel.lot_id,
    )


def spent(state: Points, points: int, but: tuple[str, int] | None = None) -> Iterator[Part]:
    """Which lots, but one, give so many active points, in spend order; fewer where there are fewer."""
    for entry, index, parcel in in_spend_order(state):
        if not points:
            return
        if (entry, index) == but:
            continue
        taken = min(points, parcel.active)
        points -= taken
        yield Part(entry, index, taken)
