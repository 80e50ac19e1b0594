"""Words for rows about points: what is told to `points`, and how what it says is written in a row.

Days count from START, amounts are minor units of GBP, and the rule of most rows is a point for each 100.
After an entry stand the member's accounts: `=pending/active/held`, `|withheld` where there is some, and a
debt behind a minus.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from agents.gifts import GIFTS
from agents.points import POINTS
from agents.rules import RULES
from agents.tiers.rules import TIER_RULES
from schemas.actions import (
    GiftListed,
    PointsAdjusted,
    PurchaseLine,
    RedemptionCancelled,
    RedemptionRequested,
    RuleChanged,
)
from schemas.outcomes import (
    AdjustmentRefused,
    BalanceAdjusted,
    BonusReversed,
    EarningRefused,
    GiftRefused,
    GiftReleased,
    GiftReserved,
    HoldRefused,
    HoldVoided,
    JudgedOutcome,
    LedgerOutcome,
    OrderPlaced,
    OrderState,
    OrderStateChanged,
    PointsCapped,
    PointsEarned,
    PointsExpired,
    PointsForfeited,
    PointsHeld,
    PointsPending,
    PointsReleased,
    PointsRescheduled,
    PointsRestored,
    PointsReversed,
    PointsSpent,
    PointsWithheld,
    Reason,
    RestorationReversed,
    ReturnAccepted,
    ReturnedLine,
    StockWaived,
)
from schemas.record import Outcome
from schemas.risk import (
    AbuseKind,
    AlertClosed,
    AlertEnd,
    Contest,
    DisputeKind,
    DisputeOpened,
    DisputeResolved,
    FraudScored,
    PaymentContested,
    Verdict,
)
from schemas.rules import Activation, EarnRate, PointsRule
from tests.agents.rows import Life, table_of

START = 1_291_161_600_000  # 2010-12-01T00:00:00Z
DAY = 86_400_000
MINUTE = 60_000
GBP = EarnRate(currency="GBP", points=1, per_minor=100)
MEMBER = "m"


def at(day: float) -> int:
    """The moment so many days after START."""
    return START + int(day * DAY)


def rule(**said: Any) -> PointsRule:
    """The rule of most rows: 10 days of return window after the delivery, else 14 after the purchase."""
    plain: dict[str, Any] = {"earn_rates": [GBP], "return_window_days": 10, "delivery_days": 4}
    return PointsRule(**(plain | said))


def at_once(**said: Any) -> PointsRule:
    """A rule by which points are active at once."""
    return rule(activation=Activation.AT_ONCE, **said)


def changed(
    content: PointsRule, version: int = 1, day: float = 0, rule_id: str = "r"
) -> RuleChanged:
    """A version of a rule, from a day on."""
    return RuleChanged(
        event_id=f"{rule_id}-{version}",
        rule_id=rule_id,
        occurred_at=at(day),
        version=version,
        effective_at=at(day),
        changed_by="operator-1",
        rule=content,
    )


def life(*rules: PointsRule | RuleChanged, prices: dict[str, int] | None = None) -> Life:
    """A member under these rules, where these gifts are to be had."""
    told = [
        one if isinstance(one, RuleChanged) else changed(one, rule_id=f"r{n or ''}")
        for n, one in enumerate(rules)
    ]
    listed = [
        GiftListed(
            event_id=f"gift-{name}",
            product_id=name,
            occurred_at=START,
            effective_at=START,
            points=points,
        )
        for name, points in (prices or {"mug": 30, "vase": 60}).items()
    ]
    tiers = table_of(TIER_RULES, [])
    tables = {"rules": table_of(RULES, told), "gifts": table_of(GIFTS, listed), "tier-rules": tiers}
    return Life(POINTS, tables)


def bought(
    *amounts: int, order: str = "o", day: float = 0, currency: str = "GBP", category: str = ""
) -> OrderPlaced:
    """An order of one piece a line, at these amounts."""
    lines = [
        PurchaseLine(
            line_number=number,
            product_id=f"p{number}",
            quantity=1,
            amount_minor=amount,
            category=category,
        )
        for number, amount in enumerate(amounts, start=1)
    ]
    return OrderPlaced(
        event_id=f"placed-{order}",
        member_id=MEMBER,
        occurred_at=at(day),
        order_id=order,
        currency=currency,
        lines=lines,
        total_minor=sum(amounts),
    )


def arrived(day: float, order: str = "o") -> OrderStateChanged:
    """The order was delivered."""
    return OrderStateChanged(
        event_id=f"arrived-{order}",
        member_id=MEMBER,
        occurred_at=at(day),
        order_id=order,
        state=OrderState.DELIVERED,
        delivered_at=at(day),
    )


def back(
    *lines: tuple[int, int, int, int],
    order: str = "o",
    day: float = 1,
    id: str = "b",
    fault: bool = False,
) -> ReturnAccepted:
    """Pieces came back: of each line (number, pieces, returned before, bought)."""
    return ReturnAccepted(
        event_id=f"back-{id}",
        member_id=MEMBER,
        occurred_at=at(day),
        return_id=id,
        order_id=order,
        lines=[
            ReturnedLine(
                line_number=number,
                product_id=f"p{number}",
                quantity=quantity,
                returned_before=before,
                bought=pieces,
                amount_minor=0,
            )
            for number, quantity, before, pieces in lines
        ],
        refund_minor=0,
        shop_at_fault=fault,
    )


def asked(
    id: str = "x", gift: str = "mug", quantity: int = 1, day: float = 1
) -> RedemptionRequested:
    """A member wants a gift."""
    return RedemptionRequested(
        event_id=f"asked-{id}-{day}",
        member_id=MEMBER,
        occurred_at=at(day),
        redemption_id=id,
        product_id=gift,
        quantity=quantity,
    )


def cancelled(id: str = "x", day: float = 1) -> RedemptionCancelled:
    """A member takes it back."""
    return RedemptionCancelled(
        event_id=f"cancelled-{id}", member_id=MEMBER, occurred_at=at(day), redemption_id=id
    )


def reserved(id: str = "x", day: float = 1) -> GiftReserved:
    """The stock has it."""
    return GiftReserved(
        event_id=f"reserved-{id}",
        member_id=MEMBER,
        occurred_at=at(day),
        redemption_id=id,
        product_id="mug",
        quantity=1,
    )


def not_there(id: str = "x", day: float = 1) -> GiftRefused:
    """The stock has none."""
    return GiftRefused(
        event_id=f"refused-{id}",
        member_id=MEMBER,
        occurred_at=at(day),
        redemption_id=id,
        product_id="mug",
        reason=Reason.OUT_OF_STOCK,
    )


def released(id: str = "x", day: float = 1, reason: Reason = Reason.CANCELLED) -> GiftReleased:
    """The stock has let it go."""
    return GiftReleased(
        event_id=f"released-{id}",
        member_id=MEMBER,
        occurred_at=at(day),
        redemption_id=id,
        product_id="mug",
        reason=reason,
    )


def adjusted(points: int, day: float = 1, by: str = "a", approved_by: str = "b") -> PointsAdjusted:
    """An operator corrects."""
    return PointsAdjusted(
        event_id=f"adjusted-{points}-{day}",
        member_id=MEMBER,
        occurred_at=at(day),
        points=points,
        reason="goodwill",
        adjusted_by=by,
        approved_by=approved_by,
    )


def scored(
    verdict: Verdict = Verdict.HOLD,
    *,
    order: str | None = "o",
    day: float = 1,
    subject: str = "pay",
    kind: AbuseKind = AbuseKind.PAYMENT,
    redemption: str | None = None,
) -> FraudScored:
    """A payment for an order got a verdict; or a request for a gift."""
    return FraudScored(
        event_id=f"scored-{subject}-{kind}",
        member_id=MEMBER,
        occurred_at=at(day),
        kind=kind,
        subject_id=subject,
        order_id=order,
        redemption_id=redemption,
        score=900,
        verdict=verdict,
        reasons=[],
    )


def closed(
    end: AlertEnd,
    *,
    day: float = 2,
    orders: Sequence[str] = ("o",),
    subjects: Sequence[str] = ("pay",),
    redemptions: Sequence[str] = (),
    alert: str = "alert",
    kind: AbuseKind = AbuseKind.PAYMENT,
    verdict: Verdict = Verdict.HOLD,
    count: int = 1,
) -> AlertClosed:
    """An alert ended, of evidence from the first day on."""
    return AlertClosed(
        event_id=f"closed-{alert}-{end}-{day}",
        member_id=MEMBER,
        occurred_at=at(day),
        alert_id=alert,
        kind=kind,
        score=900,
        verdict=verdict,
        count=count,
        first_seen_at=at(0),
        last_seen_at=at(day),
        summary="",
        end=end,
        subject_ids=list(subjects),
        order_ids=list(orders),
        redemption_ids=list(redemptions),
    )


def disputed(day: float, *, order: str | None = "o", id: str = "d") -> DisputeOpened:
    """The member disputes an order."""
    return DisputeOpened(
        event_id=f"disputed-{id}",
        member_id=MEMBER,
        occurred_at=at(day),
        dispute_id=id,
        kind=DisputeKind.NOT_RECEIVED,
        order_id=order,
    )


def contested(what: Contest, day: float, *, order: str = "o", id: str = "d") -> PaymentContested:
    """What became of a payment of an order; a dispute has an id, a chargeback none."""
    return PaymentContested(
        event_id=f"contested-{what}-{id}",
        member_id=MEMBER,
        occurred_at=at(day),
        payment_id="pay",
        order_id=order,
        contest=what,
        dispute_id=None if what is Contest.TAKEN_BACK else id,
    )


def resolved(day: float, *, order: str | None = "o", id: str = "d") -> DisputeResolved:
    """The dispute is over."""
    return DisputeResolved(
        event_id=f"resolved-{id}",
        member_id=MEMBER,
        occurred_at=at(day),
        dispute_id=id,
        kind=DisputeKind.NOT_RECEIVED,
        upheld=False,
        order_id=order,
    )


def short(outcome: Outcome) -> str:
    """An outcome as rows write it."""
    text = _short(outcome)
    if isinstance(outcome, LedgerOutcome):
        has = outcome.balances
        text += f" ={has.pending}/{has.active}/{has.held}"
        text += f"|{has.withheld}" if has.withheld else ""
        text += f"{has.debt}" if has.debt else ""
    return text


def _short(outcome: Any) -> str:
    match outcome:
        case PointsPending():
            return f"pending {outcome.order_id} {outcome.points}"
        case PointsEarned():
            return f"earned {outcome.order_id} {outcome.points}"
        case PointsCapped():
            return f"capped {outcome.order_id} {outcome.granted}<{outcome.earned} {outcome.cap}"
        case EarningRefused() | AdjustmentRefused():
            return f"refused {outcome.reason}"
        case PointsRescheduled():
            return f"moved {outcome.order_id or ''}".strip()
        case PointsReversed():
            rest = "" if outcome.counted else " uncounted"
            return f"reversed {outcome.return_id} {outcome.points}{_rest(outcome)}{rest}"
        case PointsWithheld() | PointsReleased() | PointsForfeited():
            word = type(outcome).__name__.removeprefix("Points").lower()
            return f"{word} {outcome.order_id} {outcome.points} {outcome.score_change:+d}{_rest(outcome)}"
        case PointsRestored():
            return f"restored {outcome.redemption_id} {outcome.points}"
        case RestorationReversed():
            rest = f" owed {outcome.from_debt}" if outcome.from_debt else ""
            return f"respent {outcome.redemption_id} {outcome.points}{rest}"
        case PointsHeld():
            return f"held {outcome.redemption_id} {outcome.points}"
        case HoldRefused():
            return f"no hold {outcome.redemption_id} {outcome.reason}"
        case HoldVoided():
            return f"voided {outcome.redemption_id} {outcome.reason}"
        case PointsSpent():
            return f"spent {outcome.redemption_id} {outcome.points}"
        case StockWaived():
            return f"waived {outcome.redemption_id} {outcome.reason}"
        case PointsExpired():
            return f"expired {outcome.points}"
        case BonusReversed():
            return f"bonus reversed {outcome.points}{_rest(outcome)}"
        case BalanceAdjusted():
            return f"adjusted {outcome.points}"
        case _:
            assert_never(outcome)


def _rest(outcome: PointsReversed | BonusReversed | JudgedOutcome) -> str:
    """What could not be taken from lots."""
    owed, let_go = getattr(outcome, "from_debt", 0), getattr(outcome, "uncollected", 0)
    return (f" owed {owed}" if owed else "") + (f" let go {let_go}" if let_go else "")
