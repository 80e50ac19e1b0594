"""Recompute every member's tier and qualifying points from the orders and the programme, and each grant's.

The tier at the end follows from what was bought, returned and stopped alone, in whatever order it was
heard: period by period from the first on, what its points reach and what was kept into it. On the way each
change must begin where the last one ended, and a grant must be by the tier before its order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from audit.ledger import Ledger
from audit.log import Entry, text_of
from audit.orders import Order, Orders

MONTHS = {"MONTH": 1, "YEAR": 12}
Stopped = Callable[[str, str], bool]  # member and order: does a verdict stop it?


class Said(NamedTuple):
    """What was last said of a member."""

    tier: str
    points: int
    review_at: int


class Version(NamedTuple):
    """A version of the programme, or of a points rule; no rule: it has ended."""

    effective_at: int
    number: int
    rule: dict[str, Any] | None


class Tiers:
    """Hear all outcomes; then `finish`."""

    def __init__(self, orders: Orders, ledger: Ledger) -> None:
        self.differences: list[str] = []
        self._orders = orders
        self._ledger = ledger
        self._said: dict[str, Said] = {}
        self._before: dict[str, tuple[str, str | None]] = {}  # cause of the change, tier before it
        self._programme: list[Version] = []
        self._rules: dict[str, list[Version]] = defaultdict(list)

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition."""
        fields = entry.fields
        match entry.name:
            case "TierRuleAccepted":
                version = Version(fields["effective_at"], fields["version"], fields["rule"])
                self._programme.append(version)
            case "RuleAccepted":
                version = Version(fields["effective_at"], fields["version"], fields["rule"])
                self._rules[fields["rule_id"]].append(version)
            case "TierChanged" | "TierProgressed":
                self._stand(entry)
            case "PointsPending" | "PointsEarned" if fields["tier"] is not None:
                self._grant(entry)

    def tables(self) -> dict[tuple[str], tuple[str, int]]:
        """Member → tier and qualifying points, as last said."""
        return {(member,): (said.tier, said.points) for member, said in self._said.items()}

    def finish(self, stopped: Stopped | None) -> list[str]:
        """All differences; `stopped`: which orders do not count, none while workers work."""
        if stopped is None or not self._programme:
            return self.differences
        points = self._points(stopped)
        for member, said in sorted(self._said.items()):
            zone, length = self._calendar()
            last = _period(said.review_at - 1, zone, length)
            tier, counted = self._standing(points.get(member, Counter()), last)
            if (tier, counted) != (said.tier, said.points):
                self.differences.append(
                    f"{member} is {said.tier} with {said.points} qualifying points; the orders "
                    f"make {tier} with {counted}"
                )
        silent = {member for member, found in points.items() if any(found.values())} - set(
            self._said
        )
        self.differences += [
            f"{member} has orders that qualify and no tier" for member in sorted(silent)
        ]
        return self.differences

    # ---- what was said --------------------------------------------------------------------------

    def _stand(self, entry: Entry) -> None:
        fields, member = entry.fields, entry.fields["member_id"]
        known = self._said.get(member)
        before = None if known is None else known.tier
        if entry.name == "TierProgressed":
            if fields["tier"] != before:
                self._differs(entry, f"stays {fields['tier']}, and was {before}")
        else:
            if fields["from_tier"] != before or fields["tier"] == before:
                self._differs(entry, f"goes from {fields['from_tier']}, and was {before}")
            cause = fields["caused_by"]
            if self._before.get(member, ("", None))[0] != cause:
                self._before[member] = cause, before
        self._said[member] = Said(fields["tier"], fields["qualifying_points"], fields["review_at"])

    def _grant(self, entry: Entry) -> None:
        """By the tier before the order: a change that the order itself brought comes after."""
        fields, member = entry.fields, entry.fields["member_id"]
        known, (cause, before) = self._said.get(member), self._before.get(member, ("", None))
        tier = before if cause == fields["caused_by"] else known and known.tier
        found = {
            (one["tier"], one["earn_percent"]): place
            for version in self._programme
            for place, one in enumerate((version.rule or {})["tiers"])
        }
        place = found.get((fields["tier"], fields["earn_percent"]))
        if (
            place is None
            or (tier is not None and fields["tier"] != tier)
            or (tier is None and place)
        ):
            self._differs(
                entry, f"earns {fields['earn_percent']} % as {fields['tier']}, and was {tier}"
            )

    def _differs(self, entry: Entry, text: str) -> None:
        self.differences.append(text_of(entry, text))

    # ---- what must be ---------------------------------------------------------------------------

    def _calendar(self) -> tuple[str, int]:
        rule = self._programme[0].rule or {}
        return rule["zone"], MONTHS[rule["period"]]

    def _points(self, stopped: Stopped) -> dict[str, Counter[int]]:
        """Member → period → qualifying points of the kept lines of the orders that nothing stops."""
        zone, length = self._calendar()
        found: dict[str, Counter[int]] = defaultdict(Counter)
        for (member, order_id), order in self._orders.placed.items():
            if order.placed_at < self._programme[0].effective_at or stopped(member, order_id):
                continue
            rules = self._met(member, order_id, order.placed_at)
            points = sum(_worth(order, rule) for rule in rules)
            found[member][_period(order.placed_at, zone, length)] += points
        return found

    def _met(self, member: str, order_id: str, placed_at: int) -> Iterator[dict[str, Any]]:
        """The versions in force for an order: the one that its grant names, where a change came with it.

        A grant without a tier was made before its partition had heard of the programme.
        """
        for rule_id, versions in self._rules.items():
            begun = [version for version in versions if version.effective_at <= placed_at]
            grant = self._ledger.grant(member, order_id, rule_id)
            if grant is not None:
                begun = [version for version in begun if version.number == grant.rule_key[1]]
            last = max(begun, key=lambda version: version.number, default=None)
            known = grant is None or grant.tier is not None
            if known and last is not None and last.rule is not None:
                yield last.rule

    def _standing(self, points: Counter[int], last: int) -> tuple[str, int]:
        """The tier in a period and the points that count in it, from the member's first period on."""
        floor: dict[str, Any] | None = None
        period = min([*points, last])
        while True:
            rule = self._lived_under(period)
            counted = sum(points[period - back] for back in range(rule["periods"]))
            reached = _reached(rule, counted)
            kept = _place(rule, floor)
            if period == last:
                return rule["tiers"][max(kept, reached)]["tier"], counted
            steps = {"ONE_STEP": max(kept - 1, 0), "TO_QUALIFIED": 0, "NEVER": kept}
            floor = rule["tiers"][max(reached, steps[rule["downgrade"]])]
            period += 1

    def _lived_under(self, period: int) -> dict[str, Any]:
        """The newest version that held when the period began; the first one before."""
        zone, length = self._calendar()
        found = self._programme[0]
        for version in self._programme[1:]:
            if version.effective_at <= _begin(period, zone, length):
                found = version
        assert found.rule is not None
        return found.rule


def _worth(order: Order, rule: dict[str, Any]) -> int:
    """floor(kept amounts x category percent x points / per_minor), as in docs/tiers.md."""
    rates = {rate["currency"]: rate for rate in rule["earn_rates"]}
    rate = rates.get(order.currency)
    if rate is None or sum(line.amount_minor for line in order.lines) < rule["minimum_minor"]:
        return 0
    percents = {one["category"]: one["percent"] for one in rule["category_rates"]}
    kept = sum(
        (line.amount_minor - order.refunded[line.line_number]) * percents.get(line.category, 100)
        for line in order.lines
    )
    return int(kept * rate["points"] // (100 * rate["per_minor"]))


def _period(at: int, zone: str, length: int) -> int:
    """The number of the calendar period of so many months."""
    local = datetime.fromtimestamp(at // 1000, UTC).astimezone(ZoneInfo(zone))
    return (local.year * 12 + local.month - 1) // length


def _begin(period: int, zone: str, length: int) -> int:
    year, month = divmod(period * length, 12)
    return int(datetime(year, month + 1, 1, tzinfo=ZoneInfo(zone)).timestamp()) * 1000


def _reached(rule: dict[str, Any], points: int) -> int:
    return max(n for n, tier in enumerate(rule["tiers"]) if tier["threshold_points"] <= points)


def _place(rule: dict[str, Any], tier: dict[str, Any] | None) -> int:
    """Where a tier of an earlier version stands: by name, else by what it took."""
    if tier is None:
        return 0
    names = [one["tier"] for one in rule["tiers"]]
    if tier["tier"] in names:
        return names.index(tier["tier"])
    return _reached(rule, tier["threshold_points"])
