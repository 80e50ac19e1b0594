"""What an order adds to a member's qualifying points: what its kept lines earn by the points rules.

By the rules in force when it was placed, before caps and without the tier's own ratio, rounded down once
for each rule; pending or active makes no difference, as what comes back is taken off again. The points of
an order are those of what is left of it, so any returns together take what one would. An order that a
verdict stops counts for nothing until it is released.
"""

from __future__ import annotations

from msgspec import Struct, structs

from agents import Tables, rules
from agents.cases import Case, Standing
from agents.earning import rate_of, weigh
from schemas.outcomes import OrderPlaced, ReturnAccepted, ReturnedLine

WHOLE = 100  # percent of a line's amount that counts, where no category counts otherwise


class Grant(Struct, frozen=True, array_like=True):
    """By one rule: `points` for each `per_minor`, of so many hundredths of minor units that are kept.

    `percents` are the lines' shares of their amounts, empty where all are 100.
    """

    points: int
    per_minor: int
    weight: int
    percents: tuple[int, ...] = ()

    @property
    def worth(self) -> int:
        """Qualifying points."""
        return self.weight * self.points // (self.per_minor * WHOLE)


class Order(Struct, frozen=True, array_like=True):
    """An order that counts: its period, what each rule gives, and what is said against it.

    `numbers` are the lines' numbers, empty where they are 1, 2, 3 …
    """

    period: int
    placed_at: int
    grants: tuple[Grant, ...]
    numbers: tuple[int, ...] = ()
    case: Case | None = None

    @property
    def worth(self) -> int:
        """Qualifying points."""
        if self.case is not None and self.case.wanted is not Standing.FREE:
            return 0
        return sum(grant.worth for grant in self.grants)


def ordered(order: OrderPlaced, period: int, case: Case | None, tables: Tables) -> Order:
    """An order as it was placed."""
    found = []
    for held in rules.in_force(tables, order.occurred_at):
        rate, rule = rate_of(held.rule, order.currency), held.rule
        enough = sum([line.amount_minor for line in order.lines]) >= rule.minimum_minor
        if rate is None or not enough:
            continue
        percents = {one.category: one.percent for one in rule.category_rates}
        shares = tuple([percents.get(line.category, WHOLE) for line in order.lines])
        usual = all(share == WHOLE for share in shares)
        weight = sum(weigh(order, rule))
        found.append(Grant(rate.points, rate.per_minor, weight, () if usual else shares))
    numbers = tuple([line.line_number for line in order.lines])
    plain = numbers == tuple(range(1, len(numbers) + 1))
    return Order(period, order.occurred_at, tuple(found), () if plain else numbers, case)


def without(order: Order, back: ReturnAccepted) -> Order:
    """The same without what came back."""
    grants = [
        structs.replace(grant, weight=grant.weight - _weight(order, grant, back.lines))
        for grant in order.grants
    ]
    return structs.replace(order, grants=tuple(grants))


def _weight(order: Order, grant: Grant, lines: list[ReturnedLine]) -> int:
    return sum([line.amount_minor * _percent(order, grant, line.line_number) for line in lines])


def _percent(order: Order, grant: Grant, number: int) -> int:
    if not grant.percents:
        return WHOLE
    return grant.percents[order.numbers.index(number) if order.numbers else number - 1]
