"""Recompute the stock of every product from receipts, adjustments, orders, returns and redemptions.

The parts lie in three topics, between which the log has no order, so nothing here depends on one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from audit.log import Entry

Reservation = tuple[str, str]  # product and redemption


class Pieces(NamedTuple):
    """Stock of a product."""

    on_hand: int
    reserved: int


class Stock:
    """Product → pieces on hand and reserved, by counting; and what was said of it last."""

    def __init__(self) -> None:
        self.said: dict[str, Pieces] = {}
        self.differences: list[str] = []
        self._on_hand: Counter[str] = Counter()
        self._reserved: Counter[Reservation] = Counter()
        self._released: set[Reservation] = set()
        self._redeemed: Counter[Reservation] = Counter()

    def hear_action(self, entry: Entry) -> None:
        """One action that was taken (not a repeat, not a dead letter)."""
        if entry.name in ("StockReceived", "StockAdjusted"):
            self._on_hand[entry.fields["product_id"]] += entry.fields["quantity"]

    def hear(self, entry: Entry) -> None:
        """One outcome."""
        fields = entry.fields
        match entry.name:
            case "OrderPlaced":
                for line in fields["lines"]:
                    self._on_hand[line["product_id"]] -= line["quantity"]
            case "ReturnAccepted":
                for line in fields["lines"]:
                    if line["sellable"]:
                        self._on_hand[line["product_id"]] += line["quantity"]
            case "GiftReserved":
                self._reserve(entry)
            case "GiftReleased":
                self._released.add((fields["product_id"], fields["redemption_id"]))
            case "RewardRedeemed":
                self._redeem(entry)
            case "StockChanged":
                self._say(entry)

    def counted(self) -> dict[str, Pieces]:
        """The stock as it adds up; products that nothing ever moved are left out."""
        on_hand, reserved = self._on_hand.copy(), Counter[str]()
        for place, quantity in self._redeemed.items():
            on_hand[place[0]] -= quantity
        for place, quantity in self._reserved.items():
            if place not in self._released and place not in self._redeemed:
                reserved[place[0]] += quantity
        return {product: Pieces(on_hand[product], reserved[product]) for product in on_hand}

    def finish(self, moved: frozenset[str] = frozenset()) -> list[str]:
        """Where the stock that was said differs from the count; call it at the end of the log.

        Products that have `moved` since the cut are not judged: their parts lie on both sides of it.
        """
        self.differences.extend(self._wrong_ends(moved))
        counted = self.counted()
        for product in sorted((counted.keys() | self.said.keys()) - moved):
            said, made = self.said.get(product, Pieces(0, 0)), counted.get(product, Pieces(0, 0))
            if said != made:
                self.differences.append(f"stock of {product}: said {said}, counted {made}")
        return self.differences

    def _reserve(self, entry: Entry) -> None:
        place = entry.fields["product_id"], entry.fields["redemption_id"]
        if place in self._reserved:
            self.differences.append(f"{place[1]}: the gift {place[0]} is reserved twice")
        self._reserved[place] = entry.fields["quantity"]

    def _redeem(self, entry: Entry) -> None:
        place = entry.fields["product_id"], entry.fields["redemption_id"]
        if place in self._redeemed:
            self.differences.append(f"{place[1]}: the gift {place[0]} is redeemed twice")
        self._redeemed[place] = entry.fields["quantity"]

    def _say(self, entry: Entry) -> None:
        fields = entry.fields
        pieces = self.said[fields["product_id"]] = Pieces(fields["on_hand"], fields["reserved"])
        if fields["available"] != pieces.on_hand - pieces.reserved or pieces.reserved < 0:
            self.differences.append(
                f"{fields['event_id']}: {fields['available']} available cannot be, with {pieces}"
            )

    def _wrong_ends(self, moved: frozenset[str]) -> Iterator[str]:
        """A reservation ends once: redeemed in the same quantity, or released."""
        for place, quantity in self._redeemed.items():
            if place[0] in moved:
                continue
            if self._reserved[place] != quantity:
                yield f"{place[1]}: {quantity} redeemed, {self._reserved[place]} of {place[0]} reserved"
            if place in self._released:
                yield f"{place[1]}: the gift {place[0]} is both redeemed and released"
