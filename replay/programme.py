"""What the shop's operators would have done, invented: rules, tiers, gifts, the catalogue, stock.

All of it is fixed by the shop and the seed alone, so a shorter replay says the same as a longer one.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from replay.retail import CURRENCY
from replay.shop import DAY, HOUR, OPENS_AT, PERIOD, Product, Shop
from replay.told import Told, event_id
from schemas.actions import GiftListed, ProductListed, RuleChanged, StockReceived
from schemas.risk_rules import first_versions
from schemas.rules import CategoryRate, EarnRate, Expiry, PointsRule, ReferralReward
from schemas.segments import first_segments
from schemas.tiers import Period, Tier, TierRule, TierRuleChanged

RULE = "standard"
OPERATOR = "operator-1"
CAP_PER_ORDER = 5_000
RETURN_WINDOW_DAYS = 14
DELIVERY_DAYS = 7
CHANGED_AT = 1_306_281_600_000  # 2011-05-25
CHANGE_EFFECTIVE_AT = 1_306_886_400_000  # 2011-06-01
GIFTS = 24
GIFT_PRICES = range(195, 1_500)
GIFT_PIECES = 20
PACK = 12
REFERRAL = ReferralReward(inviter_points=500, invited_points=200, minimum_minor=1_000)


def rule(*, doubled: str | None = None, cap_per_day: int | None = None) -> PointsRule:
    """The starting rule: a point a pound after 14 days, good for half a year.

    A hold lives for a week: in a fast replay a redemption's way to the stock and back takes hours of
    the year.
    """
    return PointsRule(
        earn_rates=[EarnRate(currency=CURRENCY, points=1, per_minor=100)],
        category_rates=[] if doubled is None else [CategoryRate(category=doubled, percent=200)],
        cap_per_order=CAP_PER_ORDER,
        cap_per_day=cap_per_day,
        return_window_days=RETURN_WINDOW_DAYS,
        delivery_days=DELIVERY_DAYS,
        expiry=Expiry.FIXED,
        expiry_days=180,
        hold_minutes=7 * 24 * 60,
        zone="Europe/London",
        worth_points=1,
        worth_minor=1,
        referral=REFERRAL,
    )


def rules() -> Iterator[Told]:
    """The starting rule, and a change announced a week before it takes effect in June."""
    yield _rule(1, OPENS_AT, OPENS_AT, rule())
    yield _rule(
        2, CHANGED_AT, CHANGE_EFFECTIVE_AT, rule(doubled="kitchen", cap_per_day=2 * CAP_PER_ORDER)
    )


def _rule(version: int, at: int, effective_at: int, content: PointsRule) -> Told:
    changed = RuleChanged(
        event_id=event_id("rule", RULE, version),
        rule_id=RULE,
        occurred_at=at,
        version=version,
        effective_at=effective_at,
        changed_by=OPERATOR,
        rule=content,
    )
    return Told(at, at, changed)


def tiers() -> Iterator[Told]:
    """Four tiers by the purchases of half a year; the zone's months end them."""
    changed = TierRuleChanged(
        event_id=event_id("tiers", 1),
        occurred_at=OPENS_AT,
        version=1,
        effective_at=OPENS_AT,
        changed_by=OPERATOR,
        rule=TierRule(
            tiers=[
                Tier(tier="bronze", threshold_points=0),
                Tier(tier="silver", threshold_points=500, earn_percent=110),
                Tier(tier="gold", threshold_points=2_000, earn_percent=125),
                Tier(tier="platinum", threshold_points=8_000, earn_percent=150),
            ],
            period=Period.MONTH,
            periods=6,
            zone="Europe/London",
        ),
    )
    yield Told(OPENS_AT, OPENS_AT, changed)


def risk_rules() -> Iterator[Told]:
    """The risk rules that an installation begins with."""
    for changed in first_versions(OPENS_AT, OPERATOR):
        yield Told(OPENS_AT, OPENS_AT, changed)


def segments() -> Iterator[Told]:
    """The segments that an installation begins with."""
    for changed in first_segments(OPENS_AT, OPERATOR):
        yield Told(OPENS_AT, OPENS_AT, changed)


def gifts(shop: Shop) -> list[Product]:
    """The gifts: the most ordered products of the first week in the price range."""
    early = [
        product
        for product in shop.products.values()
        if product.listed_at < OPENS_AT + 7 * DAY and product.price_minor in GIFT_PRICES
    ]
    early.sort(key=lambda product: (-shop.buyers[product.product_id], product.product_id))
    return early[:GIFTS]


def gift_points(gift: Product) -> int:
    """A point is worth a penny; the price is rounded up to five."""
    return -(-gift.price_minor // 5) * 5


def gift_listings(shop: Shop) -> Iterator[Told]:
    """All gifts from the opening on; in June the first costs a fifth more and the last is gone."""
    listed = gifts(shop)
    for gift in listed:
        yield _gift(gift, OPENS_AT + HOUR, gift_points(gift), True)
    for gift in listed[:1]:
        yield _gift(gift, CHANGE_EFFECTIVE_AT, gift_points(gift) * 6 // 5, True)
    for gift in listed[-1:]:
        yield _gift(gift, CHANGE_EFFECTIVE_AT, gift_points(gift), False)


def _gift(gift: Product, at: int, points: int, available: bool) -> Told:
    listed = GiftListed(
        event_id=event_id("gift", gift.product_id, at),
        product_id=gift.product_id,
        occurred_at=at,
        effective_at=at,
        points=points,
        available=available,
    )
    return Told(at, at, listed)


def listings(shop: Shop) -> Iterator[Told]:
    """Every product, a day before its first row."""
    for product in shop.products.values():
        listed = ProductListed(
            event_id=event_id("product", product.product_id),
            product_id=product.product_id,
            occurred_at=product.listed_at,
            name=product.name,
            category=product.category,
            price_minor=product.price_minor,
            currency=CURRENCY,
        )
        yield Told(product.listed_at, product.listed_at, listed)


def receipts(shop: Shop, seed: int) -> Iterator[Told]:
    """Goods arrive once in 28 days: what will be asked for, give or take; one time in ten too little."""
    given = {gift.product_id for gift in gifts(shop)}
    for (product_id, number), wanted in shop.demand.items():
        dice = random.Random(f"{seed}/receipt/{product_id}/{number}")
        share = dice.uniform(0.85, 1.0) if dice.random() < 0.1 else dice.uniform(1.0, 1.2)
        pieces = PACK * math.ceil(wanted * share / PACK) + GIFT_PIECES * (product_id in given)
        opens_at = OPENS_AT + number * PERIOD + dice.randrange(20 * HOUR)
        at = max(opens_at, shop.products[product_id].listed_at + HOUR)
        received = StockReceived(
            event_id=event_id(seed, "receipt", product_id, number),
            product_id=product_id,
            occurred_at=at,
            quantity=pieces,
        )
        yield Told(at, at, received)
