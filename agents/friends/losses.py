"""What takes a referral's reward back: the purchase that earned it came back, or the invitation was abuse.

The reward is for a purchase that is kept. So it falls, on both sides, when so much of that purchase comes
back that it would not have been enough, when its points are forfeited as confirmed fraud, when a dispute
of it is upheld, or when an alert about the acceptance is confirmed. It falls once, and stays so.
"""

from __future__ import annotations

from msgspec import Struct, structs

from agents.calendar import DAY
from agents.cases import KEPT, STOPPING, Case, Standing, judged, suspected, touches
from agents.friends.referrals import Purchase, Referral, least
from schemas.friends import ReferralLoss
from schemas.outcomes import OrderState, OrderStateChanged, PointsForfeited, ReturnAccepted
from schemas.risk import AbuseKind, AlertClosed, DisputeResolved, FraudScored

LOST_MOST = KEPT - DAY  # after the reward; its lot in the ledger is remembered for longer


class Rewarded(Struct, frozen=True, array_like=True):
    """A referral that was rewarded, for which purchase, what is left of it, until when it can be lost."""

    referral: Referral
    order_id: str
    left_minor: int
    until: int


def rewarded(known: Referral, order_id: str, purchase: Purchase, now: int) -> Rewarded:
    """As it is at the reward."""
    return Rewarded(known, order_id, purchase.left_minor, now + LOST_MOST)


def after(known: Rewarded, event: object) -> tuple[Rewarded, ReferralLoss | None]:
    """How it stands after an event, and why it is lost, if it is."""
    match event:
        case OrderStateChanged(state=OrderState.RETURNED, order_id=known.order_id):
            return known, ReferralLoss.RETURNED
        case ReturnAccepted(order_id=known.order_id):
            left = known.left_minor - event.refund_minor
            known = structs.replace(known, left_minor=left)
            return known, ReferralLoss.RETURNED if left < least(known.referral) else None
        case PointsForfeited(order_id=known.order_id):
            return known, ReferralLoss.FRAUD
        case DisputeResolved(order_id=known.order_id, upheld=True):
            return known, ReferralLoss.DISPUTED
        case FraudScored() | AlertClosed():
            case = weighed(known.referral.case, event)
            known = structs.replace(known, referral=structs.replace(known.referral, case=case))
            lost = known.referral.standing is Standing.FORFEITED
            return known, ReferralLoss.ABUSE if lost else None
        case _:
            return known, None


def weighed(case: Case | None, event: FraudScored | AlertClosed) -> Case | None:
    """What a verdict on the acceptance, or its alert's end, makes of the case."""
    match event:
        case FraudScored():
            if event.kind is AbuseKind.REFERRAL and event.verdict in STOPPING:
                return suspected(case or Case(), event)
            return case
        case AlertClosed():
            return judged(case, event) if case is not None and _about(case, event) else case


def _about(case: Case, closed: AlertClosed) -> bool:
    return touches(case, closed) or closed.alert_id in case.confirmed
