"""What the data lacks about members, invented from a seed: looks, searches, deliveries, redemptions.

Every draw is seeded by what it belongs to (an order, a return), never by what came before it, so the
same order leads to the same inventions in any replay, short or long.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

from replay.programme import CAP_PER_ORDER, DELIVERY_DAYS, RETURN_WINDOW_DAYS, gift_points
from replay.retail import Invoice
from replay.shop import DAY, HOUR, Product, Shop
from replay.told import Told, event_id
from schemas.actions import (
    OrderDelivered,
    ProductBrowsed,
    RedemptionCancelled,
    RedemptionRequested,
    SearchMade,
)

MINUTE = 60_000
MOST_LOOKS = 6
SEARCHED = 0.6
DELIVERY_TOLD = 0.97
WISHES = 0.4
WISHES_ANYWAY = 0.1
CANCELS_SOON = 0.06
CANCELS_LATE = 0.03


def dice_of(seed: int, *parts: object) -> random.Random:
    """Draws that depend on the seed and on what they are for, and on nothing else."""
    return random.Random("/".join(map(str, (seed, *parts))))


def visit(order: Invoice, shop: Shop, seed: int) -> Iterator[Told]:
    """The hour before an order: looks at some of its products, and often a search for one."""
    dice = dice_of(seed, "visit", order.invoice_id)
    member_id = order.member_id or ""
    looked = dice.sample(order.lines, min(len(order.lines), dice.randint(1, MOST_LOOKS)))
    for number, line in enumerate(looked):
        at = order.at - dice.randrange(MINUTE, HOUR)
        browsed = ProductBrowsed(
            event_id=event_id(seed, "look", order.invoice_id, number),
            member_id=member_id,
            occurred_at=at,
            product_id=line.product_id,
            dwell_milliseconds=int(dice.expovariate(1 / 20_000)),
        )
        yield Told(at, order.at, browsed)
    words = search_words(shop.products[looked[0].product_id].name)
    if words and dice.random() < SEARCHED:
        at = order.at - dice.randrange(MINUTE, HOUR)
        term = " ".join(words[-dice.randint(1, 2) :]).lower()
        search = SearchMade(
            event_id=event_id(seed, "search", order.invoice_id),
            member_id=member_id,
            occurred_at=at,
            term=term,
        )
        yield Told(at, order.at, search)


def search_words(name: str) -> list[str]:
    """The words of a product's name that somebody would type.

    >>> search_words("SET/6 RED SPOTTY PAPER CUPS")
    ['SPOTTY', 'PAPER', 'CUPS']
    """
    return [word for word in name.split() if len(word) > 3 and word.isalpha()]


def delivered_at(order: Invoice, seed: int) -> int | None:
    """Two to six days after the order, by day; a few deliveries are never told."""
    dice = dice_of(seed, "delivery", order.invoice_id)
    if dice.random() > DELIVERY_TOLD:
        return None
    midnight = order.at - order.at % DAY
    return midnight + dice.randint(2, 6) * DAY + dice.randrange(8 * HOUR, 18 * HOUR)


def delivery(order: Invoice, seed: int) -> Iterator[Told]:
    """The order reaches the member, if that is told."""
    at = delivered_at(order, seed)
    if at is not None:
        delivered = OrderDelivered(
            event_id=event_id(seed, "delivery", order.invoice_id),
            member_id=order.member_id or "",
            occurred_at=at,
            order_id=order.invoice_id,
        )
        yield Told(at, order.at, delivered)


class Wishes:
    """Who asks for a gift, and when: members whose points should be active by then, by a rough guess.

    The guess knows nothing of returns and expiry; where it is wrong the redemption is refused, as
    some are that ask without having enough.
    """

    def __init__(self, gifts: list[Product], seed: int) -> None:
        self._gifts = gifts
        self._seed = seed
        self._saved: dict[str, int] = defaultdict(int)

    def after(self, order: Invoice) -> Iterator[Told]:
        """The redemption, if any, that this order makes possible; sometimes taken back."""
        dice = dice_of(self._seed, "wish", order.invoice_id)
        member_id = order.member_id or ""
        paid = sum(line.amount_minor for line in order.lines)
        self._saved[member_id] += min(paid // 100, CAP_PER_ORDER)
        gift = dice.choice(self._gifts)
        wanted = dice.random() < WISHES and gift_points(gift) <= self._saved[member_id]
        if not wanted and dice.random() >= WISHES_ANYWAY:
            return
        if wanted:
            self._saved[member_id] -= gift_points(gift)
        arrived = delivered_at(order, self._seed) or order.at + DELIVERY_DAYS * DAY
        at = arrived + RETURN_WINDOW_DAYS * DAY + dice.randrange(DAY, 5 * DAY)
        yield from self._request(order, gift, at, dice)

    def _request(
        self, order: Invoice, gift: Product, at: int, dice: random.Random
    ) -> Iterator[Told]:
        redemption_id = f"r-{order.invoice_id}"
        member_id = order.member_id or ""
        requested = RedemptionRequested(
            event_id=event_id(self._seed, "wish", redemption_id),
            member_id=member_id,
            occurred_at=at,
            redemption_id=redemption_id,
            product_id=gift.product_id,
        )
        yield Told(at, order.at, requested)
        draw = dice.random()
        if draw < CANCELS_SOON + CANCELS_LATE:
            later = at + (40 * MINUTE if draw < CANCELS_SOON else 2 * DAY)
            cancelled = RedemptionCancelled(
                event_id=event_id(self._seed, "wish cancelled", redemption_id),
                member_id=member_id,
                occurred_at=later,
                redemption_id=redemption_id,
            )
            yield Told(later, order.at, cancelled)
