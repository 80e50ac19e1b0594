"""Adds up what outcomes say about points: what was granted, where it is now, and what it is worth."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from agents.earning import split, weigh
from schemas.dead_letters import DeadLettered
from schemas.outcomes import (
    Balances,
    EarningRefused,
    LedgerOutcome,
    OrderPlaced,
    OrderRefused,
    PointsCapped,
    PointsEarned,
    PointsPending,
    PointsReversed,
    RedemptionRefused,
    ReturnRefused,
    RewardRedeemed,
    RuleAccepted,
    RuleRefused,
)
from schemas.record import Event, Outcome
from schemas.rules import PointsRule


class Month(Struct, frozen=True, kw_only=True):
    """What the purchases of a month came to, in the zone of the rule that granted their points."""

    orders: int = 0  # that earned
    issued: int = 0
    reversed: int = 0


class Cost(Struct, frozen=True, kw_only=True):
    """What a stretch of actions came to under a rule; plain numbers and words, ready for JSON.

    issued - reversed + uncollected - forfeited + adjusted = outstanding + redeemed + expired; `debt` is
    what members owe, as a number of zero or less.
    """

    members: int
    orders: int
    issued: int
    capped: int
    reversed: int
    uncollected: int  # of what was reversed: let go by the rule's policy
    forfeited: int  # taken back for abuse, less what was put back
    adjusted: int
    pending: int
    active: int
    held: int
    withheld: int
    debt: int
    redeemed: int
    expired: int
    outstanding: int  # the first five accounts: what the shop may yet have to give
    outstanding_minor: int  # its worth by the last rule, rounded down to minor units
    redeemed_minor: int
    currency: str
    by_category: dict[str, int]  # issued
    by_month: dict[str, Month]
    redemptions: int
    refused: dict[str, int]  # "OrderRefused CONFLICTS": how many
    dead_letters: int


class Sums:
    """Hears outcomes in order and keeps what `Cost` is made of."""

    def __init__(self) -> None:
        self._balances: dict[str, Balances] = {}
        self._rules: dict[tuple[str, int], PointsRule] = {}
        self._count: Counter[str] = Counter()
        self._categories: Counter[str] = Counter()
        self._months: dict[str, Counter[str]] = {}
        self._refused: Counter[str] = Counter()
        self._order: OrderPlaced | None = None  # the newest: what it earns is said right after it
        self._newest: RuleAccepted | None = None

    def hear(self, said: Event | Outcome | DeadLettered) -> None:
        """One outcome. Raises `ValueError` for a refused rule, with the reasons."""
        if isinstance(said, LedgerOutcome):
            self._balances[said.member_id] = said.balances
        match said:
            case OrderPlaced():
                self._count["orders"] += 1
                self._order = said
            case PointsPending() | PointsEarned():
                self._grant(said)
            case PointsReversed():
                self._take_back(said)
            case PointsCapped():
                self._count["capped"] += said.earned - said.granted
            case RewardRedeemed():
                self._count["redemptions"] += 1
            case OrderRefused() | EarningRefused() | ReturnRefused() | RedemptionRefused():
                self._refused[f"{type(said).__name__} {said.reason}"] += 1
            case RuleAccepted():
                self._accept(said)
            case RuleRefused():
                raise ValueError(f"The rule {said.rule_id} was refused: {' '.join(said.reasons)}")
            case DeadLettered():
                self._count["dead_letters"] += 1
            case _:
                pass  # says nothing about points

    def cost(self) -> Cost:
        """All so far. Raises `ValueError` when no rule was accepted."""
        if self._newest is None or self._newest.rule is None:
            raise ValueError("A dry run needs a rule that holds.")
        rule = self._newest.rule
        every = {name: self._sum(name) for name in Balances.__struct_fields__}
        outstanding = sum(every[n] for n in ("pending", "active", "held", "withheld", "debt"))
        kept = self._count["issued"] - self._count["reversed"] + self._count["uncollected"]
        return Cost(
            members=len(self._balances),
            orders=self._count["orders"],
            issued=self._count["issued"],
            capped=self._count["capped"],
            reversed=self._count["reversed"],
            uncollected=self._count["uncollected"],
            forfeited=kept + every["issued"],
            adjusted=-every["adjusted"],
            pending=every["pending"],
            active=every["active"],
            held=every["held"],
            withheld=every["withheld"],
            debt=every["debt"],
            redeemed=every["redeemed"],
            expired=every["expired"],
            outstanding=outstanding,
            outstanding_minor=_worth(outstanding, rule),
            redeemed_minor=_worth(every["redeemed"], rule),
            currency=rule.earn_rates[0].currency,
            by_category=dict(sorted(self._categories.items())),
            by_month={name: Month(**count) for name, count in sorted(self._months.items())},
            redemptions=self._count["redemptions"],
            refused=dict(sorted(self._refused.items())),
            dead_letters=self._count["dead_letters"],
        )

    def _sum(self, account: str) -> int:
        return sum(getattr(balances, account) for balances in self._balances.values())

    def _grant(self, granted: PointsPending | PointsEarned) -> None:
        if isinstance(granted, PointsEarned) and granted.invitation_id is not None:
            self._reward(granted)
        if granted.counts_at is None or granted.rule_id is None or granted.rule_version is None:
            return  # these were pending before
        rule = self._rules[granted.rule_id, granted.rule_version]
        self._count["issued"] += granted.points
        month = self._month(granted.counts_at, rule)
        month["orders"] += 1
        month["issued"] += granted.points
        assert self._order is not None, granted
        assert self._order.order_id == granted.order_id, granted
        shares = split(granted.points, weigh(self._order, rule))
        for line, points in zip(self._order.lines, shares, strict=True):
            self._categories[line.category] += points

    def _reward(self, won: PointsEarned) -> None:
        """What an invitation earned is issued, and no order's."""
        rule = self._rules[won.rule_id or "", won.rule_version or 0]
        self._count["issued"] += won.points
        self._month(won.occurred_at, rule)["issued"] += won.points

    def _take_back(self, back: PointsReversed) -> None:
        self._count["reversed"] += back.points
        self._count["uncollected"] += back.uncollected
        rule = self._rules[back.rule_id, back.rule_version]
        self._month(back.counts_at, rule)["reversed"] += back.points

    def _month(self, moment: int, rule: PointsRule) -> Counter[str]:
        local = datetime.fromtimestamp(moment / 1000, ZoneInfo(rule.zone))
        return self._months.setdefault(f"{local:%Y-%m}", Counter())

    def _accept(self, accepted: RuleAccepted) -> None:
        if accepted.rule is None:
            return
        self._rules[accepted.rule_id, accepted.version] = accepted.rule
        if self._newest is None or accepted.effective_at >= self._newest.effective_at:
            self._newest = accepted


def _worth(points: int, rule: PointsRule) -> int:
    return points * rule.worth_minor // rule.worth_points
