"""What is kept of a member's points: lots with what is left of them, and points set aside for redemptions."""

from __future__ import annotations

from msgspec import Struct, structs

from agents.cases import KEPT, NEVER, Case, Standing
from schemas.outcomes import Lot

LOTS_MOST = 400  # of an entry or a hold, so that they fit into a record and a state entry


class Parcel(Struct, frozen=True, array_like=True):
    """A lot as it is kept: points granted together, and what is left of them.

    `shares` are the granted points by line of the order, `numbers` the lines' numbers, empty where they
    are 1, 2, 3 … `activates_at` is none once the points are active. `returned` are those that returns
    took back, from wherever, `forfeited` those that a confirmed alert did; of an invitation's reward the
    first are those lost, the second those of them that were there to take. `spent_at` is when a redemption
    last took some.
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
    withheld: int = 0
    returned: int = 0
    forfeited: int = 0
    spent_at: int = 0

    @property
    def empty(self) -> bool:
        """True when nothing is left."""
        return not (self.pending or self.active or self.held or self.withheld)

    @property
    def net(self) -> int:
        """What the order earned here, less what came back: as much as boards count of it."""
        return sum(self.shares) - self.returned

    def due(self, *, disputed: bool = False) -> int:
        """When something happens to it by itself: it turns active, or expires."""
        due = NEVER
        if self.pending and self.activates_at is not None and not disputed:
            due = self.activates_at
        if self.active and self.expires_at is not None and self.expires_at < due:
            due = self.expires_at
        return due

    def said(self, *, disputed: bool = False) -> Lot:
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
            withheld=self.withheld,
            disputed=disputed,
        )


class Lots(Struct, frozen=True, array_like=True):
    """The lots of one order, one a rule, and what is said against it; an adjustment has one of its own."""

    parcels: tuple[Parcel, ...]
    case: Case | None = None

    @property
    def standing(self) -> Standing:
        """How the points of the order stand."""
        return Standing.FREE if self.case is None else self.case.standing

    @property
    def disputed(self) -> bool:
        """True while a dispute stops the clock of its pending points."""
        return self.case is not None and self.case.disputed

    @property
    def empty(self) -> bool:
        """True when nothing is left of any."""
        return all(parcel.empty for parcel in self.parcels)

    @property
    def forgotten_at(self) -> int:
        """When nothing can come back to them any more, if they are empty."""
        at = max(max(parcel.earned_at, parcel.spent_at) for parcel in self.parcels)
        return (at if self.case is None else max(at, self.case.last_at)) + KEPT

    def due(self) -> int:
        """When something happens to one of them by itself, or all are forgotten."""
        case, disputed = self.case, self.disputed
        due = NEVER if case is None else case.due()
        for parcel in self.parcels:
            due = min(due, parcel.due(disputed=disputed))
        return min(due, self.forgotten_at) if self.empty else due

    def with_parcel(self, index: int, parcel: Parcel) -> Lots:
        """The same with another lot at this place."""
        parcels = (*self.parcels[:index], parcel, *self.parcels[index + 1 :])
        return structs.replace(self, parcels=parcels)


class Part(Struct, frozen=True, array_like=True):
    """Points that a hold took from a lot."""

    entry: str
    index: int
    points: int


class Hold(Struct, frozen=True, array_like=True):
    """A redemption's points, set aside; remembered for a while after its end.

    `waived`: a cancellation or time-out is on its way, the answer to it ends the hold. Of one that was
    spent the `parts` are kept; `restored_by` names the alerts for which they were given back.
    """

    product_id: str
    quantity: int
    points: int
    times_out_at: int
    parts: tuple[Part, ...] = ()
    waived: bool = False
    ended_at: int | None = None
    restored_by: tuple[str, ...] = ()

    def due(self) -> int:
        """When something happens to it by itself: it times out, or is forgotten."""
        if self.ended_at is not None:
            return self.ended_at + KEPT
        return NEVER if self.waived else self.times_out_at
