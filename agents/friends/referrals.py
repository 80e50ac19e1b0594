"""What an invitation earns: nothing at registration, but once the first purchase of the invited is kept.

Kept: the return window of the points rule that rewards it has passed (counted from delivery, or from the
usual days after the purchase), not all came back, what is left is worth the rule's minimum, and no verdict
or open dispute is on it. The reward is that of the rule in force at the acceptance. Whoever is blocked, or
whose acceptance a verdict stops, waits; a confirmed alert about it ends the referral. What happens after the
reward is in `losses.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, structs

from agents import Tables, rules
from agents.calendar import DAY
from agents.cases import NEVER, Case, Standing
from agents.rules import Holding
from schemas.outcomes import OrderPlaced, OrderState, OrderStateChanged, ReturnAccepted
from schemas.risk import InvitationAccepted

PURCHASES_MOST = 20  # that wait for their window at a time


class Purchase(Struct, frozen=True, array_like=True):
    """An order that may be the one: when it is kept, what is left of it, what stands against it."""

    kept_at: int
    left_minor: int
    stopped: bool = False
    disputed: bool = False


class Referral(Struct, frozen=True, array_like=True):
    """The invitation by which the member came, and the version of the rule that rewards it."""

    invitation_id: str
    inviter_id: str
    accepted_at: int
    rule_id: str
    rule_version: int
    delivery_days: int
    window_days: int
    minimum_minor: int
    inviter_points: int
    invited_points: int
    case: Case | None = None

    @property
    def standing(self) -> Standing:
        """What verdicts on the acceptance want of it."""
        return Standing.FREE if self.case is None else self.case.wanted


def referral(accepted: InvitationAccepted, tables: Tables) -> Referral | None:
    """A referral by the first rule in force that rewards any; None: none does."""
    for held in rules.in_force(tables, accepted.occurred_at):
        if held.rule.referral is not None:
            return _by(accepted, held)
    return None


def _by(accepted: InvitationAccepted, held: Holding) -> Referral | None:
    reward = held.rule.referral
    assert reward is not None
    return Referral(
        invitation_id=accepted.invitation_id,
        inviter_id=accepted.inviter_id,
        accepted_at=accepted.occurred_at,
        rule_id=held.rule_id,
        rule_version=held.version,
        delivery_days=held.rule.delivery_days,
        window_days=held.rule.return_window_days,
        minimum_minor=reward.minimum_minor,
        inviter_points=reward.inviter_points,
        invited_points=reward.invited_points,
    )


Purchases = dict[str, Purchase]


def place(purchases: Purchases, known: Referral, order: OrderPlaced) -> None:
    """A purchase after the acceptance that is worth enough."""
    room = len(purchases) < PURCHASES_MOST and order.total_minor >= least(known)
    if room and order.occurred_at >= known.accepted_at:
        kept_at = order.occurred_at + (known.delivery_days + known.window_days) * DAY
        purchases[order.order_id] = Purchase(kept_at, order.total_minor)


def move_on(purchases: Purchases, known: Referral, told: OrderStateChanged) -> None:
    """It was delivered, which starts its window, or it all came back."""
    purchase = purchases.get(told.order_id)
    if purchase is None:
        return
    if told.state is OrderState.RETURNED:
        del purchases[told.order_id]
    elif told.delivered_at is not None:
        kept_at = told.delivered_at + known.window_days * DAY
        purchases[told.order_id] = structs.replace(purchase, kept_at=kept_at)


def give_back(purchases: Purchases, known: Referral, back: ReturnAccepted) -> None:
    """A part of it came back, or so much that it is the one no more."""
    purchase = purchases.get(back.order_id)
    if purchase is None:
        return
    left = purchase.left_minor - back.refund_minor
    if left < least(known):
        del purchases[back.order_id]
    else:
        purchases[back.order_id] = structs.replace(purchase, left_minor=left)


def mark(
    purchases: Purchases,
    order_id: str | None,
    *,
    stopped: bool | None = None,
    disputed: bool | None = None,
) -> None:
    """A verdict or a dispute is on it, or no longer."""
    purchase = purchases.get(order_id or "")
    if purchase is not None and order_id is not None:
        purchases[order_id] = structs.replace(
            purchase,
            stopped=purchase.stopped if stopped is None else stopped,
            disputed=purchase.disputed if disputed is None else disputed,
        )


def kept(purchases: Purchases, now: int) -> str | None:
    """The first purchase that is kept by now; None: none yet."""
    found = [(p.kept_at, order_id) for order_id, p in _free(purchases) if p.kept_at <= now]
    return min(found)[1] if found else None


def due(purchases: Purchases) -> int:
    """When the next one is kept, if nothing happens."""
    return min([purchase.kept_at for _, purchase in _free(purchases)], default=NEVER)


def _free(purchases: Purchases) -> Iterator[tuple[str, Purchase]]:
    for order_id, purchase in purchases.items():
        if not (purchase.stopped or purchase.disputed):
            yield order_id, purchase


def least(known: Referral) -> int:
    """What must be left of a purchase, minor units."""
    return max(known.minimum_minor, 1)
