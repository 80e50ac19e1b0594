"""Recomputes from outcomes alone what must hold, whatever the agents meant to do.

It knows the words and nothing of the agents: postings are summed in the order in which they were
said, ends are counted, stock is added up.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from schemas.outcomes import (
    Account,
    BoardPartitionClosed,
    HoldVoided,
    LedgerOutcome,
    Lot,
    OrderPlaced,
    PointsHeld,
    PointsSpent,
    RedemptionRefused,
    ReturnAccepted,
    RewardRedeemed,
    StockChanged,
    StockMovement,
)
from schemas.record import Outcome

OWN = ("pending", "active", "held", "withheld")


class Auditor:
    """What the outcomes so far add up to. Every rule that is broken is an AssertionError."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.accounts: dict[str, Counter[str]] = defaultdict(Counter)
        self.lots: dict[tuple[str, str], Lot] = {}
        self.placed: dict[tuple[str, str], OrderPlaced] = {}
        self.returned: Counter[tuple[str, str, int]] = Counter()
        self.held: dict[str, int] = {}
        self.ends: dict[str, Outcome] = {}
        self.redemption_ends: dict[tuple[str, str], Outcome] = {}
        self.stock: dict[str, StockChanged] = {}
        self.movements: Counter[tuple[str, StockMovement]] = Counter()
        self.closed: Counter[tuple[str, int]] = Counter()

    def hear(self, outcomes: Iterable[Outcome]) -> None:
        """Take outcomes in the order in which they were committed."""
        for outcome in outcomes:
            assert outcome.event_id not in self.ids, f"said twice: {outcome}"
            self.ids.add(outcome.event_id)
            if isinstance(outcome, LedgerOutcome):
                self._post(outcome)
            match outcome:
                case OrderPlaced():
                    self._place(outcome)
                case ReturnAccepted():
                    self._return(outcome)
                case RewardRedeemed() | RedemptionRefused(cancellation=False):
                    self._end(outcome)
                case StockChanged():
                    self._move(outcome)
                case BoardPartitionClosed():
                    self.closed[outcome.board, outcome.partition] += 1
                    assert self.closed[outcome.board, outcome.partition] == 1, outcome

    def _post(self, entry: LedgerOutcome) -> None:
        accounts = self.accounts[entry.member_id]
        for posting in entry.postings:
            accounts[_name(posting.source)] -= posting.points
            accounts[_name(posting.destination)] += posting.points
        said = msgspec.structs.asdict(entry.balances)
        assert sum(said.values()) == 0, f"not zero: {entry}"
        assert said == {name: accounts[name] for name in said}, f"{dict(accounts)} but {entry}"
        assert all(said[name] >= 0 for name in OWN), f"below zero: {entry}"
        assert said["debt"] <= 0, entry
        for lot in entry.lots:
            self.lots[entry.member_id, lot.lot_id] = lot
        of_member = [lot for (member, _), lot in self.lots.items() if member == entry.member_id]
        for name in OWN:
            assert sum(getattr(lot, name) for lot in of_member) == said[name], (name, entry)
        self._hold(entry)

    def _hold(self, entry: LedgerOutcome) -> None:
        match entry:
            case PointsHeld():
                assert entry.redemption_id not in self.held, f"held twice: {entry}"
                self.held[entry.redemption_id] = entry.points
            case PointsSpent() | HoldVoided():
                assert entry.redemption_id in self.held, f"never held: {entry}"
                assert entry.redemption_id not in self.ends, f"ended twice: {entry}"
                assert entry.points == self.held[entry.redemption_id], entry
                self.ends[entry.redemption_id] = entry

    def _place(self, order: OrderPlaced) -> None:
        assert (order.member_id, order.order_id) not in self.placed, f"placed twice: {order}"
        self.placed[order.member_id, order.order_id] = order

    def _return(self, back: ReturnAccepted) -> None:
        order = self.placed[back.member_id, back.order_id]
        bought = {line.line_number: line.quantity for line in order.lines}
        for line in back.lines:
            place = (back.member_id, back.order_id, line.line_number)
            self.returned[place] += line.quantity
            assert self.returned[place] <= bought[line.line_number], back

    def _end(self, end: RewardRedeemed | RedemptionRefused) -> None:
        place = (end.member_id, end.redemption_id)
        before = self.redemption_ends.get(place)
        assert before is None, f"a second end of a redemption: {before}, then {end}"
        self.redemption_ends[place] = end
        if isinstance(end, RewardRedeemed):
            assert isinstance(self.ends.get(end.redemption_id), PointsSpent), end

    def _move(self, moved: StockChanged) -> None:
        assert moved.available == moved.on_hand - moved.reserved, moved
        assert moved.reserved >= 0, moved
        self.stock[moved.product_id] = moved
        self.movements[moved.product_id, moved.movement] += 1

    def settled(self, requested: Iterable[str]) -> None:
        """At the end of time: every hold and every request has ended, nothing is reserved."""
        assert set(self.held) == set(self.ends), set(self.held) - set(self.ends)
        ended = {redemption for _, redemption in self.redemption_ends}
        assert ended == set(requested), set(requested) ^ ended
        assert all(stock.reserved == 0 for stock in self.stock.values()), self.stock
        for product in self.stock:
            count = {word: self.movements[product, word] for word in StockMovement}
            assert count[StockMovement.RESERVED] == (
                count[StockMovement.COMMITTED] + count[StockMovement.RELEASED]
            ), (product, count)


def _name(account: Account) -> str:
    return account.value.lower()
