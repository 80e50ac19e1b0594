"""What surrounds orders in the made-up shop: so that fire catches every stage and every agent at work.

Members log in, fail to pay, dispute, invite, review, answer what is offered; operators set risk rules,
tiers, segments and a campaign. Everything is drawn from one seed, beside the mix and about its members.
"""

from __future__ import annotations

import random
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.mix import CURRENCY, PRODUCTS, product_name
from schemas.campaigns import (
    Campaign,
    CampaignClicked,
    CampaignShown,
    CampaignStarted,
    SurveyAnswered,
)
from schemas.candidates import (
    CandidateClicked,
    CandidateDismissed,
    CandidatesShown,
    ConsentGiven,
    ConsentPurpose,
    ConsentWithdrawn,
    ProductHidden,
)
from schemas.engagement import CommentPosted, ProductLiked, ProductShared, ReviewWritten
from schemas.friends import FriendshipEnded
from schemas.record import Event
from schemas.risk import (
    AbuseKind,
    ChargebackReceived,
    CouponApplied,
    DisputeKind,
    DisputeOpened,
    DisputeResolved,
    FriendInvited,
    InvitationAccepted,
    LoggedIn,
    LogInFailed,
    PaymentCaptured,
    PaymentFailed,
    RiskRule,
    RiskRuleChanged,
    Verdict,
)
from schemas.risk_rules import first_versions
from schemas.segments import Segment, SegmentChanged
from schemas.tiers import Period, Tier, TierRule, TierRuleChanged

DAY = 86_400_000
OPERATOR = "operator-1"
REMEMBERED = 100  # payments and invitations that something may still come of
PURPOSES = (ConsentPurpose.PERSONALISATION, ConsentPurpose.PROFILING, ConsentPurpose.MARKETING)
CAMPAIGN = "again"
SEGMENTS = {
    "buyers": Segment(name="Buyers", enters="orders >= 2", leaves="silent_days > 20"),
    "looking": Segment(name="Lookers", enters="recent_looks > 3", leaves="recent_looks < 1"),
}
DEAR = RiskRule(
    expression="amount_minor > 11000",
    kind=AbuseKind.PAYMENT,
    weight=500,
    reason="It is dear",
    verdict=Verdict.HOLD,
)
TIERS = TierRule(
    tiers=[
        Tier(tier="bronze", threshold_points=0),
        Tier(tier="silver", threshold_points=100, earn_percent=150),
    ],
    period=Period.MONTH,
)

Fields = dict[str, Any]


class Surroundings:
    """Endless actions beside the mix; `hear` tells what the mix made, as some follow from it."""

    def __init__(self, members: int, seed: int) -> None:
        self._random = random.Random(f"surroundings/{seed}")
        self._members = members
        self._paid: deque[PaymentCaptured] = deque(maxlen=REMEMBERED)
        self._invited: deque[FriendInvited] = deque(maxlen=REMEMBERED)
        self._friends: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)
        self._makers: list[Callable[[Fields], Event]] = [
            *(self._log_in, self._pay_in_vain, self._pay_in_vain, self._use_coupon),
            *(self._invite, self._accept, self._part, self._contest, self._contest),
            *(self._write, self._like, self._answer_offer, self._answer_offer),
            *(self._answer_campaign, self._consent, self._hide),
        ]

    def opening(self, at: int) -> Iterator[Event]:
        """What operators set before the first action."""
        by: Fields = {"occurred_at": at, "changed_by": OPERATOR, "version": 1}
        yield from first_versions(at, OPERATOR)
        yield RiskRuleChanged(event_id=self._id(), rule_id="dear", effective_at=at, rule=DEAR, **by)
        yield TierRuleChanged(event_id=self._id(), effective_at=at, rule=TIERS, **by)
        for name, segment in SEGMENTS.items():
            yield SegmentChanged(event_id=self._id(), segment_id=name, segment=segment, **by)
        campaign = Campaign(
            name=CAMPAIGN,
            segment_id="buyers",
            starts_at=at,
            ends_at=at + 30 * DAY,
            salt="spring",
            holdout_share=0.2,
            window_days=3,
        )
        yield CampaignStarted(
            event_id=self._id(),
            campaign_id=CAMPAIGN,
            occurred_at=at,
            started_by=OPERATOR,
            campaign=campaign,
        )

    def hear(self, action: Event) -> None:
        """An action of the mix."""
        if isinstance(action, PaymentCaptured):
            self._paid.append(action)

    def action(self, at: int) -> Event:
        """The next action, at this moment."""
        member = f"member-{self._random.randrange(self._members)}"
        first = {"event_id": self._id(), "member_id": member, "occurred_at": at}
        return self._random.choice(self._makers)(first)

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128)))

    def _product(self) -> str:
        return product_name(int(PRODUCTS * self._random.random() ** 3))

    def _tokens(self, first: Fields) -> Fields:
        """A device and a card, now and then those of another member."""
        owner = first["member_id"].removeprefix("member-")
        if self._random.random() < 0.1:
            owner = str(self._random.randrange(self._members))
        return {"device": f"device-{owner}-0", "card": f"card-{owner}"}

    def _log_in(self, first: Fields) -> Event:
        device = self._tokens(first)["device"]
        kind = LogInFailed if self._random.random() < 0.3 else LoggedIn
        return kind(**first, device=device, country=self._random.choice(["GB", "GB", "BR"]))

    def _pay_in_vain(self, first: Fields) -> Event:
        payment = f"failed-{first['event_id']}"
        amount = self._random.randrange(100, 9_000)
        paid: Fields = {"payment_id": payment, "amount_minor": amount, "currency": CURRENCY}
        return PaymentFailed(**first, **paid, **self._tokens(first))

    def _use_coupon(self, first: Fields) -> Event:
        coupon = f"coupon-{self._random.randrange(20)}"
        return CouponApplied(**first, coupon_id=coupon, discount_minor=500, currency=CURRENCY)

    def _invite(self, first: Fields) -> Event:
        invited = FriendInvited(**first, invitation_id=f"invitation-{first['event_id']}")
        self._invited.append(invited)
        return invited

    def _accept(self, first: Fields) -> Event:
        """Each invitation once, by whoever comes; the inviter may be the same one."""
        if not self._invited:
            return self._invite(first)
        invited = self._invited.popleft()
        self._friends.append((first["member_id"], invited.member_id))
        names: Fields = {"invitation_id": invited.invitation_id, "inviter_id": invited.member_id}
        return InvitationAccepted(**first, **names, **self._tokens(first))

    def _part(self, first: Fields) -> Event:
        if not self._friends:
            return self._invite(first)
        member, friend = self._random.choice(self._friends)
        return FriendshipEnded(**first | {"member_id": member}, friend_id=friend)

    def _contest(self, first: Fields) -> Event:
        """A dispute, its end, or a chargeback, of a payment that was made."""
        if not self._paid:
            return self._pay_in_vain(first)
        payment = self._random.choice(self._paid)
        first = first | {"member_id": payment.member_id}
        if self._random.random() < 0.4:
            fraud = self._random.random() < 0.8
            return ChargebackReceived(**first, payment_id=payment.payment_id, fraud=fraud)
        kind = self._random.choice([DisputeKind.NOT_ME, DisputeKind.NOT_RECEIVED])
        name = f"dispute-{payment.payment_id}"
        dispute: Fields = {"dispute_id": name, "payment_id": payment.payment_id}
        if self._random.random() < 0.5:
            return DisputeOpened(**first, **dispute, kind=kind)
        return DisputeResolved(**first, **dispute, kind=kind, upheld=self._random.random() < 0.5)

    def _write(self, first: Fields) -> Event:
        product, length = self._product(), self._random.randrange(400)
        if self._random.random() < 0.3:
            name = f"comment-{first['event_id']}"
            return CommentPosted(**first, comment_id=name, product_id=product, text_length=length)
        rating, name = self._random.randrange(1, 6), f"review-{first['event_id']}"
        return ReviewWritten(**first, review_id=name, product_id=product, rating=rating)

    def _like(self, first: Fields) -> Event:
        liked = self._random.random() < 0.5
        kind = ProductLiked if liked else ProductShared
        return kind(**first, product_id=self._product())

    def _answer_offer(self, first: Fields) -> Event:
        shown = [self._product() for _ in range(3)]
        match self._random.randrange(4):
            case 0:
                return CandidateClicked(**first, product_id=shown[0])
            case 1:
                return CandidateDismissed(**first, product_id=shown[0])
            case _:
                return CandidatesShown(**first, product_ids=sorted(set(shown)))

    def _answer_campaign(self, first: Fields) -> Event:
        match self._random.randrange(3):
            case 0:
                return CampaignShown(**first, campaign_id=CAMPAIGN)
            case 1:
                return CampaignClicked(**first, campaign_id=CAMPAIGN)
            case _:
                satisfaction = self._random.randrange(1, 6)
                return SurveyAnswered(**first, campaign_id=CAMPAIGN, satisfaction=satisfaction)

    def _consent(self, first: Fields) -> Event:
        kind = ConsentGiven if self._random.random() < 0.6 else ConsentWithdrawn
        return kind(**first, purpose=self._random.choice(PURPOSES))

    def _hide(self, first: Fields) -> Event:
        """A product that nobody is offered for a while, or is offered again."""
        names = {"event_id": first["event_id"], "occurred_at": first["occurred_at"]}
        return ProductHidden(
            **names, product_id=self._product(), hidden=self._random.random() < 0.5
        )
