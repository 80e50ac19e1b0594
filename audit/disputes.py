"""Which orders have an open dispute: their pending points must be told to wait, and no others.

A dispute is known by its own id; its end counts also when it is heard first and names the order. What
nobody ends lapses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from audit.ledger import Ledger
from audit.log import Entry
from audit.orders import OrderKey

LAPSES = 180 * 86_400_000
LotKey = tuple[str, str]  # member, lot


class Dispute(NamedTuple):
    """What it is about, and when it was opened; 0: it is over."""

    order_id: str
    opened_at: int


class Told(NamedTuple):
    """What was last said of a lot of an order."""

    order_id: str
    disputed: bool


class Disputes:
    """Member and dispute → the order, while it is open; member and lot → what was last told."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Dispute] = {}
        self._told: dict[LotKey, Told] = {}

    def hear_action(self, entry: Entry) -> None:
        """One action that was taken."""
        fields = entry.fields
        if entry.name not in ("DisputeOpened", "DisputeResolved"):
            return
        place = fields["member_id"], fields["dispute_id"]
        known, order_id = self._known.get(place), fields["order_id"]
        if entry.name == "DisputeResolved":
            if known is not None or order_id is not None:
                self._known[place] = Dispute(order_id or (known.order_id if known else ""), 0)
        elif known is None and order_id is not None:
            self._known[place] = Dispute(order_id, fields["occurred_at"])

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition; of a payment's dispute it says the order."""
        if entry.name == "PaymentContested" and entry.fields["dispute_id"] is not None:
            place = entry.fields["member_id"], entry.fields["dispute_id"]
            known, order_id = self._known.get(place), entry.fields["order_id"]
            if entry.fields["contest"] == "SETTLED":
                self._known[place] = Dispute(order_id, 0)
            elif known is None:
                self._known[place] = Dispute(order_id, entry.fields["occurred_at"])
        for lot in entry.fields.get("lots", ()):
            if lot["order_id"] is not None:
                told = Told(lot["order_id"], lot["disputed"])
                self._told[entry.fields["member_id"], lot["lot_id"]] = told

    def waits(self, member: str, lot_id: str) -> bool:
        """True when the lot was told to wait for the end of a dispute."""
        told = self._told.get((member, lot_id))
        return told is not None and told.disputed

    def finish(self, ledger: Ledger, now: dict[str, int]) -> Iterator[str]:
        """Pending points that do not wait and should, or the other way; `now`: each member's time."""
        disputed = set(self._open(now))
        for (member, lot_id), told in self._told.items():
            should = (member, told.order_id) in disputed
            if ledger.lots[member, lot_id]["pending"] and told.disputed != should:
                yield f"lot {lot_id} of {member}: told to wait {told.disputed}, should be {should}"

    def _open(self, now: dict[str, int]) -> Iterator[OrderKey]:
        for (member, _), dispute in self._known.items():
            if dispute.opened_at and dispute.opened_at + LAPSES > now.get(member, 0):
                yield member, dispute.order_id
