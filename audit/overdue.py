"""What was due by the clock and did not happen: the last tick that a partition heard says what is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from audit.disputes import Disputes
from audit.ledger import Ledger
from audit.log import Entry
from audit.orders import Orders

DAY = 86_400_000
MEMBERS = "actions.members"
NEVER = 1 << 62


class Overdue:
    """The time of each members partition, where each member lives, and what is due when."""

    def __init__(self) -> None:
        self.ticked_at: dict[int, int] = defaultdict(int)
        self._home: dict[str, int] = {}
        self._lots: dict[tuple[str, str], dict[str, Any]] = {}
        self._held: dict[tuple[str, str], int] = {}
        self._closed_at: dict[str, int] = {}
        self._closed: dict[str, set[int]] = defaultdict(set)

    def tick(self, entry: Entry) -> None:
        """A tick, of any stage."""
        if entry.topic == MEMBERS:
            before = self.ticked_at[entry.partition]
            self.ticked_at[entry.partition] = max(before, entry.fields["occurred_at"])

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition."""
        fields = entry.fields
        for lot in fields.get("lots", ()):
            self._home[fields["member_id"]] = entry.partition
            self._lots[fields["member_id"], lot["lot_id"]] = {
                name: lot[name] for name in ("order_id", "rule_id", "rule_version", "expires_at")
            } | {"activates_at": lot["activates_at"]}
        match entry.name:
            case "PointsHeld":
                place = fields["member_id"], fields["redemption_id"]
                self._held[place] = fields["times_out_at"]
            case "StockWaived":
                self._held.pop((fields["member_id"], fields["redemption_id"]), None)
            case "ReturnDeferred":
                self._home[fields["member_id"]] = entry.partition
            case "BoardPartitionClosed":
                self._closed_at[fields["board"]] = fields["occurred_at"]
                self._closed[fields["board"]].add(entry.partition)

    def times(self) -> dict[tuple[str, str], tuple[int | None, int | None]]:
        """Member and lot → when its points turn active and when they expire, as was last said."""
        return {
            place: (lot["activates_at"], lot["expires_at"]) for place, lot in self._lots.items()
        }

    def now(self) -> dict[str, int]:
        """Each member's time: that of the partition where the member lives."""
        return {member: self._now(member) for member in self._home}

    def finish(self, orders: Orders, ledger: Ledger, disputes: Disputes) -> list[str]:
        """All that is overdue; call it when the whole log is heard."""
        return [
            *self._returns(orders),
            *self._holds(ledger),
            *self._points(orders, ledger, disputes),
            *self._boards(),
        ]

    def _now(self, member: str) -> int:
        return self.ticked_at[self._home.get(member, -1)]

    def _returns(self, orders: Orders) -> Iterator[str]:
        for (member, return_id), until in orders.waiting.items():
            if until <= self._now(member):
                yield f"return {return_id} of {member} waited long enough and was not refused"

    def _holds(self, ledger: Ledger) -> Iterator[str]:
        opened = ledger.open_redemptions
        for place, times_out_at in self._held.items():
            if place in opened and times_out_at <= self._now(place[0]):
                yield f"the hold {place[1]} of {place[0]} timed out and was not waived"

    def _points(self, orders: Orders, ledger: Ledger, disputes: Disputes) -> Iterator[str]:
        for (member, lot_id), left in ledger.lots.items():
            if not (left["pending"] or left["active"]):
                continue
            lot, now = self._lots[member, lot_id], self._now(member)
            rule = ledger.rules.get((lot["rule_id"], lot["rule_version"]), {})
            waits = disputes.waits(member, lot_id)
            due = self._activates_at(member, lot, rule, orders) <= now
            if left["pending"] and due and not waits:
                yield f"lot {lot_id} of {member}: its points should be active"
            moves = rule.get("expiry") == "INACTIVITY"  # is put off without a word
            if left["active"] and not moves and (lot["expires_at"] or NEVER) <= now:
                yield f"lot {lot_id} of {member}: its points should have expired"

    @staticmethod
    def _activates_at(
        member: str, lot: dict[str, Any], rule: dict[str, Any], orders: Orders
    ) -> int:
        """As it was said, or later when the order was delivered late."""
        order = orders.placed.get((member, lot["order_id"]))
        at: int = lot["activates_at"] or 0
        if order is None or order.delivered_at is None or rule.get("activation") == "AT_ONCE":
            return at
        window: int = rule.get("return_window_days", 0)
        return max(at, order.delivered_at + window * DAY)

    def _boards(self) -> Iterator[str]:
        """All partitions hear the same ticks: what one closed, the others have before the next."""
        for board, at in self._closed_at.items():
            due = {partition for partition, now in self.ticked_at.items() if now > at}
            for partition in sorted(due - self._closed[board]):
                yield f"board {board}: partition {partition} has not closed it"
