"""What takes a referral's reward back: the purchase that earned it came back, or the invitation was abuse.

The reward is for a purchase that is kept. So it falls, on both sides, when so much of that purchase comes
back that it would not have been enough, or when a dispute of it is upheld: for good. It falls, too, when the
purchase's points are forfeited as confirmed fraud, or an alert about the acceptance is confirmed: whoever
judged may judge again, and when nothing is left against it the reward is given again.
"""

from __future__ import annotations

from msgspec import Struct, structs

from agents.calendar import DAY
from agents.cases import KEPT, STOPPING, Case, Standing, covers, judged, suspected
from agents.friends.referrals import Purchase, Referral, least
from schemas.friends import ReferralLoss
from schemas.outcomes import (
    OrderState,
    OrderStateChanged,
    PointsForfeited,
    PointsReleased,
    ReturnAccepted,
)
from schemas.risk import AbuseKind, AlertClosed, DisputeResolved, FraudScored

LOST_MOST = KEPT - DAY  # after the reward; its lot in the ledger is remembered for longer


class Rewarded(Struct, frozen=True, array_like=True):
    """A referral that was rewarded, for which purchase, what is left of it, until when it can be lost.

    `forfeited`: a verdict has the purchase's points; `lost`: the reward is taken back, as long as a verdict
    stands.
    """

    referral: Referral
    order_id: str
    left_minor: int
    until: int
    forfeited: bool = False
    lost: bool = False

    @property
    def judged(self) -> ReferralLoss | None:
        """Why a verdict takes the reward, if one does."""
        if self.forfeited:
            return ReferralLoss.FRAUD
        return ReferralLoss.ABUSE if self.referral.standing is Standing.FORFEITED else None

    @property
    def free(self) -> bool:
        """True when no verdict is against it, nor waits for its alert's end."""
        return not self.forfeited and self.referral.standing is Standing.FREE


def rewarded(known: Referral, order_id: str, purchase: Purchase, now: int) -> Rewarded:
    """As it is at the reward."""
    return Rewarded(known, order_id, purchase.left_minor, now + LOST_MOST)


def after(known: Rewarded, event: object) -> tuple[Rewarded, ReferralLoss | None]:
    """How it stands after an event, and why it is lost for good, if it is."""
    match event:
        case OrderStateChanged(state=OrderState.RETURNED, order_id=known.order_id):
            return known, ReferralLoss.RETURNED
        case ReturnAccepted(order_id=known.order_id):
            left = known.left_minor - event.refund_minor
            known = structs.replace(known, left_minor=left)
            return known, ReferralLoss.RETURNED if left < least(known.referral) else None
        case DisputeResolved(order_id=known.order_id, upheld=True):
            return known, ReferralLoss.DISPUTED
        case PointsForfeited(order_id=known.order_id) | PointsReleased(order_id=known.order_id):
            forfeited = isinstance(event, PointsForfeited)
            return structs.replace(known, forfeited=forfeited), None
        case FraudScored() | AlertClosed():
            case = weighed(known.referral.case, event)
            return structs.replace(known, referral=structs.replace(known.referral, case=case)), None
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
    """Whether an alert, ended now or another time already, is about the acceptance."""
    its = any(covers(closed, subject_id, one) for subject_id, one in case.suspicions.items())
    return its or closed.alert_id in case.confirmed
