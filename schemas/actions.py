"""The actions: what members, operators and the clock caused.

Platform services write them through the Emitter. An action is an outside word: its limits are
checked when it is read, and what breaks them is a dead letter with the reason.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Struct

from schemas.campaigns import CAMPAIGN_ACTIONS
from schemas.candidates import CANDIDATE_ACTIONS
from schemas.engagement import ENGAGEMENT_ACTIONS
from schemas.friends import FRIEND_ACTIONS
from schemas.record import (
    IDENTIFIER,
    MAX_QUANTITY,
    Amount,
    Currency,
    Event,
    MemberAction,
    OrderId,
    ProductAction,
    ProductId,
    Quantity,
    RedemptionId,
    ReturnId,
    RuleId,
    RuleVersion,
    Timestamp,
    Word,
    doc,
)
from schemas.risk import RISK_ACTIONS
from schemas.rules import PointsRule
from schemas.segments import SEGMENT_ACTIONS
from schemas.tiers import TIER_ACTIONS

Category = Annotated[str, doc("Category of the product; empty when it has none.", max_length=100)]
Brand = Annotated[str, doc("Brand of the product; empty when it has none.", max_length=100)]


class MemberRegistered(MemberAction, frozen=True, kw_only=True):
    """A person became a member."""

    country: Annotated[str | None, doc("ISO 3166 code or name of the country, if told.")] = None


class PurchaseLine(Struct, frozen=True, kw_only=True):
    """One line of an order, as it was at the time of purchase."""

    line_number: Annotated[
        int, doc("Position in the order, from 1; unique within it.", ge=1, le=10_000)
    ]
    product_id: ProductId
    quantity: Quantity
    amount_minor: Annotated[
        int,
        doc(
            "Paid for the whole line after discounts, without postage, tax and points.",
            ge=0,
            le=10**12,
        ),
    ]
    discount_minor: Annotated[int, doc("Discount already taken off the amount.", ge=0)] = 0
    category: Category = ""


class PurchaseMade(MemberAction, frozen=True, kw_only=True):
    """A member bought: the order with the snapshot of its lines."""

    order_id: OrderId
    currency: Currency
    lines: Annotated[
        list[PurchaseLine], doc("The lines of the order.", min_length=1, max_length=2_000)
    ]
    postage_minor: Annotated[int, doc("Postage; earns nothing.", ge=0)] = 0
    tax_minor: Annotated[int, doc("Tax; earns nothing.", ge=0)] = 0


class OrderDelivered(MemberAction, frozen=True, kw_only=True):
    """The order reached the member: the return window starts."""

    order_id: OrderId


class ReturnLine(Struct, frozen=True, kw_only=True):
    """Goods that came back."""

    product_id: ProductId
    quantity: Quantity
    line_number: Annotated[
        int | None,
        doc("Line of the order; none: the order's lines of this product in their order."),
    ] = None
    sellable: Annotated[bool, doc("True: the goods go back into stock.")] = True


class PurchaseReturned(MemberAction, frozen=True, kw_only=True):
    """Goods of an order came back; may arrive before the purchase does."""

    return_id: ReturnId
    order_id: Annotated[str | None, doc("The order; none when the platform does not know it.")] = (
        None
    )
    lines: Annotated[list[ReturnLine], doc("What came back.", min_length=1, max_length=2_000)]
    shop_at_fault: Annotated[bool, doc("True: the shop caused the return.")] = False


class ProductBrowsed(MemberAction, frozen=True, kw_only=True):
    """A member looked at a product."""

    product_id: ProductId
    dwell_milliseconds: Annotated[int, doc("How long.", ge=0, le=86_400_000)] = 0


class SearchMade(MemberAction, frozen=True, kw_only=True):
    """A member searched."""

    term: Annotated[str, doc("The words as typed.", min_length=1, max_length=500)]


class RedemptionRequested(MemberAction, frozen=True, kw_only=True):
    """A member wants a gift for points."""

    redemption_id: RedemptionId
    product_id: Annotated[str, doc("The gift: a product with a price in points.", **IDENTIFIER)]
    quantity: Annotated[int, doc("Pieces.", ge=1, le=1_000)] = 1


class RedemptionCancelled(MemberAction, frozen=True, kw_only=True):
    """A member takes the request back; refused once the gift is redeemed."""

    redemption_id: RedemptionId


class PointsAdjusted(MemberAction, frozen=True, kw_only=True):
    """An operator corrects a balance; a second operator approved it."""

    points: Annotated[int, doc("Points to add, or to take when negative.", ge=-(10**9), le=10**9)]
    reason: Annotated[str, doc("Why, for the member to read.", min_length=1, max_length=500)]
    adjusted_by: Annotated[str, doc("The operator.", **IDENTIFIER)]
    approved_by: Annotated[str, doc("The second operator; must be another.", **IDENTIFIER)]


class ProductListed(ProductAction, frozen=True, kw_only=True):
    """A product is on offer, or its description changed."""

    name: Annotated[str, doc("Name for people.", max_length=500)]
    category: Category = ""
    price_minor: Annotated[int, doc("List price of one piece.", ge=0, le=10**12)]
    currency: Currency
    brand: Brand = ""


class StockReceived(ProductAction, frozen=True, kw_only=True):
    """Goods arrived."""

    quantity: Quantity


class StockAdjustment(Word):
    """Why stock was adjusted."""

    UNKNOWN = "UNKNOWN"
    SOLD_TO_GUEST = "SOLD_TO_GUEST"
    RETURNED_BY_GUEST = "RETURNED_BY_GUEST"
    COUNTED = "COUNTED"
    DAMAGED = "DAMAGED"


class StockAdjusted(ProductAction, frozen=True, kw_only=True):
    """Stock changed by something else than a member's order, such as a guest's."""

    quantity: Annotated[
        int, doc("Pieces added, or taken when negative.", ge=-MAX_QUANTITY, le=MAX_QUANTITY)
    ]
    reason: StockAdjustment


class GiftListed(Event, frozen=True, kw_only=True):
    """A product can be had for points from `effective_at` on; a later version replaces it."""

    KEY: ClassVar[str] = "product_id"
    STAGE: ClassVar[str] = "members"
    BROADCAST: ClassVar[bool] = True
    product_id: ProductId
    occurred_at: Timestamp
    effective_at: Timestamp
    points: Annotated[int, doc("Price of one piece in points.", ge=1, le=10**9)]
    available: Annotated[bool, doc("False: no longer to be had.")] = True


class RuleChanged(Event, frozen=True, kw_only=True):
    """An operator set a version of a points rule; it applies from `effective_at` on."""

    KEY: ClassVar[str] = "rule_id"
    STAGE: ClassVar[str] = "members"
    BROADCAST: ClassVar[bool] = True
    rule_id: RuleId
    occurred_at: Timestamp
    version: RuleVersion
    effective_at: Timestamp
    changed_by: Annotated[str, doc("The operator.", **IDENTIFIER)]
    rule: Annotated[PointsRule, doc("What holds.")]


class RuleRetired(Event, frozen=True, kw_only=True):
    """An operator ended a rule: purchases from `effective_at` on earn nothing by it."""

    KEY: ClassVar[str] = "rule_id"
    STAGE: ClassVar[str] = "members"
    BROADCAST: ClassVar[bool] = True
    rule_id: RuleId
    occurred_at: Timestamp
    effective_at: Timestamp
    changed_by: Annotated[str, doc("The operator.", **IDENTIFIER)]


class ClockTicked(Event, frozen=True, kw_only=True):
    """The clock's time, written into every partition of every actions topic."""

    KEY: ClassVar[str] = "clock"
    STAGE: ClassVar[str] = ""
    BROADCAST: ClassVar[bool] = True
    clock: Annotated[str, doc("Which clock: the real one or a replay.")] = "clock"
    occurred_at: Timestamp


ACTIONS: tuple[type[Event], ...] = (
    MemberRegistered,
    PurchaseMade,
    OrderDelivered,
    PurchaseReturned,
    ProductBrowsed,
    SearchMade,
    RedemptionRequested,
    RedemptionCancelled,
    PointsAdjusted,
    ProductListed,
    StockReceived,
    StockAdjusted,
    GiftListed,
    RuleChanged,
    RuleRetired,
    *RISK_ACTIONS,
    *CANDIDATE_ACTIONS,
    *TIER_ACTIONS,
    *FRIEND_ACTIONS,
    *ENGAGEMENT_ACTIONS,
    *SEGMENT_ACTIONS,
    *CAMPAIGN_ACTIONS,
    ClockTicked,
)
__all__ = [action.__name__ for action in ACTIONS] + [
    "ACTIONS",
    "Amount",
    "PurchaseLine",
    "ReturnLine",
]
