"""A small shop whose orders are paid and weighed: some are stopped, disputed, judged, judged again.

The shop is that of `world.py`. What the alerts of a first life said is judged in a second one, which goes
another way from the first judgement on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random
from zlib import crc32

from schemas.actions import PurchaseLine, PurchaseMade, RedemptionRequested, RuleChanged
from schemas.record import Event
from schemas.risk import (
    AbuseKind,
    AlertJudged,
    AlertOpened,
    ChargebackReceived,
    DisputeKind,
    DisputeOpened,
    DisputeResolved,
    InvitationAccepted,
    Judgement,
    LogInFailed,
    PaymentCaptured,
    RiskRule,
    RiskRuleChanged,
    Verdict,
)
from schemas.rules import EarnRate, PointsRule, ReferralReward
from streams.topology import topology
from tests.simulation.schedule import played
from tests.simulation.world import DAY, HOUR, START, Shape, World, world

RULES = {
    "dear": ("amount_minor > 22000", AbuseKind.PAYMENT, Verdict.HOLD),
    "dearest": ("amount_minor > 32000", AbuseKind.PAYMENT, Verdict.BLOCK),
    "takeover": ("log_ins_failed_24h > 0", AbuseKind.ACCOUNT_TAKEOVER, Verdict.REVIEW),
    "refunds": ("returned_share_30d > 0.5", AbuseKind.REFUND, Verdict.HOLD),
}
SHAPE = Shape(members=6, steps=220, days=60, scarce=False)


@dataclass(frozen=True, slots=True)
class Guarded:
    """The shop, and all that was told in the order of delivery."""

    shop: World
    delivered: list[tuple[int, Event]]


@cache
def guarded(seed: int, shape: Shape = SHAPE) -> Guarded:
    """All of a seed, judgements included."""
    shop, random = world(seed, shape), Random(f"guarded-{seed}")
    told = [*shop.delivered, *_rules(), *_payments(shop, random), *_disputes(shop, random)]
    told += [*_chargebacks(shop), *_break_ins(shop, random)]
    told.sort(key=lambda pair: pair[0])
    first = played(topology(2), told, until=told[-1][0] + 20 * DAY)
    opened = [one for one in first.outcomes() if isinstance(one, AlertOpened)]
    judged = [pair for one in opened for pair in _judgements(one, random)]
    return Guarded(shop, sorted([*told, *judged], key=lambda pair: pair[0]))


def _rules() -> list[tuple[int, Event]]:
    return [(START, _rule(name, *said)) for name, said in RULES.items()]


def _rule(name: str, expression: str, kind: AbuseKind, verdict: Verdict) -> RiskRuleChanged:
    return RiskRuleChanged(
        event_id=f"rule-{name}",
        rule_id=name,
        occurred_at=START,
        version=1,
        effective_at=START,
        changed_by="operator-1",
        rule=RiskRule(
            expression=expression,
            kind=kind,
            weight=100,
            reason=name,
            verdict=verdict,
            blocked_share_most=None,
        ),
    )


# ---- one order -------------------------------------------------------------------------------------


def rules(verdict: Verdict, referral: ReferralReward | None = None) -> list[Event]:
    """A point for each 100, pending for a month; dear payments get this verdict."""
    rates = [EarnRate(currency="GBP", points=1, per_minor=100)]
    points = RuleChanged(
        event_id="points",
        rule_id="purchases",
        occurred_at=START,
        version=1,
        effective_at=START,
        changed_by="operator-1",
        rule=PointsRule(earn_rates=rates, referral=referral),
    )
    return [points, _rule("dear", "amount_minor > 10000", AbuseKind.PAYMENT, verdict)]


def invited(at: int) -> InvitationAccepted:
    """Bob invited ann."""
    return InvitationAccepted(
        event_id="accepted",
        member_id="ann",
        occurred_at=at,
        invitation_id="invitation",
        inviter_id="bob",
    )


def purchase(at: int) -> PurchaseMade:
    """A dear order of ann's."""
    line = PurchaseLine(line_number=1, product_id="lamp", quantity=1, amount_minor=50_000)
    return PurchaseMade(
        event_id="bought",
        member_id="ann",
        occurred_at=at,
        order_id="order",
        currency="GBP",
        lines=[line],
    )


def payment(at: int) -> PaymentCaptured:
    """Its payment."""
    return PaymentCaptured(
        event_id="paid",
        member_id="ann",
        occurred_at=at,
        payment_id="payment",
        order_id="order",
        amount_minor=50_000,
        currency="GBP",
        card="card-1",
    )


# ---- a shop ----------------------------------------------------------------------------------------


def _payments(shop: World, random: Random) -> list[tuple[int, Event]]:
    """Each order is paid: at its time or later, or just before; some with a card that is asked about."""
    told: list[tuple[int, Event]] = []
    for order in shop.orders:
        at = order.occurred_at + random.choice([-1000, 0, 1000, HOUR])
        paid = PaymentCaptured(
            event_id=f"paid-{order.order_id}",
            member_id=order.member_id,
            occurred_at=at,
            payment_id=f"payment-{order.order_id}",
            order_id=order.order_id,
            amount_minor=sum(line.amount_minor for line in order.lines),
            currency=order.currency,
            card=random.choice([None, f"card-{order.member_id}"]),
        )
        told.append((max(START + HOUR, at + random.choice([0, 0, DAY])), paid))
    return told


def _disputes(shop: World, random: Random) -> list[tuple[int, Event]]:
    told: list[tuple[int, Event]] = []
    for order in random.sample(shop.orders, len(shop.orders) // 4):
        opened_at = order.occurred_at + random.randrange(10 * DAY)
        told.append((opened_at, _dispute(DisputeOpened, order, opened_at)))
        if random.random() < 0.8:
            at = opened_at + random.randrange(20 * DAY)
            told.append((at, _dispute(DisputeResolved, order, at, upheld=random.random() < 0.5)))
    return told


def _dispute(
    kind: type[DisputeOpened | DisputeResolved], order: PurchaseMade, at: int, **more: bool
) -> Event:
    """Half of them name the payment only."""
    by_payment = _one_in(2, order)
    return kind(
        event_id=f"{kind.__name__}-{order.order_id}",
        member_id=order.member_id,
        occurred_at=at,
        dispute_id=f"dispute-{order.order_id}",
        kind=DisputeKind.NOT_RECEIVED,
        payment_id=f"payment-{order.order_id}" if by_payment else None,
        order_id=None if by_payment else order.order_id,
        **more,
    )


def _chargebacks(shop: World) -> list[tuple[int, Event]]:
    """The bank takes some payments back, a few of them before anybody has told of them."""
    told: list[tuple[int, Event]] = []
    for order in shop.orders:
        if _one_in(9, order):
            at = order.occurred_at + (0 if _one_in(4, order) else 9 * DAY)
            back = ChargebackReceived(
                event_id=f"back-{order.order_id}",
                member_id=order.member_id,
                occurred_at=at,
                payment_id=f"payment-{order.order_id}",
                fraud=False,
            )
            told.append((at, back))
    return told


def _one_in(many: int, order: PurchaseMade) -> bool:
    """Drawn from the order's id alone, so that nothing else of the shop changes with it."""
    return crc32(f"{many}-{order.order_id}".encode()) % many == 0


def _break_ins(shop: World, random: Random) -> list[tuple[int, Event]]:
    """Somebody guessed the password shortly before some of the redemptions."""
    told: list[tuple[int, Event]] = []
    for request in random.sample(shop.redemptions, len(shop.redemptions) // 2):
        at = request.occurred_at - HOUR
        told.append((at, _guess(request, at)))
    return told


def _guess(request: RedemptionRequested, at: int) -> LogInFailed:
    event_id = f"guess-{request.redemption_id}"
    return LogInFailed(event_id=event_id, member_id=request.member_id, occurred_at=at)


def _judgements(one: AlertOpened, random: Random) -> list[tuple[int, Event]]:
    """None, one, or two that contradict each other; a takeover is confirmed first."""
    found, other = random.sample([Judgement.CONFIRMED, Judgement.CLEARED], 2)
    many = random.choice([0, 1, 1, 2])
    if one.kind is AbuseKind.ACCOUNT_TAKEOVER:
        found, other, many = Judgement.CONFIRMED, Judgement.CLEARED, random.choice([1, 2])
    at, told = one.occurred_at, list[tuple[int, Event]]()
    for number, judgement in enumerate([found, other][:many]):
        at += random.randrange(1, 4 * DAY)
        told.append((at, _judged(one, number, at, judgement)))
    return told


def _judged(one: AlertOpened, number: int, at: int, judgement: Judgement) -> AlertJudged:
    return AlertJudged(
        event_id=f"judged-{one.alert_id}-{number}",
        member_id=one.member_id,
        occurred_at=at,
        alert_id=one.alert_id,
        judgement=judgement,
        analyst="analyst-1",
    )
