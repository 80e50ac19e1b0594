"""A small shop made up from a seed: members who buy, return, look, search and redeem, in any order.

Everything is drawn from one `Random`, so that a seed is the whole world. Actions come with the moment
of their delivery, which may be later than their own; some come twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from schemas.actions import (
    GiftListed,
    MemberRegistered,
    OrderDelivered,
    PointsAdjusted,
    ProductBrowsed,
    ProductListed,
    PurchaseLine,
    PurchaseMade,
    PurchaseReturned,
    RedemptionCancelled,
    RedemptionRequested,
    ReturnLine,
    RuleChanged,
    SearchMade,
    StockReceived,
)
from schemas.record import Event
from schemas.rules import Activation, EarnRate, Expiry, PointsRule, ReturnPolicy
from schemas.tiers import Period, Tier, TierRule, TierRuleChanged

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_291_161_600_000  # 2010-12-01T00:00:00Z
PRODUCTS = [f"product-{n}" for n in range(6)]
GIFTS = ["gift-0", "gift-1"]
TIERS = TierRule(
    tiers=[
        Tier(tier="bronze", threshold_points=0),
        Tier(tier="silver", threshold_points=100, earn_percent=130),
        Tier(tier="gold", threshold_points=400, earn_percent=175),
    ],
    period=Period.MONTH,
    zone="Europe/London",
)
TERMS = ["lamp", "Red  Lamp", "clock", "tea"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a world has. `scarce`: few gifts in stock; `late`: share of late and doubled actions."""

    members: int = 8
    steps: int = 250
    days: int = 60
    redemptions: bool = True
    scarce: bool = True
    late: float = 0.1


@dataclass(slots=True)
class World:
    """The actions in order of delivery, and what was bought."""

    seed: int
    shape: Shape
    random: Random
    delivered: list[tuple[int, Event]] = field(default_factory=list)
    orders: list[PurchaseMade] = field(default_factory=list)
    redemptions: list[RedemptionRequested] = field(default_factory=list)
    events: int = 0

    def send(self, action: Event, at: int) -> None:
        """Deliver an action at its time, or late, or twice."""
        times = [at]
        if not action.BROADCAST and self.random.random() < self.shape.late:
            times = [at + self.random.randrange(2 * DAY)]
        if self.random.random() < self.shape.late:
            times.append(times[0] + self.random.randrange(3 * DAY))
        self.delivered += [(time, action) for time in times]

    def id(self) -> str:
        """The next event's id."""
        self.events += 1
        return f"event-{self.seed}-{self.events}"


def world(seed: int, shape: Shape = Shape()) -> World:
    """The whole world of a seed."""
    made = World(seed, shape, Random(seed))
    _found(made)
    step = shape.days * DAY // shape.steps
    for n in range(shape.steps):
        at = START + HOUR + n * step + made.random.randrange(step)
        _happen(made, at)
    made.delivered.sort(key=lambda pair: pair[0])
    return made


def _found(made: World) -> None:
    """What there is on the first day: rules, gifts, products, stock, members."""
    random, at = made.random, START
    for version, day in ((1, 0), (2, made.shape.days // 2)):
        rule = PointsRule(
            earn_rates=[EarnRate(currency="GBP", points=version, per_minor=100)],
            activation=random.choice([Activation.AT_ONCE, Activation.AFTER_RETURN_WINDOW]),
            return_window_days=random.randrange(1, 15),
            delivery_days=random.randrange(1, 10),
            expiry=random.choice([Expiry.NEVER, Expiry.FIXED, Expiry.CALENDAR, Expiry.INACTIVITY]),
            expiry_days=random.randrange(5, 60),
            return_policy=random.choice(
                [ReturnPolicy.PENDING_ONLY, ReturnPolicy.WITHIN_BALANCE, ReturnPolicy.DEBT]
            ),
            cap_per_day=random.choice([None, 500]),
            hold_minutes=random.choice([30, 600]),
        )
        made.send(
            RuleChanged(
                event_id=made.id(),
                rule_id="purchases",
                occurred_at=at + day * DAY,
                version=version,
                effective_at=at + day * DAY,
                changed_by="operator-1",
                rule=rule,
            ),
            at + day * DAY,
        )
    programme = TierRuleChanged(
        event_id=f"programme-{made.seed}",
        occurred_at=at,
        version=1,
        effective_at=at,
        changed_by="operator-1",
        rule=TIERS,
    )
    made.delivered.append((at, programme))
    for gift in GIFTS:
        made.send(
            GiftListed(
                event_id=made.id(),
                product_id=gift,
                occurred_at=at,
                effective_at=at,
                points=random.randrange(5, 60),
            ),
            at,
        )
    for product in PRODUCTS + GIFTS:
        few = made.shape.scarce and product in GIFTS
        _stock(made, product, random.randrange(1, 6) if few else 1000, at)
    for n in range(made.shape.members):
        made.send(MemberRegistered(event_id=made.id(), member_id=f"member-{n}", occurred_at=at), at)


def _stock(made: World, product: str, quantity: int, at: int) -> None:
    made.send(
        ProductListed(
            event_id=made.id(),
            product_id=product,
            occurred_at=at,
            name=product,
            price_minor=500,
            currency="GBP",
        ),
        at,
    )
    made.send(
        StockReceived(event_id=made.id(), product_id=product, occurred_at=at, quantity=quantity), at
    )


def _happen(made: World, at: int) -> None:
    """One thing happens to one member."""
    random = made.random
    member = f"member-{random.randrange(made.shape.members)}"
    kinds = [_buy] * 6 + [_return] * 4 + [_deliver] * 3 + [_look, _search, _adjust]
    if made.shape.redemptions:
        kinds += [_redeem] * 5 + [_cancel] * 2
    random.choice(kinds)(made, member, at)


def _buy(made: World, member: str, at: int) -> None:
    random = made.random
    if (
        made.orders and random.random() < 0.05
    ):  # the platform sends an order again, as another event
        old = random.choice(made.orders)
        order = PurchaseMade(
            event_id=made.id(),
            member_id=old.member_id,
            occurred_at=at,
            order_id=old.order_id,
            currency="GBP",
            lines=old.lines,
        )
        made.send(order, at)
        return
    lines = [
        PurchaseLine(
            line_number=number,
            product_id=random.choice(PRODUCTS),
            quantity=random.randrange(1, 5),
            amount_minor=random.randrange(50, 20_000),
        )
        for number in range(1, random.randrange(2, 5))
    ]
    order = PurchaseMade(
        event_id=made.id(),
        member_id=member,
        occurred_at=at,
        order_id=f"order-{made.events}",
        currency=random.choice(["GBP"] * 9 + ["CHF"]),
        lines=lines,
    )
    made.orders.append(order)
    made.send(order, at)


def _return(made: World, member: str, at: int) -> None:
    """Some of an order comes back: also more than was bought, also before the purchase is known."""
    random = made.random
    if not made.orders:
        return
    order = random.choice(made.orders[-12:])
    line = random.choice(order.lines)
    early = random.random() < 0.15
    back = PurchaseReturned(
        event_id=made.id(),
        member_id=order.member_id,
        occurred_at=order.occurred_at - HOUR if early else at,
        return_id=f"return-{made.events}",
        order_id=order.order_id if random.random() < 0.95 else "order-unknown",
        lines=[
            ReturnLine(
                product_id=line.product_id,
                quantity=random.randrange(1, line.quantity + 2),
                line_number=random.choice([None, line.line_number]),
            )
        ],
        shop_at_fault=random.random() < 0.2,
    )
    made.delivered.append((max(START + HOUR, back.occurred_at), back))


def _deliver(made: World, member: str, at: int) -> None:
    if made.orders:
        order = made.random.choice(made.orders[-12:])
        made.send(
            OrderDelivered(
                event_id=made.id(),
                member_id=order.member_id,
                occurred_at=max(at, order.occurred_at),
                order_id=order.order_id,
            ),
            at,
        )


def _look(made: World, member: str, at: int) -> None:
    product = made.random.choice(PRODUCTS)
    made.send(
        ProductBrowsed(event_id=made.id(), member_id=member, occurred_at=at, product_id=product),
        at,
    )


def _search(made: World, member: str, at: int) -> None:
    term = made.random.choice(TERMS)
    made.send(SearchMade(event_id=made.id(), member_id=member, occurred_at=at, term=term), at)


def _adjust(made: World, member: str, at: int) -> None:
    made.send(
        PointsAdjusted(
            event_id=made.id(),
            member_id=member,
            occurred_at=at,
            points=made.random.randrange(-50, 100) or 1,
            reason="goodwill",
            adjusted_by="operator-1",
            approved_by="operator-2",
        ),
        at,
    )


def _redeem(made: World, member: str, at: int) -> None:
    request = RedemptionRequested(
        event_id=made.id(),
        member_id=member,
        occurred_at=at,
        redemption_id=f"redemption-{made.events}",
        product_id=made.random.choice([*GIFTS, *GIFTS, *GIFTS, "gift-unknown"]),
        quantity=made.random.choice([1, 1, 2]),
    )
    made.redemptions.append(request)
    made.send(request, at)
    if made.random.random() < 0.2:  # a second device's cart, at the same moment
        _redeem(made, member, at)


def _cancel(made: World, member: str, at: int) -> None:
    if made.redemptions:
        request = made.random.choice(made.redemptions[-4:])
        moment = max(at, request.occurred_at)
        made.send(
            RedemptionCancelled(
                event_id=made.id(),
                member_id=request.member_id,
                occurred_at=moment,
                redemption_id=request.redemption_id,
            ),
            moment,
        )
