"""What honest orders imply and the data does not tell: log-ins, payments, coupons, friends, disputes.

All of it is generated, with its everyday noise: forgotten passwords, declined cards, new phones, a
journey abroad, a parcel that did not come, a friend from the same household. So what is odd about those
who misbehave is odd beside a base rate that is not zero.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from replay.invented import MINUTE, dice_of
from replay.misbehaviour.tokens import Belongings, Tokens, belongings, token
from replay.retail import CURRENCY, Invoice
from replay.shop import DAY
from replay.told import REGISTERED_BEFORE, Told, event_id
from schemas.risk import (
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
)

FORGETS_PASSWORD = 0.05
DECLINED = 0.03
NEW_DEVICE = 0.02
NEW_CARD = 0.01
ELSEWHERE = 0.01
WITH_COUPON = 0.06
COUPON_PERCENT = 5
DISPUTES_PARCEL = 0.004
DISPUTES_WRONGLY = 0.0005
CHARGED_BACK_OTHERWISE = 0.0005
BY_INVITATION = 0.1
OF_THE_HOUSEHOLD = 0.15
ABROAD = ("FR", "ES", "US", "DE", "IT")


def payment_of(order: Invoice) -> str:
    """The id of the payment of a real order."""
    return f"p-{order.invoice_id}"


def amount_of(order: Invoice) -> int:
    """What a real order costs, postage included, minor units."""
    return max(0, sum(line.amount_minor for line in order.lines) + order.postage_minor)


def around(order: Invoice, seed: int) -> Iterator[Told]:
    """The log-in before a real order, its coupon, its payment, and seldom a dispute weeks later."""
    dice = dice_of(seed, "payment", order.invoice_id)
    with_tokens = usual(belongings(seed, order.member_id or "", order.country), order, dice)
    yield from _log_in(order, with_tokens, seed, dice)
    amount = amount_of(order)
    if not amount:
        return
    if dice.random() < WITH_COUPON:
        yield _coupon(order, amount, seed)
    yield from _pay(order, amount, with_tokens, seed, dice)
    yield from _dispute(order, seed, dice)


def usual(owned: Belongings, order: Invoice, dice: random.Random) -> Tokens:
    """What a member comes with this time: mostly the usual, now and then something new."""
    device, card = dice.choice(owned.devices[:1] * 3 + owned.devices), owned.cards[0]
    if dice.random() < 0.25:
        card = owned.cards[-1]
    if dice.random() < NEW_DEVICE:
        device = token("new device", order.invoice_id)
    if dice.random() < NEW_CARD:
        card = token("new card", order.invoice_id)
    country, network = owned.country, dice.choice(owned.networks)
    if dice.random() < ELSEWHERE:
        country, network = dice.choice(ABROAD), token("journey", order.invoice_id)
    return Tokens(device, card, owned.address, network, country)


def _log_in(order: Invoice, with_tokens: Tokens, seed: int, dice: random.Random) -> Iterator[Told]:
    at = order.at - dice.randrange(5 * MINUTE, 50 * MINUTE)
    where: dict[str, Any] = {
        "device": with_tokens.device,
        "network": with_tokens.network,
        "country": with_tokens.country,
    }
    if dice.random() < FORGETS_PASSWORD:
        for number in range(dice.choice((1, 1, 1, 2, 2, 3))):
            failed = LogInFailed(**_first(order, seed, f"failed {number}", at), **where)
            yield Told(at, order.at, failed)
            at += dice.randrange(10_000, 60_000)
    yield Told(at, order.at, LoggedIn(**_first(order, seed, "log-in", at), **where))


def _coupon(order: Invoice, amount: int, seed: int) -> Told:
    applied = CouponApplied(
        **_first(order, seed, "coupon", order.at),
        coupon_id=f"month-{order.at // (30 * DAY)}",
        order_id=order.invoice_id,
        discount_minor=amount * COUPON_PERCENT // 100,
        currency=CURRENCY,
    )
    return Told(order.at, order.at, applied)


def _pay(
    order: Invoice, amount: int, with_tokens: Tokens, seed: int, dice: random.Random
) -> Iterator[Told]:
    at = order.at + MINUTE
    money: dict[str, Any] = {
        "amount_minor": amount,
        "currency": CURRENCY,
        "order_id": order.invoice_id,
    }
    if dice.random() < DECLINED:
        declined = PaymentFailed(
            **_first(order, seed, "declined", at),
            payment_id=f"{payment_of(order)}-declined",
            reason="insufficient_funds",
            **money,
            **with_tokens._asdict(),
        )
        yield Told(at, order.at, declined)
        at += 2 * MINUTE
    captured = PaymentCaptured(
        **_first(order, seed, "paid", at),
        payment_id=payment_of(order),
        **money,
        **with_tokens._asdict(),
    )
    yield Told(at, order.at, captured)


def _dispute(order: Invoice, seed: int, dice: random.Random) -> Iterator[Told]:
    """Nothing of this is fraud: a parcel that did not come, a charge not recognised, a bank's own reason."""
    draw = dice.random()
    opened_at = order.at + dice.randrange(5 * DAY, 25 * DAY)
    if draw < DISPUTES_PARCEL + DISPUTES_WRONGLY:
        parcel = draw < DISPUTES_PARCEL
        about: dict[str, Any] = {
            "dispute_id": f"d-{order.invoice_id}",
            "kind": DisputeKind.NOT_RECEIVED if parcel else DisputeKind.NOT_ME,
            "payment_id": payment_of(order),
            "order_id": order.invoice_id,
        }
        opened = DisputeOpened(**_first(order, seed, "disputed", opened_at), **about)
        yield Told(opened_at, order.at, opened)
        at = opened_at + dice.randrange(3 * DAY, 12 * DAY)
        upheld = parcel and dice.random() < 0.5
        resolved = DisputeResolved(**_first(order, seed, "resolved", at), upheld=upheld, **about)
        yield Told(at, order.at, resolved)
    elif draw < DISPUTES_PARCEL + DISPUTES_WRONGLY + CHARGED_BACK_OTHERWISE:
        received = ChargebackReceived(
            **_first(order, seed, "charged back", opened_at),
            payment_id=payment_of(order),
            fraud=False,
        )
        yield Told(opened_at, order.at, received)


class Friends:
    """Who came by whom: some new members were invited by one who was there a day before."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._at: list[int] = []
        self._members: list[tuple[str, str]] = []

    def joins(self, invoice: Invoice) -> Iterator[Told]:
        """A real member's first invoice: perhaps an invitation before it."""
        member_id = invoice.member_id or ""
        dice = dice_of(self._seed, "friend", member_id)
        there = bisect_right(self._at, invoice.at - DAY)
        if there and dice.random() < BY_INVITATION:
            inviter_id, country = self._members[dice.randrange(there)]
            yield from self._invited(invoice, inviter_id, country, dice)
        self._at.append(invoice.at)
        self._members.append((member_id, invoice.country))

    def _invited(
        self, invoice: Invoice, inviter_id: str, country: str, dice: random.Random
    ) -> Iterator[Told]:
        owned = belongings(self._seed, invoice.member_id or "", invoice.country)
        address, network = owned.address, owned.networks[0]
        if dice.random() < OF_THE_HOUSEHOLD:
            home = belongings(self._seed, inviter_id, country)
            address, network = home.address, home.networks[0]
        invitation = f"i-{invoice.member_id}"
        sent_at = invoice.at - REGISTERED_BEFORE - 5 * MINUTE
        sent = FriendInvited(
            event_id=event_id(self._seed, "invited", invitation),
            member_id=inviter_id,
            occurred_at=sent_at,
            invitation_id=invitation,
        )
        yield Told(sent_at, invoice.at, sent)
        at = invoice.at - REGISTERED_BEFORE + MINUTE
        accepted = InvitationAccepted(
            **_first(invoice, self._seed, "accepted", at),
            invitation_id=invitation,
            inviter_id=inviter_id,
            device=owned.devices[0],
            card=owned.cards[0],
            address=address,
            network=network,
        )
        yield Told(at, invoice.at, accepted)


def _first(invoice: Invoice, seed: int, what: str, at: int) -> dict[str, Any]:
    """The first fields of an action that belongs to an invoice."""
    return {
        "event_id": event_id(seed, what, invoice.invoice_id),
        "member_id": invoice.member_id or "",
        "occurred_at": at,
    }
