"""Recompute the points ledger from its postings, and the grants from the orders.

Sums every posting in outcome order; whatever else an entry claims (its balances, its lots) must follow
from the sums. From the actions it re-derives what no interleaving changes: each line's points under
the rule version that the entry names, each order once, each hold ended once, no return beyond the order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from audit.log import Entry

ACCOUNTS = ("pending", "active", "held", "debt", "issued", "redeemed", "expired", "adjusted")
OWN = ("pending", "active", "held")
HOLD_ENDS = ("HoldVoided", "PointsSpent")


class Ledger:
    """What the postings say, member by member."""

    def __init__(self) -> None:
        self.balances: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(ACCOUNTS, 0))
        self.lots: dict[tuple[str, str], dict[str, int]] = defaultdict(
            lambda: dict.fromkeys(OWN, 0)
        )
        self.entries = 0
        self.differences: list[str] = []
        self._rules: dict[tuple[str, int], dict[str, Any]] = {}
        self._orders: dict[tuple[str, str], dict[str, Any]] = {}
        self._granted: dict[tuple[str, str, str], int] = {}
        self._capped: set[tuple[str, str, str]] = set()
        self._grants: list[tuple[Entry, int]] = []
        self._holds: dict[tuple[str, str], str] = {}

    @property
    def sum(self) -> int:
        """The sum over all accounts of all members: zero, or the ledger is broken."""
        return sum(sum(balance.values()) for balance in self.balances.values())

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition."""
        fields = entry.fields
        if "postings" in fields:
            self._post(entry)
        match entry.name:
            case "RuleAccepted":
                if fields["rule"] is not None:
                    self._rules[fields["rule_id"], fields["version"]] = fields["rule"]
            case "OrderPlaced":
                self._order(entry)
            case "PointsCapped":
                self._capped.add(self._grant_key(fields))
            case "PointsPending" | "PointsEarned":
                self._grant(entry)
            case "PointsHeld":
                self._holds[fields["member_id"], fields["redemption_id"]] = "open"
            case name if name in HOLD_ENDS:
                self._end_hold(entry)

    def finish(self) -> list[str]:
        """All differences found; call it when the whole log is heard."""
        for entry, points in self._grants:
            self.differences.extend(self._wrong_grant(entry, points))
        return self.differences

    @property
    def open_holds(self) -> int:
        """Holds that the log leaves open: their answer is still on its way."""
        return sum(state == "open" for state in self._holds.values())

    def _post(self, entry: Entry) -> None:
        self.entries += 1
        member = entry.fields["member_id"]
        balance = self.balances[member]
        for posting in entry.fields["postings"]:
            self._move(member, balance, posting)
        claimed = entry.fields["balances"]
        if claimed != balance:
            self._differs(entry, f"says balances {claimed}, its postings make {balance}")
        for lot in entry.fields["lots"]:
            held = self.lots[member, lot["lot_id"]]
            if {account: lot[account] for account in OWN} != held:
                self._differs(entry, f"says of lot {lot['lot_id']} other than its postings: {held}")

    def _move(self, member: str, balance: dict[str, int], posting: dict[str, Any]) -> None:
        for side, sign in (("source", -1), ("destination", 1)):
            account = posting[side].lower()
            balance[account] += sign * posting["points"]
            if posting["lot_id"] is not None and account in OWN:
                self.lots[member, posting["lot_id"]][account] += sign * posting["points"]

    def _order(self, entry: Entry) -> None:
        place = entry.fields["member_id"], entry.fields["order_id"]
        if place in self._orders:
            self._differs(entry, f"order {place[1]} is placed twice")
        self._orders[place] = entry.fields

    @staticmethod
    def _grant_key(fields: dict[str, Any]) -> tuple[str, str, str]:
        return fields["member_id"], fields["order_id"] or "", fields["rule_id"] or ""

    def _grant(self, entry: Entry) -> None:
        """A grant issues points; an activation only moves them."""
        issued = sum(p["points"] for p in entry.fields["postings"] if p["source"] == "ISSUED")
        if not issued or entry.fields["order_id"] is None:
            return
        key = self._grant_key(entry.fields)
        if key in self._granted:
            self._differs(entry, f"order {key[1]} earns twice by rule {key[2]}")
        self._granted[key] = issued
        self._grants.append((entry, issued))

    def _wrong_grant(self, entry: Entry, points: int) -> Iterator[str]:
        fields = entry.fields
        order = self._orders.get((fields["member_id"], fields["order_id"]))
        rule = self._rules.get((fields["rule_id"], fields["rule_version"]))
        if order is None or rule is None:
            yield self._text(entry, "names an order or a rule version that the log does not have")
            return
        earned = earned_points(order, rule)
        capped = self._grant_key(fields) in self._capped
        if points > earned or (points < earned and not capped):
            yield self._text(
                entry, f"grants {points}; its order earns {earned} by its rule version"
            )

    def _end_hold(self, entry: Entry) -> None:
        place = entry.fields["member_id"], entry.fields["redemption_id"]
        if self._holds.get(place) != "open":
            was = self._holds.get(place, "never made")
            self._differs(entry, f"ends the hold {place[1]}, which is {was}")
        self._holds[place] = entry.name

    def _differs(self, entry: Entry, text: str) -> None:
        self.differences.append(self._text(entry, text))

    @staticmethod
    def _text(entry: Entry, text: str) -> str:
        member = entry.fields.get("member_id", "")
        return f"{entry.topic}/{entry.partition}/{entry.offset} {entry.name} of {member}: {text}"


def earned_points(order: dict[str, Any], rule: dict[str, Any]) -> int:
    """Points of an order before caps: the floor of the sum over its lines, once an order.

    Each line counts amount x category percent; the rate is `points` for each `per_minor`.
    """
    rates = {rate["currency"]: rate for rate in rule["earn_rates"]}
    rate = rates.get(order["currency"])
    amount = sum(line["amount_minor"] for line in order["lines"])
    if rate is None or amount < rule["minimum_minor"]:
        return 0
    percents = {c["category"]: c["percent"] for c in rule["category_rates"]}
    weighed = sum(
        line["amount_minor"] * percents.get(line["category"], 100) for line in order["lines"]
    )
    return int(weighed * rate["points"] // (rate["per_minor"] * 100))
