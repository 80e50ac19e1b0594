"""The year as one stream of actions in the order of time: what the data tells and what is invented.

The first N orders give a prefix: what belongs to them, with the same ids and content as in the whole
year. Thirty more days follow without new orders, so that what was bought is delivered, points turn
active and gifts are asked for.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path

from replay import invented, programme, told
from replay.misbehaviour import honest, plan
from replay.misbehaviour.truth import Incident
from replay.retail import Invoice, Kind, Rule, invoices
from replay.returns import Purchases
from replay.shop import DAY, HOUR, Shop
from replay.told import Told
from schemas.record import Event

SEED = 2011
TAIL = 30 * DAY
LOOKAHEAD = 2 * HOUR  # actions that belong to an invoice come at most this long before it
SELLABLE = 0.85
SHOP_AT_FAULT = 0.2


@dataclass(slots=True)
class Year:
    """The cleaned data, read once: `orders` is how many orders of members are told, at most.

    With `risk` it is also told how members log in and pay, and some who misbehave are mixed in.
    """

    orders: int
    seed: int
    ends_at: int
    last_order_at: int
    shop: Shop
    cleaned: Counter[Rule]
    risk: bool
    _invoices: list[Invoice] = field(repr=False)

    @classmethod
    def read(
        cls,
        orders: int | None = None,
        seed: int = SEED,
        path: Path | None = None,
        *,
        risk: bool = False,
    ) -> Year:
        """Read and clean the data file. Raises `ValueError` for fewer than one order."""
        if orders is not None and orders < 1:
            raise ValueError("The number of orders must be at least 1.")
        cleaned: Counter[Rule] = Counter()
        every = list(invoices(cleaned, path))
        made = [invoice.at for invoice in every if invoice.kind is Kind.ORDER]
        count = min(orders or len(made), len(made))
        last = made[count - 1] if count < len(made) else every[-1].at
        ends_at = -(-(last + TAIL) // HOUR) * HOUR
        until = [invoice for invoice in every if invoice.at <= last]
        return cls(count, seed, ends_at, last, _shop(path), cleaned, risk, until)

    def actions(self) -> Iterator[Event]:
        """Every action, in the order of time; equal times keep the order in which they were told."""
        standing = sorted(self._standing(), key=_at)
        for entry in heapq.merge(standing, self._in_order(), key=_at):
            if entry.because_at <= self.last_order_at and entry.at < self.ends_at:
                yield entry.action

    def incidents(self) -> list[Incident]:
        """The truth about those who misbehave, by when they begin; empty without `risk`."""
        return sorted((found.incident for found in self._incidences()), key=_started_at)

    def _incidences(self) -> Iterator[plan.Incidence]:
        if self.risk:
            yield from plan.incidents(self._invoices, self.shop, self.seed, self.last_order_at)

    def _standing(self) -> Iterable[Told]:
        return chain(
            programme.rules(),
            programme.tiers(),
            programme.risk_rules() if self.risk else (),
            programme.segments(),
            *(found.told for found in self._incidences()),
            programme.gift_listings(self.shop),
            programme.listings(self.shop),
            programme.receipts(self.shop, self.seed),
        )

    def _in_order(self) -> Iterator[Told]:
        """What follows from the invoices, sorted by a heap that holds what is still to come."""
        coming: list[tuple[int, int, Told]] = []
        number = 0
        for at, entries in self._by_invoice():
            while coming and coming[0][0] < at - LOOKAHEAD:
                yield heapq.heappop(coming)[2]
            for entry in entries:
                heapq.heappush(coming, (entry.at, number, entry))
                number += 1
        while coming:
            yield heapq.heappop(coming)[2]

    def _by_invoice(self) -> Iterator[tuple[int, Iterable[Told]]]:
        purchases = Purchases()
        wishes = invented.Wishes(programme.gifts(self.shop), self.seed)
        friends = honest.Friends(self.seed)
        known: set[str] = set()
        for invoice in self._invoices:
            if invoice.member_id is not None and invoice.member_id not in known:
                known.add(invoice.member_id)
                yield invoice.at, self._registration(invoice, friends)
            match invoice.kind:
                case Kind.ORDER:
                    purchases.add(invoice)
                    yield invoice.at, self._order(invoice, wishes)
                case Kind.RETURN:
                    yield invoice.at, self._return(invoice, purchases)
                case Kind.GUEST_ORDER | Kind.GUEST_RETURN | Kind.STOCK_COUNT:
                    yield invoice.at, told.stock_movements(invoice)

    def _registration(self, invoice: Invoice, friends: honest.Friends) -> Iterable[Told]:
        yield told.registration(invoice)
        if self.risk:
            yield from friends.joins(invoice)

    def _order(self, order: Invoice, wishes: invented.Wishes) -> Iterable[Told]:
        yield from invented.visit(order, self.shop, self.seed)
        yield told.purchase(order, self.shop)
        if self.risk:
            yield from honest.around(order, self.seed)
        yield from invented.delivery(order, self.seed)
        yield from wishes.after(order)

    def _return(self, invoice: Invoice, purchases: Purchases) -> Iterable[Told]:
        dice = invented.dice_of(self.seed, "return", invoice.invoice_id)
        sellable, at_fault = dice.random() < SELLABLE, dice.random() < SHOP_AT_FAULT
        for order_id, pieces in purchases.match(invoice).items():
            yield told.return_of(invoice, order_id, pieces, sellable, at_fault)


@lru_cache(maxsize=1)
def _shop(path: Path | None) -> Shop:
    """The same for every year that is told of a file."""
    return Shop.of(invoices(Counter(), path))


def _at(entry: Told) -> int:
    return entry.at


def _started_at(incident: Incident) -> int:
    return incident.started_at
