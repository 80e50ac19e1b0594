"""What members of a small shop do that is weighed for fraud: log-ins, payments, coupons, friends, disputes.

Drawn from one `Random`, beside the shop of `world.py` and about the same members. Some share devices and
cards, payments are told again or with other content, labels come late, twice, or for what nobody knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from msgspec.structs import replace

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
    Number,
    PaymentCaptured,
    PaymentFailed,
    RiskRule,
    RiskRuleChanged,
    Verdict,
)
from tests.simulation.world import DAY, HOUR, START

RULES = {
    "dear": ("amount_minor > 9000", AbuseKind.PAYMENT, Verdict.HOLD),
    "odd": ("amount_deviations > 3", AbuseKind.PAYMENT, Verdict.REVIEW),
    "testing": ("payments_failed_24h > 2 || card_others_30d > 0", AbuseKind.PAYMENT, Verdict.BLOCK),
    "coupons": ("coupons_24h > 1", AbuseKind.PROMOTION, Verdict.REVIEW),
    "selves": ("device_of_inviter == 1.0", AbuseKind.REFERRAL, Verdict.BLOCK),
    "takeover": ("log_ins_failed_24h > 0", AbuseKind.ACCOUNT_TAKEOVER, Verdict.HOLD),
    "drain": ("redemptions_24h > 1", AbuseKind.POINTS, Verdict.REVIEW),
    "refunds": ("returned_share_30d > 0.5", AbuseKind.REFUND, Verdict.REVIEW),
}


@dataclass(slots=True)
class Risky:
    """The actions in order of delivery, and what was paid."""

    random: Random
    members: int
    delivered: list[tuple[int, Event]] = field(default_factory=list)
    payments: list[PaymentCaptured] = field(default_factory=list)
    events: int = 0

    def id(self) -> str:
        self.events += 1
        return f"risky-{self.events}"

    def send(self, action: Event, at: int) -> None:
        """Deliver an action at its time, sometimes late, sometimes twice."""
        late = self.random.random() < 0.1
        self.delivered.append((at + self.random.randrange(2 * DAY) if late else at, action))
        if self.random.random() < 0.1:
            self.delivered.append((at + self.random.randrange(3 * DAY), action))

    def some(self, what: str, most: int) -> str | None:
        """One of few things, or none."""
        chosen = self.random.randrange(most + 1)
        return None if chosen == most else f"{what}-{chosen}"

    def first(self, at: int, member: str | None = None) -> dict[str, object]:
        """The first fields of an action."""
        member = member or f"member-{self.random.randrange(self.members)}"
        return {"event_id": self.id(), "member_id": member, "occurred_at": at}


def risky(seed: int, members: int = 8, steps: int = 250, days: int = 60) -> Risky:
    """All of a seed."""
    made = Risky(Random(f"risky-{seed}"), members)
    for name, (expression, kind, verdict) in RULES.items():
        rule = RiskRule(expression=expression, kind=kind, weight=100, reason=name, verdict=verdict)
        change = RiskRuleChanged(
            event_id=made.id(),
            rule_id=name,
            occurred_at=START,
            version=1,
            effective_at=START,
            changed_by="operator-1",
            rule=rule,
        )
        made.delivered.append((START, change))
    step = days * DAY // steps
    kinds = [_pay] * 8 + [
        _fail,
        _log_in,
        _guess,
        _coupon,
        _coupon,
        _invite,
        _accept,
        _label,
        _label,
    ] * 2
    for n in range(steps):
        at = START + HOUR + n * step + made.random.randrange(step)
        made.random.choice(kinds)(made, at)
    made.delivered.sort(key=lambda pair: pair[0])
    return made


def _pay(made: Risky, at: int) -> None:
    random = made.random
    if made.payments and random.random() < 0.15:  # told again by another event, or told otherwise
        old = random.choice(made.payments)
        amount = old.amount_minor + random.choice([0, 0, 1])
        again = replace(old, event_id=made.id(), occurred_at=at, amount_minor=amount)
        made.send(again, at)
        return
    amount = random.choice([random.randrange(100, 3_000), random.randrange(100, 20_000)])
    payment = PaymentCaptured(
        **made.first(at),  # type: ignore[arg-type]
        payment_id=f"payment-{made.events}",
        amount_minor=amount,
        currency="GBP",
        order_id=made.some("order", 6),
        terminal_id=made.some("terminal", 4),
        device=made.some("device", 5),
        card=made.some("card", 8),
        address=made.some("address", 2) if random.random() < 0.3 else None,
        country=random.choice(["GB", "GB", "GB", "BR", None]),
        numbers=[Number(name="distance", value=random.random())] if random.random() < 0.3 else [],
    )
    made.payments.append(payment)
    made.send(payment, at)


def _fail(made: Risky, at: int) -> None:
    failed = PaymentFailed(
        **made.first(at),  # type: ignore[arg-type]
        payment_id=f"failed-{made.events}",
        amount_minor=100,
        currency="GBP",
        card=made.some("card", 8),
    )
    made.send(failed, at)


def _log_in(made: Risky, at: int) -> None:
    made.send(
        LoggedIn(**made.first(at), device=made.some("device", 5), country=made.some("C", 2)),  # type: ignore[arg-type]
        at,
    )


def _guess(made: Risky, at: int) -> None:
    made.send(LogInFailed(**made.first(at), device=made.some("device", 5)), at)  # type: ignore[arg-type]


def _coupon(made: Risky, at: int) -> None:
    coupon = CouponApplied(
        **made.first(at),  # type: ignore[arg-type]
        coupon_id=f"coupon-{made.random.randrange(5)}",
        order_id=made.some("order", 6),
        discount_minor=500,
        currency="GBP",
    )
    made.send(coupon, at)


def _invite(made: Risky, at: int) -> None:
    invited = FriendInvited(**made.first(at), invitation_id=f"invitation-{made.events}")  # type: ignore[arg-type]
    made.send(invited, at)


def _accept(made: Risky, at: int) -> None:
    accepted = InvitationAccepted(
        **made.first(at),  # type: ignore[arg-type]
        invitation_id=f"invitation-{made.random.randrange(20)}",
        inviter_id=f"member-{made.random.randrange(made.members)}",
        device=made.some("device", 5),
        card=made.some("card", 8),
    )
    made.send(accepted, at)


def _label(made: Risky, at: int) -> None:
    """A dispute, its end, or a chargeback, of a payment of some time ago, or of none that there is."""
    random = made.random
    if not made.payments:
        return
    paid = random.choice(made.payments)
    first = made.first(max(at, paid.occurred_at), paid.member_id)
    payment_id = paid.payment_id if random.random() < 0.9 else "payment-unknown"
    about = {"payment_id": payment_id} if random.random() < 0.7 else {"order_id": "order-1"}
    kind = random.choice([DisputeKind.NOT_ME, DisputeKind.NOT_ME, DisputeKind.NOT_RECEIVED])
    dispute = {**first, "dispute_id": f"dispute-{payment_id}", "kind": kind, **about}
    action: Event
    match random.randrange(3):
        case 0:
            action = DisputeOpened(**dispute)  # type: ignore[arg-type]
        case 1:
            action = DisputeResolved(**dispute, upheld=random.random() < 0.5)  # type: ignore[arg-type]
        case _:
            fraud = random.random() < 0.8
            action = ChargebackReceived(**first, payment_id=payment_id, fraud=fraud)  # type: ignore[arg-type]
    made.send(action, max(at, paid.occurred_at))
