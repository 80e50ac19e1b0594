"""Recompute the points ledger from its postings, and the grants from the orders.

Sums every posting in outcome order; whatever else an entry claims (its balances, its lots) must follow
from the sums. It re-derives what no interleaving changes: each order's points under the rule version
that the entry names, each order once, each hold's price and its one end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from audit.log import Entry, text_of
from audit.orders import Order, Orders
from audit.schedule import RuleKey, Schedule

OWN = ("pending", "active", "held", "withheld")
ACCOUNTS = (*OWN, "debt", "issued", "redeemed", "expired", "adjusted")
OPEN = "open"
STATES = {OPEN: "HELD", "PointsSpent": "REDEEMED", "HoldVoided": "REFUSED", "never made": "?"}

Rule = dict[str, Any]


class Hold(NamedTuple):
    """Points set aside for a redemption."""

    state: str
    points: int


class Grant(NamedTuple):
    """What an order was granted by a version of a rule, in which tier, and that tier's percent."""

    text: str
    rule_key: RuleKey
    points: int
    tier: str | None
    tier_percent: int


class Price(NamedTuple):
    """What a piece of a gift costs from a moment on."""

    effective_at: int
    points: int


class Ledger:
    """What the postings say, member by member."""

    def __init__(self, orders: Orders) -> None:
        self.balances: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(ACCOUNTS, 0))
        self.lots: dict[tuple[str, str], dict[str, int]] = defaultdict(
            lambda: dict.fromkeys(OWN, 0)
        )
        self._schedule = Schedule()
        self.entries = 0
        self.rules: dict[RuleKey, Rule] = {}
        self.granted: Counter[tuple[str, str]] = Counter()
        self.reversed: Counter[tuple[str, str]] = Counter()
        self.differences: list[str] = []
        self._orders = orders
        self._effective: dict[RuleKey, int] = {}
        self._capped: set[tuple[str, str, str]] = set()
        self._told: set[tuple[str, str]] = set()  # orders of which something was said
        self._grants: dict[tuple[str, str, str], Grant] = {}
        self._holds: dict[tuple[str, str], Hold] = {}
        self._prices: dict[str, list[Price]] = defaultdict(list)
        self._held: list[tuple[str, str, int, int]] = []

    @property
    def sum(self) -> int:
        """The sum over all accounts of all members: zero, or the ledger is broken."""
        return sum(sum(balance.values()) for balance in self.balances.values())

    @property
    def open_redemptions(self) -> set[tuple[str, str]]:
        """Member and redemption of the holds that the log leaves open: the answer is on its way."""
        return {place for place, hold in self._holds.items() if hold.state == OPEN}

    def redemptions(self) -> dict[tuple[str, str], str]:
        """How each redemption stands for which points were ever held."""
        return {place: STATES[hold.state] for place, hold in self._holds.items()}

    def grant(self, member: str, order_id: str, rule_id: str) -> Grant | None:
        """What an order was granted by a rule."""
        return self._grants.get((member, order_id, rule_id))

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition."""
        fields = entry.fields
        if "postings" in fields:
            self._post(entry)
        match entry.name:
            case "RuleAccepted":
                if fields["rule"] is not None:
                    key = fields["rule_id"], fields["version"]
                    self.rules[key], self._effective[key] = fields["rule"], fields["effective_at"]
            case "GiftPriced":
                price = Price(fields["effective_at"], fields["points"])
                self._prices[fields["product_id"]].append(price)
            case "PointsCapped":
                self._capped.add(_grant_key(fields))
                self._told.add((fields["member_id"], fields["order_id"]))
            case "EarningRefused":
                self._told.add((fields["member_id"], fields["order_id"]))
            case "PointsPending" | "PointsEarned":
                self._grant(entry)
            case "PointsReversed":
                self.reversed[fields["member_id"], fields["order_id"]] += fields["points"]
            case "PointsHeld":
                self._hold(entry)
            case "HoldVoided" | "PointsSpent":
                self._end_hold(entry)
            case "OrderStateChanged":
                self._schedule.deliver(entry, self.rules)

    def finish(self) -> list[str]:
        """All differences found; call it when the whole log is heard."""
        for (member, order_id, _), grant in self._grants.items():
            order = self._orders.placed.get((member, order_id))
            capped = (member, order_id, grant.rule_key[0]) in self._capped
            self.differences.extend(self._wrong_grant(grant, order, capped))
        self.differences.extend(self._silent_orders())
        self.differences.extend(self._wrong_prices())
        self.differences.extend(self._wrong_reversals())
        self.differences.extend(self._schedule.finish())
        return self.differences

    def _post(self, entry: Entry) -> None:
        self.entries += 1
        member = entry.fields["member_id"]
        balance = self.balances[member]
        for posting in entry.fields["postings"]:
            self._move(member, balance, posting)
            self._schedule.post(entry, posting)
        claimed = entry.fields["balances"]
        if claimed != balance:
            self._differs(entry, f"says balances {claimed}, its postings make {balance}")
        if any(balance[account] < 0 for account in OWN) or balance["debt"] > 0:
            self._differs(entry, f"leaves a balance below zero: {balance}")
        for lot in entry.fields["lots"]:
            left = self.lots[member, lot["lot_id"]]
            if {account: lot[account] for account in OWN} != left:
                self._differs(entry, f"says of lot {lot['lot_id']} other than its postings: {left}")
            self._schedule.say(entry, lot)

    def _move(self, member: str, balance: dict[str, int], posting: dict[str, Any]) -> None:
        for side, sign in (("source", -1), ("destination", 1)):
            account = posting[side].lower()
            balance[account] += sign * posting["points"]
            if posting["lot_id"] is not None and account in OWN:
                self.lots[member, posting["lot_id"]][account] += sign * posting["points"]

    def _grant(self, entry: Entry) -> None:
        """A grant issues points; an activation only moves them."""
        fields = entry.fields
        issued = sum(p["points"] for p in fields["postings"] if p["source"] == "ISSUED")
        if not issued or fields["order_id"] is None:
            return
        key = _grant_key(fields)
        if key in self._grants:
            self._differs(entry, f"order {key[1]} earns twice by rule {key[2]}")
        rule_key = fields["rule_id"], fields["rule_version"]
        tier = fields["tier"], fields["earn_percent"]
        self._grants[key] = Grant(text_of(entry, ""), rule_key, issued, *tier)
        self.granted[fields["member_id"], fields["order_id"]] += issued
        self._told.add((fields["member_id"], fields["order_id"]))

    def _wrong_grant(self, grant: Grant, order: Order | None, capped: bool) -> Iterator[str]:
        text, rule_key, points, _, percent = grant
        rule = self.rules.get(rule_key)
        if order is None or rule is None:
            yield text + "names an order or a rule version that the log does not have"
            return
        if self._effective[rule_key] > order.placed_at:
            yield text + f"follows version {rule_key[1]} of {rule_key[0]}, which began after it"
        earned = earned_points(order, rule, percent)
        if points > earned or (points < earned and not capped):
            yield text + f"grants {points}; its order earns {earned} by its rule version"

    def _silent_orders(self) -> Iterator[str]:
        """An order earns, or is capped, or refused; unless some version that it may have met pays 0."""
        for place, order in self._orders.placed.items():
            if place in self._told:
                continue
            met = [self.rules[k] for k, at in self._effective.items() if at <= order.placed_at]
            paid = [rule for rule in met if order.currency in _rates(rule)]
            if not any(earned_points(order, rule) == 0 for rule in paid):
                yield f"order {place[1]} of {place[0]}: earned nothing, and nothing was said of it"

    def _wrong_reversals(self) -> Iterator[str]:
        """Returns take back at most what the order was granted, and all of it when all came back."""
        for place, taken in self.reversed.items():
            granted = self.granted[place]
            if taken > granted or (taken < granted and self._whole(place)):
                yield (
                    f"order {place[1]} of {place[0]}: returns took back {taken} points of "
                    f"{granted} granted"
                )

    def _whole(self, place: tuple[str, str]) -> bool:
        return place in self._orders.placed and self._orders.placed[place].whole

    def _hold(self, entry: Entry) -> None:
        fields = entry.fields
        place = fields["member_id"], fields["redemption_id"]
        if place in self._holds:
            self._differs(entry, f"holds points for {place[1]} twice")
        self._holds[place] = Hold(OPEN, fields["points"])
        pieces, left = fields["quantity"], fields["points"] % fields["quantity"]
        piece = -1 if left else fields["points"] // pieces
        self._held.append((text_of(entry, ""), fields["product_id"], piece, fields["occurred_at"]))

    def _wrong_prices(self) -> Iterator[str]:
        """A hold costs what a version of the gift's price said that was in force before it."""
        for text, gift, piece, at in self._held:
            known = {price.points for price in self._prices[gift] if price.effective_at <= at}
            if piece not in known:
                yield text + f"holds {piece} points a piece; the gift's prices are {sorted(known)}"

    def _end_hold(self, entry: Entry) -> None:
        place = entry.fields["member_id"], entry.fields["redemption_id"]
        hold = self._holds.get(place, Hold("never made", 0))
        if hold.state != OPEN:
            self._differs(entry, f"ends the hold {place[1]}, which is {hold.state}")
        elif hold.points != entry.fields["points"]:
            self._differs(entry, f"ends a hold of {hold.points} with {entry.fields['points']}")
        self._holds[place] = Hold(entry.name, hold.points)

    def _differs(self, entry: Entry, text: str) -> None:
        self.differences.append(text_of(entry, text))


def _grant_key(fields: dict[str, Any]) -> tuple[str, str, str]:
    return fields["member_id"], fields["order_id"] or "", fields["rule_id"] or ""


def earned_points(order: Order, rule: Rule, tier_percent: int = 100) -> int:
    """Points of an order before caps: the floor of the sum over its lines, once an order.

    Each line counts amount x category percent; the rate is `points` for each `per_minor`, times the
    percent of the member's tier.
    """
    rate = _rates(rule).get(order.currency)
    amount = sum(line.amount_minor for line in order.lines)
    if rate is None or amount < rule["minimum_minor"]:
        return 0
    percents = {c["category"]: c["percent"] for c in rule["category_rates"]}
    weighed = sum(line.amount_minor * percents.get(line.category, 100) for line in order.lines)
    return int(weighed * rate["points"] * tier_percent // (rate["per_minor"] * 100 * 100))


def _rates(rule: Rule) -> dict[str, Any]:
    return {rate["currency"]: rate for rate in rule["earn_rates"]}
