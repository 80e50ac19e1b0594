"""The points ledger of one member: accounts, lots, and the entries that move points between them.

Double entry in integers. Points move from a source to a destination account; the first five accounts are
the member's, the others the house's share with this member. After every entry all accounts together are
zero, and none of the member's own, nor of a lot it touched, is below: a breach is a bug, and stops the
process. That lots add up to the accounts is how entries move points, and a property of the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field, structs

from agents import BrokenLedger, StateMap
from agents.cases import NEVER, Case
from agents.lots import Hold, Lots, Parcel, Part
from schemas.outcomes import Account, Balances, Posting

OWN: dict[Account, str] = {
    Account.PENDING: "pending",
    Account.ACTIVE: "active",
    Account.HELD: "held",
    Account.WITHHELD: "withheld",
}
ACCOUNTS: dict[Account, str] = {
    account: account.value.lower() for account in Account if account is not Account.UNKNOWN
}


class Points(Struct):
    """A member's accounts, lots and holds.

    `granted` has the points ever granted by each rule, for its cap; `active_at` the member's last
    purchase or redemption, for expiry by inactivity; `next_at` the first moment at which a lot or a
    hold is due; `awaited` the newest orders of which something was said before they were placed; `tier`
    the member's tier, empty until it is told.
    """

    pending: int = 0
    active: int = 0
    held: int = 0
    withheld: int = 0
    debt: int = 0
    issued: int = 0
    redeemed: int = 0
    expired: int = 0
    adjusted: int = 0
    active_at: int = 0
    open_holds: int = 0
    next_at: int | None = None
    granted: dict[str, int] = field(default_factory=dict)
    awaited: dict[str, Case] = field(default_factory=dict)
    tier: str = ""
    lots: StateMap[Lots] = field(default_factory=StateMap)
    holds: StateMap[Hold] = field(default_factory=StateMap)

    def falls_due(self, at: int) -> None:
        """Something is due then."""
        if at < NEVER and (self.next_at is None or at < self.next_at):
            self.next_at = at

    def put_lots(self, entry: str, lots: Lots) -> None:
        """Keep the lots of an order."""
        self.lots[entry] = lots
        self.falls_due(lots.due())

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
        known = self._state.lots.get(entry, Lots(()))
        index = len(known.parcels)
        self._state.lots[entry] = structs.replace(known, parcels=(*known.parcels, parcel))
        self._touched[entry, index] = parcel
        return index

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
        said = []
        for (entry, index), parcel in self._touched.items():
            lots = state.lots[entry].with_parcel(index, parcel)
            state.put_lots(entry, lots)
            said.append(parcel.said(disputed=lots.disputed))
        return {"postings": self._postings, "balances": balances(state), "lots": said}


def repay_first(
    state: Points, entry: Entry, source: Account, points: int, place: str, index: int
) -> None:
    """Points that come pay what the member owes; what is left is active: who owes has none to spend."""
    owed = min(points, -state.debt)
    entry.move(source, Account.DEBT, owed, place, index)
    entry.move(source, Account.ACTIVE, points - owed, place, index)


def take(
    entry: Entry,
    place: str,
    index: int,
    source: Account,
    wanted: int,
    destination: Account = Account.ISSUED,
) -> int:
    """Move up to so many points out of one account of a lot; returns how many are still wanted."""
    there: int = getattr(entry.parcel(place, index), OWN[source])
    taken = min(there, wanted)
    entry.move(source, destination, taken, place, index)
    return wanted - taken


def take_from_others(
    state: Points,
    entry: Entry,
    wanted: int,
    destination: Account = Account.ISSUED,
    but: tuple[str, int] | None = None,
) -> int:
    """The same out of the active points of all lots but one, in spend order."""
    for place, index, _ in in_spend_order(state) if wanted else ():
        if (place, index) != but:
            wanted = take(entry, place, index, Account.ACTIVE, wanted, destination)
        if not wanted:
            break
    return wanted


def _check(state: Points, touched: dict[tuple[str, int], Parcel]) -> None:
    said = [getattr(state, name) for name in ACCOUNTS.values()]
    if sum(said) != 0:
        raise BrokenLedger(f"The accounts of a member add up to {sum(said)}, not to zero.")
    if min(getattr(state, name) for name in OWN.values()) < 0 or state.debt > 0:
        raise BrokenLedger(f"An account of a member is on the wrong side of zero: {said}.")
    for parcel in touched.values():
        if min(getattr(parcel, name) for name in OWN.values()) < 0:
            raise BrokenLedger(f"The lot {parcel.lot_id} has less than nothing left.")


def balances(state: Points) -> Balances:
    """All accounts as they are."""
    return Balances(
        pending=state.pending,
        active=state.active,
        held=state.held,
        withheld=state.withheld,
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
