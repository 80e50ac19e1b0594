"""Recompute the stock of every product from receipts, adjustments, orders, returns and redemptions."""

from __future__ import annotations

from collections import defaultdict

from audit.log import Entry


class Stock:
    """Product → pieces on hand and reserved, by counting; and what was said of it last."""

    def __init__(self) -> None:
        self.on_hand: dict[str, int] = defaultdict(int)
        self.reserved: dict[str, int] = defaultdict(int)
        self.said: dict[str, tuple[int, int]] = {}
        self.differences: list[str] = []
        self._reservations: dict[tuple[str, str], int] = {}

    def hear_action(self, entry: Entry) -> None:
        """One action that was taken (not a repeat, not a dead letter)."""
        if entry.name in ("StockReceived", "StockAdjusted"):
            self.on_hand[entry.fields["product_id"]] += entry.fields["quantity"]

    def hear(self, entry: Entry) -> None:
        """One outcome."""
        fields = entry.fields
        match entry.name:
            case "OrderPlaced":
                for line in fields["lines"]:
                    self.on_hand[line["product_id"]] -= line["quantity"]
            case "ReturnAccepted":
                for line in fields["lines"]:
                    if line["sellable"]:
                        self.on_hand[line["product_id"]] += line["quantity"]
            case "GiftReserved":
                self._reserve(entry)
            case "GiftReleased":
                self._release(fields["product_id"], fields["redemption_id"])
            case "RewardRedeemed":
                self._redeem(fields["product_id"], fields["redemption_id"], fields["quantity"])
            case "StockChanged":
                self.said[fields["product_id"]] = fields["on_hand"], fields["reserved"]
                if fields["available"] != fields["on_hand"] - fields["reserved"]:
                    self.differences.append(
                        f"{fields['event_id']}: available is not the difference"
                    )

    def _reserve(self, entry: Entry) -> None:
        product, redemption = entry.fields["product_id"], entry.fields["redemption_id"]
        if (product, redemption) in self._reservations:
            self.differences.append(f"{redemption}: gift {product} is reserved twice")
        self._reservations[product, redemption] = entry.fields["quantity"]

    def _release(self, product: str, redemption: str) -> None:
        self._reservations.pop((product, redemption), None)

    def _redeem(self, product: str, redemption: str, quantity: int) -> None:
        if self._reservations.pop((product, redemption), None) != quantity:
            self.differences.append(f"{redemption}: redeemed without its reservation of {product}")
        self.on_hand[product] -= quantity

    def finish(self) -> list[str]:
        """Where the stock that was said differs from the count; call it at the end of the log."""
        for (product, _), quantity in self._reservations.items():
            self.reserved[product] += quantity
        for product in sorted(self.on_hand.keys() | self.said.keys()):
            counted = self.on_hand[product], self.reserved[product]
            if self.said.get(product, (0, 0)) != counted:
                self.differences.append(
                    f"stock of {product}: said {self.said.get(product)} (on hand, reserved), "
                    f"counted {counted}"
                )
        return self.differences
