"""One incident as it is told: the actions, and beside them the truth about them."""

from __future__ import annotations

import random
from typing import Any

from replay.invented import dice_of
from replay.misbehaviour.tokens import Tokens, token
from replay.misbehaviour.truth import Incident, Scheme, Taken
from replay.programme import gift_points
from replay.retail import CURRENCY
from replay.shop import DAY, HOUR, Product, Shop
from replay.told import Told, event_id
from schemas.actions import (
    MemberRegistered,
    OrderDelivered,
    PurchaseLine,
    PurchaseMade,
    PurchaseReturned,
    RedemptionRequested,
    ReturnLine,
)
from schemas.record import Event
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

PIECES_MOST = 30
CAREFUL = 0.3  # of all incidents: those who know what is looked for
ELSEWHERE = ("US", "BR", "RO", "NG", "VN", "RU")


class Story:
    """Tells the actions of one incident. Draws depend on its name and the seed alone.

    `careful`: they avoid what gives them away, as slow and apart as they can be.
    """

    def __init__(self, seed: int, scheme: Scheme, number: int, at: int, shop: Shop) -> None:
        self.name = f"{scheme.value.lower()}-{number}"
        self.dice: random.Random = dice_of(seed, "incident", self.name)
        self.told: list[Told] = []
        self.started_at = at
        self.careful = self.dice.random() < CAREFUL
        self._seed = seed
        self._scheme = scheme
        self._shop = shop
        self._members: list[str] = []
        self._payments: list[str] = []
        self._taken: list[Taken] = []
        self._ended_at = at
        self._ids = 0

    @property
    def incident(self) -> Incident:
        """What is true of it."""
        return Incident(
            incident_id=self.name,
            scheme=self._scheme,
            members=self._members,
            started_at=self.started_at,
            ended_at=self._ended_at,
            payments=self._payments,
            taken=sorted(self._taken),
        )

    def stolen(self, what: str, number: int = 0) -> str:
        """A token that belongs to the incident."""
        return token(self._seed, self.name, what, number)

    def tokens(self, card: int = 0, device: int = 0, country: str | None = "GB") -> Tokens:
        """One of the incident's own devices and cards, its address and its network."""
        return Tokens(
            device=self.stolen("device", device),
            card=self.stolen("card", card),
            address=self.stolen("address"),
            network=self.stolen("network"),
            country=country,
        )

    def use(self, member_id: str) -> None:
        """The account belongs to the incident."""
        if member_id not in self._members:
            self._members.append(member_id)

    # ---- what they do ---------------------------------------------------------------------------

    def register(self, member_id: str, at: int) -> None:
        """A new account."""
        self.use(member_id)
        self._tell(MemberRegistered, member_id, at, country="United Kingdom")

    def log_in(self, member_id: str, at: int, tokens: Tokens, *, failed: bool = False) -> None:
        """A log-in, or one that fails."""
        self._tell(
            LogInFailed if failed else LoggedIn,
            member_id,
            at,
            device=tokens.device,
            network=tokens.network,
            country=tokens.country,
        )

    def buy(self, member_id: str, at: int, target_minor: int) -> PurchaseMade:
        """An order of about this amount."""
        lines = self._lines(at, target_minor)
        order_id = f"x{self._number()}"
        self._tell(PurchaseMade, member_id, at, order_id=order_id, currency=CURRENCY, lines=lines)
        bought = self.told[-1].action
        assert isinstance(bought, PurchaseMade)
        return bought

    def pay(
        self,
        member_id: str,
        at: int,
        amount_minor: int,
        tokens: Tokens,
        *,
        order_id: str | None = None,
        fraud: bool = True,
    ) -> str:
        """Money is taken; `fraud`: somebody else's. Returns the payment's id."""
        payment_id = f"p-{self._number()}"
        self._tell(
            PaymentCaptured,
            member_id,
            at,
            payment_id=payment_id,
            amount_minor=amount_minor,
            currency=CURRENCY,
            order_id=order_id,
            **tokens._asdict(),
        )
        if fraud:
            self._payments.append(payment_id)
            self._taken.append(Taken(at, amount_minor))
        return payment_id

    def order(
        self, member_id: str, at: int, target_minor: int, tokens: Tokens, *, fraud: bool = True
    ) -> tuple[PurchaseMade, str]:
        """An order and its payment a minute later."""
        bought = self.buy(member_id, at, target_minor)
        amount = total(bought)
        paid = self.pay(
            member_id, at + 60_000, amount, tokens, order_id=bought.order_id, fraud=fraud
        )
        return bought, paid

    def fail_to_pay(self, member_id: str, at: int, amount_minor: int, tokens: Tokens) -> None:
        """A payment that does not go through."""
        self._tell(
            PaymentFailed,
            member_id,
            at,
            payment_id=f"p-{self._number()}",
            amount_minor=amount_minor,
            currency=CURRENCY,
            reason="do_not_honor",
            **tokens._asdict(),
        )

    def apply_coupon(self, member_id: str, at: int, code: str, discount_minor: int) -> None:
        """A coupon that was not meant for this."""
        self._tell(
            CouponApplied,
            member_id,
            at,
            coupon_id=code,
            discount_minor=discount_minor,
            currency=CURRENCY,
        )
        self._taken.append(Taken(at, discount_minor))

    def invite(self, inviter_id: str, member_id: str, at: int, tokens: Tokens) -> None:
        """An invitation to oneself, and its acceptance ten minutes later."""
        invitation_id = f"i-{self._number()}"
        self._tell(FriendInvited, inviter_id, at, invitation_id=invitation_id)
        self.register(member_id, at + 300_000)
        self._tell(
            InvitationAccepted,
            member_id,
            at + 600_000,
            invitation_id=invitation_id,
            inviter_id=inviter_id,
            device=tokens.device,
            card=tokens.card,
            address=tokens.address,
            network=tokens.network,
        )

    def wish(self, member_id: str, at: int, gift: Product) -> None:
        """A gift is asked for."""
        redemption_id = f"r-{self._number()}"
        self._tell(
            RedemptionRequested,
            member_id,
            at,
            redemption_id=redemption_id,
            product_id=gift.product_id,
        )
        self._taken.append(Taken(at, gift_points(gift)))  # a point is worth a penny

    def give_back(self, bought: PurchaseMade, at: int) -> None:
        """All of an order comes back."""
        back = [
            ReturnLine(
                product_id=line.product_id, quantity=line.quantity, line_number=line.line_number
            )
            for line in bought.lines
        ]
        self._tell(
            PurchaseReturned,
            bought.member_id,
            at,
            return_id=f"back-{bought.order_id}",
            order_id=bought.order_id,
            lines=back,
        )

    # ---- what follows, without them -------------------------------------------------------------

    def deliver(self, bought: PurchaseMade) -> None:
        """The order comes two to four days later."""
        at = bought.occurred_at + self.dice.randrange(2 * DAY, 4 * DAY)
        self._tell(OrderDelivered, bought.member_id, at, late=True, order_id=bought.order_id)

    def charge_back(self, member_id: str, payment_id: str, paid_at: int) -> None:
        """The bank takes the money back, weeks later."""
        at = paid_at + self.dice.randrange(7 * DAY, 40 * DAY)
        self._tell(ChargebackReceived, member_id, at, late=True, payment_id=payment_id)

    def dispute(self, member_id: str, payment_id: str, order_id: str, paid_at: int) -> None:
        """The victim says that it was not them, and is right."""
        opened_at = paid_at + self.dice.randrange(2 * DAY, 15 * DAY)
        resolved_at = opened_at + self.dice.randrange(5 * DAY, 12 * DAY)
        about = {
            "dispute_id": f"d-{payment_id}",
            "kind": DisputeKind.NOT_ME,
            "payment_id": payment_id,
            "order_id": order_id,
        }
        self._tell(DisputeOpened, member_id, opened_at, late=True, **about)
        self._tell(DisputeResolved, member_id, resolved_at, late=True, upheld=True, **about)

    # ---- telling --------------------------------------------------------------------------------

    def _tell(
        self, action: type[Event], member_id: str, at: int, *, late: bool = False, **fields: Any
    ) -> None:
        """`late`: not their own doing any more."""
        first: dict[str, Any] = {
            "event_id": event_id(self._seed, self._number()),
            "member_id": member_id,
            "occurred_at": at,
        }
        self.told.append(Told(at, self.started_at, action(**first, **fields)))
        if not late:
            self._ended_at = max(self._ended_at, at)

    def _number(self) -> str:
        """A new id of its own, which does not tell what it belongs to."""
        self._ids += 1
        return self.stolen("id", self._ids)

    def _lines(self, at: int, target_minor: int) -> list[PurchaseLine]:
        """A few products that many buy, so many pieces that it comes to about the amount."""
        count = self.dice.randint(1, 4)
        chosen = self.dice.sample(_on_offer(self._shop, at), count)
        return [
            PurchaseLine(
                line_number=number,
                product_id=product.product_id,
                quantity=(pieces := _pieces(target_minor // count, product.price_minor)),
                amount_minor=pieces * product.price_minor,
                category=product.category,
            )
            for number, product in enumerate(chosen, start=1)
        ]


def total(bought: PurchaseMade) -> int:
    """What an order costs, minor units."""
    return sum(line.amount_minor for line in bought.lines)


def _pieces(amount_minor: int, price_minor: int) -> int:
    return min(max(1, round(amount_minor / price_minor)), PIECES_MOST)


def _on_offer(shop: Shop, at: int) -> list[Product]:
    """The products of at least two pounds that are listed by then and most often ordered."""
    listed = [p for p in shop.products.values() if p.listed_at < at - HOUR and p.price_minor >= 200]
    listed.sort(key=lambda product: (-shop.buyers[product.product_id], product.product_id))
    return listed[:100]
