"""The outcomes: what agents concluded. One writer each; sinks and other agents read them.

An outcome that carries a state carries it absolute ("balance after"), so that a view can be written
from the newest one alone, and reading one twice changes nothing.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Struct

from schemas.actions import Category, PurchaseLine
from schemas.campaigns import CAMPAIGN_OUTCOMES
from schemas.candidates import CANDIDATE_OUTCOMES
from schemas.content import CONTENT_OUTCOMES
from schemas.friends import FRIEND_OUTCOMES
from schemas.loyalty import LOYALTY_OUTCOMES
from schemas.persona import PERSONA_OUTCOMES
from schemas.record import (
    Amount,
    Currency,
    LotId,
    MemberId,
    MemberOutcome,
    OrderId,
    Outcome,
    Points,
    ProductId,
    ProductOutcome,
    Quantity,
    RedemptionId,
    ReturnId,
    RuleId,
    RuleVersion,
    SearchOutcome,
    Timestamp,
    Word,
    doc,
)
from schemas.risk import RISK_OUTCOMES, AbuseKind, AlertId
from schemas.rules import PointsRule
from schemas.segments import SEGMENT_OUTCOMES
from schemas.tiers import TIER_OUTCOMES


class Reason(Word):
    """Why something was refused. Enum order = order of the checks = order in the documentation."""

    UNKNOWN = "UNKNOWN"
    ALREADY_POSTED = "ALREADY_POSTED"
    CONFLICTS = "CONFLICTS"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    UNKNOWN_LINE = "UNKNOWN_LINE"
    ORDER_CLOSED = "ORDER_CLOSED"
    MORE_THAN_BOUGHT = "MORE_THAN_BOUGHT"
    NO_RATE_FOR_CURRENCY = "NO_RATE_FOR_CURRENCY"
    UNKNOWN_GIFT = "UNKNOWN_GIFT"
    UNKNOWN_REDEMPTION = "UNKNOWN_REDEMPTION"
    ALREADY_REDEEMED = "ALREADY_REDEEMED"
    INSUFFICIENT_POINTS = "INSUFFICIENT_POINTS"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"
    INVALID = "INVALID"
    TOO_MANY = "TOO_MANY"


# ---- members: member record and orders ------------------------------------------------------------


class MemberEnrolled(MemberOutcome, frozen=True, kw_only=True):
    """The member is in the programme."""

    country: Annotated[str | None, doc("As registered.")] = None


class OrderState(Word):
    """Where an order stands."""

    UNKNOWN = "UNKNOWN"
    PLACED = "PLACED"
    DELIVERED = "DELIVERED"
    PARTLY_RETURNED = "PARTLY_RETURNED"
    RETURNED = "RETURNED"
    CLOSED = "CLOSED"


class OrderPlaced(MemberOutcome, frozen=True, kw_only=True):
    """The order counts: its id is new to this member."""

    order_id: OrderId
    currency: Currency
    lines: Annotated[list[PurchaseLine], doc("As bought.")]
    total_minor: Amount
    postage_minor: Annotated[int, doc("Postage.")] = 0
    tax_minor: Annotated[int, doc("Tax.")] = 0


class OrderRefused(MemberOutcome, frozen=True, kw_only=True):
    """The order does not count, and why."""

    order_id: OrderId
    reason: Reason


class OrderStateChanged(MemberOutcome, frozen=True, kw_only=True):
    """The order moved on."""

    order_id: OrderId
    state: OrderState
    delivered_at: Annotated[
        int | None, doc("When it was delivered, if it was.", avro="timestamp-millis")
    ] = None


class ReturnedLine(Struct, frozen=True, kw_only=True):
    """What of a line came back with one return."""

    line_number: Annotated[int, doc("Line of the order.")]
    product_id: ProductId
    quantity: Quantity
    returned_before: Annotated[int, doc("Pieces of this line returned before.")]
    bought: Annotated[int, doc("Pieces of this line bought.")]
    amount_minor: Annotated[
        int, doc("The part of the line's amount; all parts of a fully returned line add up to it.")
    ]
    sellable: Annotated[bool, doc("True: back into stock.")] = True


class ReturnAccepted(MemberOutcome, frozen=True, kw_only=True):
    """The return counts, matched to the order's lines."""

    return_id: ReturnId
    order_id: OrderId
    lines: Annotated[list[ReturnedLine], doc("Matched lines.")]
    refund_minor: Amount
    shop_at_fault: Annotated[bool, doc("True: the shop caused the return.")] = False


class ReturnDeferred(MemberOutcome, frozen=True, kw_only=True):
    """The return came before its purchase and waits for it until `waits_until`."""

    return_id: ReturnId
    order_id: OrderId
    waits_until: Timestamp


class ReturnRefused(MemberOutcome, frozen=True, kw_only=True):
    """The return moves nothing, and why."""

    return_id: ReturnId
    order_id: Annotated[str | None, doc("The order named, if any.")] = None
    reason: Reason


# ---- members: the points ledger ---------------------------------------------------------------------


class Account(Word):
    """Where points lie. The first five are the member's, the others the house's share with the member."""

    UNKNOWN = "UNKNOWN"
    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    HELD = "HELD"
    WITHHELD = "WITHHELD"
    DEBT = "DEBT"
    ISSUED = "ISSUED"
    REDEEMED = "REDEEMED"
    EXPIRED = "EXPIRED"
    ADJUSTED = "ADJUSTED"


class Posting(Struct, frozen=True, kw_only=True):
    """Points moved from one account to another; the sum over all accounts stays zero."""

    source: Account
    destination: Account
    points: Annotated[int, doc("How many, more than zero.", ge=1)]
    lot_id: Annotated[str | None, doc("The lot they belong to; none for debt.")] = None


class Balances(Struct, frozen=True, kw_only=True):
    """All accounts of a member after an entry; they add up to zero.

    DEBT and the house accounts are signed: a member who owes 5 has debt -5; of 100 points granted
    `issued` is -100.
    """

    pending: int
    active: int
    held: int
    withheld: Annotated[int, doc("Earned by orders that a verdict stopped.")] = 0
    debt: int
    issued: int
    redeemed: int
    expired: int
    adjusted: int


class Lot(Struct, frozen=True, kw_only=True):
    """Points that were granted together: what is left of them, and until when they are good."""

    lot_id: LotId
    order_id: Annotated[str | None, doc("The order that earned them; none for an adjustment.")] = (
        None
    )
    rule_id: Annotated[str | None, doc("The rule that granted them.")] = None
    rule_version: Annotated[int | None, doc("Its version.")] = None
    earned_at: Timestamp
    activates_at: Annotated[
        int | None, doc("When pending turns active; none: is active.", avro="timestamp-millis")
    ] = None
    expires_at: Annotated[
        int | None,
        doc(
            "First moment they are no longer good; none: never, or not known yet.",
            avro="timestamp-millis",
        ),
    ] = None
    pending: Points
    active: Points
    held: Points
    withheld: Points = 0
    disputed: Annotated[
        bool, doc("True: pending points wait for the end of a dispute of the order.")
    ] = False


class LedgerOutcome(MemberOutcome, frozen=True, kw_only=True):
    """First fields of every ledger entry."""

    postings: Annotated[list[Posting], doc("What moved.")]
    balances: Annotated[Balances, doc("All accounts after this entry.")]
    lots: Annotated[list[Lot], doc("The lots touched, as they are after this entry.")]


class PointsPending(LedgerOutcome, frozen=True, kw_only=True):
    """Points granted for a purchase; they turn active when the return window has closed."""

    order_id: OrderId
    rule_id: RuleId
    rule_version: RuleVersion
    points: Points
    counts_at: Annotated[
        int, doc("Moment of the purchase: the board windows it counts to.", avro="timestamp-millis")
    ]
    tier: Annotated[str | None, doc("The member's tier then; none: there are none.")] = None
    earn_percent: Annotated[
        int, doc("What the tier made of the rule's points: 100 as the rule says.", ge=0)
    ] = 100


class PointsEarned(LedgerOutcome, frozen=True, kw_only=True):
    """Points turned active (or were granted active at once); debt was repaid first."""

    order_id: Annotated[str | None, doc("The order; none for others.")] = None
    rule_id: Annotated[str | None, doc("The rule.")] = None
    rule_version: Annotated[int | None, doc("Its version.")] = None
    points: Points
    counts_at: Annotated[
        int | None,
        doc(
            "Set when these points were never pending: the purchase's moment, for the boards.",
            avro="timestamp-millis",
        ),
    ] = None
    tier: Annotated[str | None, doc("The member's tier then; none: there are none.")] = None
    earn_percent: Annotated[
        int, doc("What the tier made of the rule's points: 100 as the rule says.", ge=0)
    ] = 100
    invitation_id: Annotated[
        str | None, doc("The invitation that they reward; none: a purchase earned them.")
    ] = None


class PointsCapped(MemberOutcome, frozen=True, kw_only=True):
    """A cap of the rule bit: fewer points were granted than the purchase earned."""

    order_id: OrderId
    rule_id: RuleId
    rule_version: RuleVersion
    earned: Annotated[int, doc("Points before the caps.")]
    granted: Annotated[int, doc("Points after the caps.")]
    cap: Annotated[
        str, doc("Name of the tightest cap: cap_per_order, cap_per_day, cap_per_member.")
    ]


class EarningRefused(MemberOutcome, frozen=True, kw_only=True):
    """The order stands but earns nothing by this rule, and why (such as a currency without a rate)."""

    order_id: OrderId
    rule_id: Annotated[str | None, doc("The rule; none when no rule held.")] = None
    rule_version: Annotated[int | None, doc("Its version.")] = None
    reason: Reason


class PointsHeld(LedgerOutcome, frozen=True, kw_only=True):
    """Points set aside for a redemption until it is committed or voided."""

    redemption_id: RedemptionId
    product_id: ProductId
    quantity: Quantity
    points: Points
    times_out_at: Timestamp


class HoldRefused(MemberOutcome, frozen=True, kw_only=True):
    """No points were held, and why."""

    redemption_id: RedemptionId
    product_id: ProductId
    reason: Reason


class HoldVoided(LedgerOutcome, frozen=True, kw_only=True):
    """Held points went back to where they came from, to the debt first; what expired meanwhile goes now."""

    redemption_id: RedemptionId
    points: Points
    reason: Reason


class PointsSpent(LedgerOutcome, frozen=True, kw_only=True):
    """A hold was committed."""

    redemption_id: RedemptionId
    points: Points


class PointsExpired(LedgerOutcome, frozen=True, kw_only=True):
    """Active points reached the end of their time."""

    points: Points


class PointsReversed(LedgerOutcome, frozen=True, kw_only=True):
    """A return took back what its lines had earned by the version of the rule that granted it."""

    return_id: ReturnId
    order_id: OrderId
    rule_id: RuleId
    rule_version: RuleVersion
    points: Points
    from_debt: Annotated[int, doc("Part that the member now owes.")]
    uncollected: Annotated[int, doc("Part that the policy lets go.")]
    counts_at: Annotated[
        int, doc("Moment of the purchase: the board windows it lowers.", avro="timestamp-millis")
    ]
    counted: Annotated[
        bool,
        doc("False: the order is withheld or forfeited, so no board counted these points."),
    ] = True


class BonusReversed(LedgerOutcome, frozen=True, kw_only=True):
    """What an invitation had earned was taken back; no board had counted it."""

    invitation_id: Annotated[str, doc("The invitation that they rewarded.")]
    rule_id: RuleId
    rule_version: RuleVersion
    points: Points
    from_debt: Annotated[int, doc("Part that the member now owes.")]
    uncollected: Annotated[int, doc("Part that the policy lets go.")]


class PointsRescheduled(LedgerOutcome, frozen=True, kw_only=True):
    """Points turn active or expire at another moment than was said before; none moved."""

    points: Annotated[int, doc("Points of these lots, held ones too.", ge=0)]
    order_id: Annotated[
        str | None, doc("The order that was delivered or is disputed; none: activity.")
    ] = None


class JudgedOutcome(LedgerOutcome, frozen=True, kw_only=True):
    """First fields of what a verdict, or the end of an alert, does to what an order earned by a rule."""

    order_id: OrderId
    rule_id: RuleId
    rule_version: RuleVersion
    points: Points
    score_change: Annotated[
        int,
        doc(
            "What it adds to the scores of the windows of counts_at: all that the boards count of the "
            "order, also what was spent since."
        ),
    ]
    counts_at: Annotated[int, doc("Moment of the purchase.", avro="timestamp-millis")]
    alert_id: Annotated[str | None, doc("The alert that ended; none: it did not come to that.")] = (
        None
    )


class PointsWithheld(JudgedOutcome, frozen=True, kw_only=True):
    """A verdict of HOLD or BLOCK stopped the order: what it earned waits, and no board counts it."""


class PointsReleased(JudgedOutcome, frozen=True, kw_only=True):
    """What was withheld or forfeited is the member's again, pending or active as its time has come."""


class PointsForfeited(JudgedOutcome, frozen=True, kw_only=True):
    """An alert was confirmed: what the order had earned is taken back, once."""

    from_debt: Annotated[int, doc("Part that the member now owes.")]
    uncollected: Annotated[int, doc("Part that is let go.")]


class PointsRestored(LedgerOutcome, frozen=True, kw_only=True):
    """Somebody else had spent the member's points: they are given back, once."""

    redemption_id: RedemptionId
    points: Points
    alert_id: AlertId


class RestorationReversed(LedgerOutcome, frozen=True, kw_only=True):
    """The alert was cleared after all: what was given back for its redemption is spent again."""

    redemption_id: RedemptionId
    points: Points
    from_debt: Annotated[int, doc("Part that the member now owes.")]
    alert_id: AlertId


class BalanceAdjusted(LedgerOutcome, frozen=True, kw_only=True):
    """An operator's correction was posted."""

    points: Annotated[int, doc("Signed.")]
    reason: str
    adjusted_by: str
    approved_by: str


class AdjustmentRefused(MemberOutcome, frozen=True, kw_only=True):
    """An operator's correction was not posted, and why."""

    points: Annotated[int, doc("Signed, as asked.")]
    reason: Reason


LEDGER: tuple[type[LedgerOutcome], ...] = (
    PointsPending,
    PointsEarned,
    PointsHeld,
    HoldVoided,
    PointsSpent,
    PointsExpired,
    PointsReversed,
    BonusReversed,
    PointsRescheduled,
    PointsWithheld,
    PointsReleased,
    PointsForfeited,
    PointsRestored,
    RestorationReversed,
    BalanceAdjusted,
)

# ---- redemptions: members ↔ products ----------------------------------------------------------------


class StockRequested(ProductOutcome, frozen=True, kw_only=True):
    """Members asks products to reserve a gift."""

    SAID_IN: ClassVar[str] = "members"
    member_id: MemberId
    redemption_id: RedemptionId
    quantity: Quantity


class StockCommitted(ProductOutcome, frozen=True, kw_only=True):
    """Members tells products that the reserved gift was paid for with points."""

    SAID_IN: ClassVar[str] = "members"
    member_id: MemberId
    redemption_id: RedemptionId


class StockWaived(ProductOutcome, frozen=True, kw_only=True):
    """Members tells products that the gift is no longer wanted: cancelled or timed out."""

    SAID_IN: ClassVar[str] = "members"
    member_id: MemberId
    redemption_id: RedemptionId
    reason: Reason


class GiftReserved(MemberOutcome, frozen=True, kw_only=True):
    """Products has reserved the gift for the redemption."""

    SAID_IN: ClassVar[str] = "products"
    redemption_id: RedemptionId
    product_id: ProductId
    quantity: Quantity


class GiftRefused(MemberOutcome, frozen=True, kw_only=True):
    """Products could not reserve the gift."""

    SAID_IN: ClassVar[str] = "products"
    redemption_id: RedemptionId
    product_id: ProductId
    reason: Reason


class GiftReleased(MemberOutcome, frozen=True, kw_only=True):
    """Products has let go of the reservation, or knows of none."""

    SAID_IN: ClassVar[str] = "products"
    redemption_id: RedemptionId
    product_id: ProductId
    reason: Reason


class RewardRedeemed(MemberOutcome, frozen=True, kw_only=True):
    """The gift is the member's: points spent, stock committed."""

    redemption_id: RedemptionId
    product_id: ProductId
    quantity: Quantity
    points: Points


class RedemptionRefused(MemberOutcome, frozen=True, kw_only=True):
    """The redemption came to nothing (or a cancellation was refused), and why."""

    redemption_id: RedemptionId
    product_id: Annotated[str | None, doc("The gift, if known.")] = None
    reason: Reason
    cancellation: Annotated[
        bool, doc("True: not the redemption but its cancellation was refused.")
    ] = False


# ---- boards --------------------------------------------------------------------------------------------


class Window(Word):
    """Kinds of board windows."""

    UNKNOWN = "UNKNOWN"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    SEASON = "SEASON"
    ALL_TIME = "ALL_TIME"


class Score(Struct, frozen=True, kw_only=True):
    """A member's score on one board."""

    board: Annotated[
        str,
        doc(
            "Name of the board, such as day:2011-12-09, week:2011-W49, month:2011-12, season:2011-Q4, all."
        ),
    ]
    window: Window
    points: Annotated[int, doc("The score.")]
    reached_at: Annotated[
        int,
        doc(
            "When this score was reached: earlier ranks first among equals.",
            avro="timestamp-millis",
        ),
    ]
    version: Annotated[int, doc("1, raised by one for a change after the board closed.")] = 1


class ScoreChanged(MemberOutcome, frozen=True, kw_only=True):
    """The member's scores on the boards of one purchase's windows, absolute."""

    scores: Annotated[list[Score], doc("One a board.")]


class MemberHidden(MemberOutcome, frozen=True, kw_only=True):
    """A block: the boards leave the member out, open and closed ones. The scores are kept."""

    kind: Annotated[AbuseKind, doc("What the member is blocked for.")]


class MemberShown(MemberOutcome, frozen=True, kw_only=True):
    """No block is left: the boards show the member again, with the scores that were kept."""


class BoardPartitionClosed(Outcome, frozen=True, kw_only=True):
    """One members partition has said all that counts to a board; the last one closes it."""

    KEY: ClassVar[str] = "board"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    board: Annotated[str, doc("Name of the board.")]
    occurred_at: Timestamp
    caused_by: Annotated[str, doc("The tick.", filled=True)] = ""
    window: Window
    ends_at: Timestamp
    partition: int
    partitions: int


# ---- rules and gifts (tables) --------------------------------------------------------------------------


class RuleAccepted(Outcome, frozen=True, kw_only=True):
    """The version of the rule holds from `effective_at` on."""

    KEY: ClassVar[str] = "rule_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    rule_id: RuleId
    occurred_at: Timestamp
    caused_by: Annotated[str, doc("The change.", filled=True)] = ""
    version: RuleVersion
    effective_at: Timestamp
    changed_by: str
    rule: Annotated[PointsRule | None, doc("None: the rule is retired from then on.")] = None


class RuleRefused(Outcome, frozen=True, kw_only=True):
    """The change of the rule was refused, with all reasons."""

    KEY: ClassVar[str] = "rule_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    rule_id: RuleId
    occurred_at: Timestamp
    caused_by: Annotated[str, doc("The change.", filled=True)] = ""
    version: Annotated[int | None, doc("As asked.")] = None
    changed_by: str
    reasons: Annotated[list[str], doc("Sentences for people.")]


class GiftPriced(Outcome, frozen=True, kw_only=True):
    """The gift has this price in points from `effective_at` on."""

    KEY: ClassVar[str] = "product_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    product_id: ProductId
    occurred_at: Timestamp
    caused_by: Annotated[str, doc("The listing.", filled=True)] = ""
    effective_at: Timestamp
    points: Points
    available: bool


class GiftPriceRefused(Outcome, frozen=True, kw_only=True):
    """The gift's listing was refused, with all reasons."""

    KEY: ClassVar[str] = "product_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    product_id: ProductId
    occurred_at: Timestamp
    caused_by: Annotated[str, doc("The listing.", filled=True)] = ""
    reasons: Annotated[list[str], doc("Sentences for people.")]


# ---- products ---------------------------------------------------------------------------------------------


class ProductOffered(ProductOutcome, frozen=True, kw_only=True):
    """The product as it is on offer."""

    name: str
    category: Category = ""
    price_minor: Amount
    currency: Currency


class ProductSold(ProductOutcome, frozen=True, kw_only=True):
    """Members tells products of an order's pieces of this product."""

    SAID_IN: ClassVar[str] = "members"
    member_id: MemberId
    order_id: OrderId
    quantity: Quantity


class ProductReturned(ProductOutcome, frozen=True, kw_only=True):
    """Members tells products of pieces that came back with an accepted return."""

    SAID_IN: ClassVar[str] = "members"
    member_id: MemberId
    return_id: ReturnId
    quantity: Quantity
    sellable: Annotated[bool, doc("True: back into stock.")] = True


class ProductViewed(ProductOutcome, frozen=True, kw_only=True):
    """Members tells products that a member looked, the first time in a while; and may ask a question."""

    SAID_IN: ClassVar[str] = "members"
    KEPT: ClassVar[bool] = False
    member_id: MemberId
    recent: Annotated[
        list[str] | None,
        doc("Set: the member asks for neighbours; products touched before it, the newest first."),
    ] = None
    place: Annotated[float, doc("Where it lies on the member's scale of steps.", ge=0.0)] = 0.0


class StockMovement(Word):
    """Why stock changed."""

    UNKNOWN = "UNKNOWN"
    RECEIVED = "RECEIVED"
    SOLD = "SOLD"
    RETURNED = "RETURNED"
    ADJUSTED = "ADJUSTED"
    RESERVED = "RESERVED"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"


class StockChanged(ProductOutcome, frozen=True, kw_only=True):
    """The stock after a movement: available = on_hand - reserved; below zero is oversold, never hidden."""

    movement: StockMovement
    quantity: Annotated[int, doc("Signed change of what is available.")]
    on_hand: int
    reserved: int
    available: int
    reference: Annotated[str | None, doc("Order, return or redemption.")] = None


class Oversold(ProductOutcome, frozen=True, kw_only=True):
    """More was sold than was there."""

    missing: Annotated[int, doc("Pieces.", ge=1)]


class StockLow(ProductOutcome, frozen=True, kw_only=True):
    """Stock fell to the threshold; a suggestion goes with it."""

    available: int
    threshold: int
    suggested_quantity: Annotated[int, doc("Pieces to order, from the sales rate.")]


class Heat(Struct, frozen=True, kw_only=True):
    """Weight in one hot list.

    `log2_weight` is log2 of the sum over touches of 2^(t / half-life), t since 1970: forward decay,
    so weights compare at any later moment without being rewritten.
    """

    hot_list: Annotated[str, doc("hour, day or week: the half-life.")]
    log2_weight: float
    members: Annotated[int, doc("Distinct members counted, capped.")] = 0


class ProductHeated(ProductOutcome, frozen=True, kw_only=True):
    """The product's place in the hot lists."""

    heats: list[Heat]


# ---- searches --------------------------------------------------------------------------------


class TermSearched(SearchOutcome, frozen=True, kw_only=True):
    """Members tells searches that a member searched this, the first time in a while."""

    SAID_IN: ClassVar[str] = "members"
    KEPT: ClassVar[bool] = False
    member_id: MemberId


class TermHeated(SearchOutcome, frozen=True, kw_only=True):
    """The term's place in the hot lists; said from k distinct members on."""

    heats: list[Heat]


OUTCOMES: tuple[type[Outcome], ...] = (
    MemberEnrolled,
    OrderPlaced,
    OrderRefused,
    OrderStateChanged,
    ReturnAccepted,
    ReturnDeferred,
    ReturnRefused,
    *LEDGER,
    PointsCapped,
    EarningRefused,
    HoldRefused,
    AdjustmentRefused,
    StockRequested,
    StockCommitted,
    StockWaived,
    GiftReserved,
    GiftRefused,
    GiftReleased,
    RewardRedeemed,
    RedemptionRefused,
    ScoreChanged,
    MemberHidden,
    MemberShown,
    BoardPartitionClosed,
    RuleAccepted,
    RuleRefused,
    GiftPriced,
    GiftPriceRefused,
    ProductOffered,
    ProductSold,
    ProductReturned,
    ProductViewed,
    StockChanged,
    Oversold,
    StockLow,
    ProductHeated,
    TermSearched,
    TermHeated,
    *RISK_OUTCOMES,
    *LOYALTY_OUTCOMES,
    *CANDIDATE_OUTCOMES,
    *CONTENT_OUTCOMES,
    *TIER_OUTCOMES,
    *FRIEND_OUTCOMES,
    *PERSONA_OUTCOMES,
    *SEGMENT_OUTCOMES,
    *CAMPAIGN_OUTCOMES,
)
