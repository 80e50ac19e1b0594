"""The main job's actions: 70 % browse, 10 % search, 12 % purchase of three lines, 3 % return, 5 % others.

Every hundred actions hold exactly these shares, in a seeded order. Products and search terms are
drawn with a skew, as in a real shop some are asked for a hundred times as often as others. Returns
and deliveries follow a purchase of the same member a few thousand actions earlier. A paid mix has a payment
behind every purchase besides, from a device, a card and an address that members may share.
"""

from __future__ import annotations

import random
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from schemas.actions import (
    GiftListed,
    MemberRegistered,
    OrderDelivered,
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
from schemas.risk import PaymentCaptured
from schemas.rules import EarnRate, PointsRule

SHARES: dict[str, int] = {
    "browse": 70,
    "search": 10,
    "purchase": 12,
    "return": 3,
    "delivery": 2,
    "registration": 1,
    "redemption": 1,
    "stock": 1,
}
PRODUCTS = 2_000
TERMS = 500
GIFTS = 10
CURRENCY = "GBP"
AGE = 500  # purchases between a purchase and its return or delivery


@dataclass
class Mix:
    """An endless stream of actions; the same seed gives the same ones."""

    members: int = 50_000
    seed: int = 1
    paid: bool = False
    _random: random.Random = field(init=False)
    _bought: deque[PurchaseMade] = field(init=False, default_factory=deque)
    _requested: RedemptionRequested | None = field(init=False, default=None)
    _numbers: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        assert sum(SHARES.values()) == 100
        self._random = random.Random(self.seed)
        self._makers: dict[str, Callable[[int], Event]] = {
            "browse": self._browse,
            "search": self._search,
            "purchase": self._purchase,
            "return": self._return,
            "delivery": self._delivery,
            "registration": self._registration,
            "redemption": self._redemption,
            "stock": self._stock,
        }

    def actions(self, first_at: int, step_milliseconds: float) -> Iterator[Event]:
        """Actions for ever, one every `step_milliseconds` of event time from `first_at` on."""
        moment = float(first_at)
        while True:
            for kind in self._hundred():
                action = self._makers[kind](int(moment))
                yield action
                if self.paid and isinstance(action, PurchaseMade):
                    yield self._payment(action)
                moment += step_milliseconds

    def action(self, kind: str, at: int) -> Event:
        """One action of a kind of `SHARES`, for a caller that keeps its own time."""
        return self._makers[kind](at)

    def _hundred(self) -> list[str]:
        kinds = [kind for kind, share in SHARES.items() for _ in range(share)]
        self._random.shuffle(kinds)
        return kinds

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128)))

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _member(self) -> str:
        return f"member-{self._random.randrange(self.members)}"

    def _product(self) -> str:
        return product_name(int(PRODUCTS * self._random.random() ** 3))

    def _browse(self, at: int) -> Event:
        return ProductBrowsed(
            event_id=self._id(),
            member_id=self._member(),
            occurred_at=at,
            product_id=self._product(),
            dwell_milliseconds=self._random.randrange(60_000),
        )

    def _search(self, at: int) -> Event:
        term = int(TERMS * self._random.random() ** 3)
        return SearchMade(
            event_id=self._id(), member_id=self._member(), occurred_at=at, term=f"gift {term}"
        )

    def _purchase(self, at: int) -> Event:
        purchase = PurchaseMade(
            event_id=self._id(),
            member_id=self._member(),
            occurred_at=at,
            order_id=f"order-{self.seed}-{self._number()}",
            currency=CURRENCY,
            lines=[self._line(number) for number in (1, 2, 3)],
            postage_minor=395,
        )
        self._bought.append(purchase)
        if len(self._bought) > 2 * AGE:
            self._bought.popleft()
        return purchase

    def _payment(self, purchase: PurchaseMade) -> Event:
        """From the member's own device and card, and an address of every second member's household."""
        member = purchase.member_id.removeprefix("member-")
        return PaymentCaptured(
            event_id=self._id(),
            member_id=purchase.member_id,
            occurred_at=purchase.occurred_at,
            payment_id=f"payment-{purchase.order_id}",
            order_id=purchase.order_id,
            amount_minor=sum(line.amount_minor for line in purchase.lines),
            currency=CURRENCY,
            device=f"device-{member}-{self._random.randrange(2)}",
            card=f"card-{member}",
            address=f"address-{int(member) // 2}",
            country="GB",
        )

    def _line(self, number: int) -> PurchaseLine:
        return PurchaseLine(
            line_number=number,
            product_id=self._product(),
            quantity=self._random.randrange(1, 4),
            amount_minor=self._random.randrange(500, 5_000),
        )

    def _return(self, at: int) -> Event:
        """One line of an older purchase comes back; before there is one, a purchase is made."""
        if len(self._bought) <= AGE // 4:
            return self._purchase(at)
        purchase = self._bought.popleft()
        line = purchase.lines[1]
        return PurchaseReturned(
            event_id=self._id(),
            member_id=purchase.member_id,
            occurred_at=at,
            return_id=f"return-{self.seed}-{self._number()}",
            order_id=purchase.order_id,
            lines=[ReturnLine(product_id=line.product_id, quantity=1, line_number=2)],
        )

    def _delivery(self, at: int) -> Event:
        if len(self._bought) <= AGE // 4:
            return self._purchase(at)
        purchase = self._bought.popleft()
        return OrderDelivered(
            event_id=self._id(),
            member_id=purchase.member_id,
            occurred_at=at,
            order_id=purchase.order_id,
        )

    def _registration(self, at: int) -> Event:
        return MemberRegistered(event_id=self._id(), member_id=self._member(), occurred_at=at)

    def _redemption(self, at: int) -> Event:
        """Requests, and every fifth is taken back."""
        number = self._number()
        requested = self._requested
        if requested is not None and number % 5 == 0:
            self._requested = None
            return RedemptionCancelled(
                event_id=self._id(),
                member_id=requested.member_id,
                occurred_at=at,
                redemption_id=requested.redemption_id,
            )
        self._requested = RedemptionRequested(
            event_id=self._id(),
            member_id=self._member(),
            occurred_at=at,
            redemption_id=f"redemption-{self.seed}-{number}",
            product_id=product_name(self._random.randrange(GIFTS)),
        )
        return self._requested

    def _stock(self, at: int) -> Event:
        return StockReceived(
            event_id=self._id(), product_id=self._product(), occurred_at=at, quantity=100
        )


def product_name(number: int) -> str:
    """The id of the product with this number."""
    return f"product-{number}"


def opening(at: int, seed: int = 1) -> Iterator[Event]:
    """What the shop says before the first action: a rule, gifts, the products and their stock."""
    draw = random.Random(f"opening/{seed}")

    def new_id() -> str:
        return str(uuid.UUID(int=draw.getrandbits(128)))

    yield RuleChanged(
        event_id=new_id(),
        rule_id="standard",
        occurred_at=at,
        version=1,
        effective_at=at,
        changed_by="operator-1",
        rule=PointsRule(earn_rates=[EarnRate(currency=CURRENCY, points=1, per_minor=100)]),
    )
    for number in range(GIFTS):
        yield GiftListed(
            event_id=new_id(),
            product_id=product_name(number),
            occurred_at=at,
            effective_at=at,
            points=20,
        )
    for number in range(PRODUCTS):
        product_id = product_name(number)
        yield ProductListed(
            event_id=new_id(),
            product_id=product_id,
            occurred_at=at,
            name=f"Product {number}",
            price_minor=1_000,
            currency=CURRENCY,
        )
        yield StockReceived(
            event_id=new_id(), product_id=product_id, occurred_at=at, quantity=100_000
        )
