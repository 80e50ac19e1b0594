"""All that the log comes to: one book for each question, and the tables that the views should show.

A table maps a row's key to what the row should say; keys begin with the member, the product or the
board, so that rows of whoever has moved since can be told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from audit.alerts import Alerts
from audit.boards import Boards
from audit.completeness import Completeness
from audit.disputes import Disputes
from audit.groups import Groups
from audit.ledger import Ledger
from audit.log import Entry
from audit.orders import Orders
from audit.overdue import Overdue
from audit.stock import Stock
from audit.tiers import Tiers
from audit.turns import Turns
from audit.verdicts import Verdicts

Key = tuple[Any, ...]
Table = Mapping[Key, Any]
Tables = dict[str, Table]


class Books:
    """Hear dead letters first, then actions, then outcomes; then `finish`."""

    def __init__(self) -> None:
        self.completeness = Completeness()
        self.orders = Orders()
        self.ledger = Ledger(self.orders)
        self.boards = Boards()
        self.stock = Stock()
        self.tiers = Tiers(self.orders, self.ledger)
        self.overdue = Overdue()
        self.disputes = Disputes()
        self.verdicts = Verdicts()
        self.alerts = Alerts()
        self.turns = Turns()
        self.groups = Groups()
        self._members: set[Key] = set()
        self._entries: Counter[Key] = Counter()
        self._movements: Counter[Key] = Counter()

    def hear_action(self, entry: Entry, *, required: bool = True) -> None:
        """One action; `required`: it lies before the cut, so its answers must be there."""
        if not self.completeness.take(entry, required=required):
            return
        if entry.name == "ClockTicked" and required:
            self.overdue.tick(entry)
        self.stock.hear_action(entry)
        self.groups.hear_action(entry)
        if required:
            self.orders.hear_action(entry)
            self.disputes.hear_action(entry)
        self.alerts.hear_action(entry, required=required)

    def hear(self, entry: Entry) -> None:
        """One outcome."""
        self.completeness.hear(entry)
        if not entry.name:
            return
        books = (self.orders, self.ledger, self.boards, self.stock, self.overdue)
        more = (self.disputes, self.verdicts, self.alerts, self.tiers, self.turns, self.groups)
        for book in (*books, *more):
            book.hear(entry)
        if "postings" in entry.fields:
            self._entries[entry.fields["member_id"],] += 1
        elif entry.name == "MemberEnrolled":
            self._members.add((entry.fields["member_id"],))
        elif entry.name == "StockChanged":
            self._movements[entry.fields["product_id"],] += 1

    def hear_later(self, entry: Entry) -> None:
        """One outcome behind the cut; a partition may be ahead of the one that tells of rules."""
        self.completeness.hear_later(entry)
        if entry.name in ("RuleAccepted", "GiftPriced"):
            self.ledger.hear(entry)
        if entry.name in ("RuleAccepted", "TierRuleAccepted"):
            self.tiers.hear(entry)
        if entry.name == "CampaignAccepted":
            self.groups.hear(entry)

    def finish(self, *, quiet: bool = True, moved: frozenset[str] = frozenset()) -> list[str]:
        """Everything in the log that contradicts itself, as sentences.

        `quiet`: the workers have nothing to do, so what is due by the clock has happened; `moved`:
        members and products of which more was said since the cut.
        """
        late: list[str] = []
        if quiet:
            late += self.overdue.finish(self.orders, self.ledger, self.disputes)
            late += self.disputes.finish(self.ledger, self.overdue.now())
        return [
            *late,
            *self.verdicts.finish(self.overdue.ticked_at if quiet else None),
            *self.alerts.finish(quiet=quiet, moved=moved),
            *self.completeness.finish(self.ledger.open_redemptions, set(self.orders.waiting)),
            *self.orders.finish(),
            *self.ledger.finish(),
            *self.boards.finish(self.ledger.rules),
            *self.stock.finish(moved),
            *self.turns.finish(quiet=quiet),
            *self.tiers.finish(self._stops if quiet else None),
            *self.groups.finish(),
        ]

    def _stops(self, member: str, order_id: str) -> bool:
        return self.verdicts.stops(member, order_id, self.overdue.ticked_at)

    def tables(self) -> Tables:
        """What the views should show."""
        scores = self.boards.counted(self.ledger.rules)
        finals = self.boards.finals()
        return {
            "members": dict.fromkeys(self._members, True),
            "balances": {(member,): found for member, found in self.ledger.balances.items()},
            "entries": self._entries,
            "lots": self.ledger.lots,
            "lot_times": self.overdue.times(),
            "orders": {
                place: (order.currency, order.state) for place, order in self.orders.placed.items()
            },
            "order_items": self.orders.items(),
            "returns": dict.fromkeys(self.orders.returns, "ACCEPTED"),
            "redemptions": self.ledger.redemptions(),
            "board_scores": {(m, b): s for b, found in scores.items() for m, s in found.items()},
            "hidden": {(member,): True for member in self.verdicts.hidden()},
            "closed_boards": {(board,): len(found) for board, found in finals.items()},
            "closed_ranks": {(m, b): s for b, found in finals.items() for m, s in found.items()},
            "stock": {(product,): pieces for product, pieces in self.stock.counted().items()},
            "stock_movements": self._movements,
            "alerts": self.alerts.states(),
            "open_alerts": self.alerts.open_now(),
            "tiers": self.tiers.tables(),
            "segment_members": self.groups.segment_members(),
            "campaign_members": self.groups.campaign_members(),
        }
