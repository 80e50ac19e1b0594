"""The ways to misbehave. Points cannot be given to others, so there is no laundering of them by transfer:
`collecting` is what is left of it, accounts that buy with stolen cards to turn the points into gifts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from replay.invented import MINUTE
from replay.misbehaviour.honest import amount_of
from replay.misbehaviour.story import ELSEWHERE, Story, total
from replay.misbehaviour.tokens import belongings
from replay.misbehaviour.truth import Scheme
from replay.retail import Invoice
from replay.shop import DAY, HOUR, Product

WELCOME = "WELCOME10"
POINTS_ACTIVE = 24 * DAY  # after an order: delivered by day 4, its return window closed by day 18


class Cast(NamedTuple):
    """Who and what a scheme can use: ids of new accounts, an honest member's last order, the gifts."""

    accounts: list[str]
    victim: Invoice
    gifts: list[Product]
    seed: int


def card_testing(story: Story, cast: Cast) -> None:
    """A new account tries stolen cards with small amounts, one after another; a good one pays for more."""
    dice, member = story.dice, cast.accounts[0]
    at = story.started_at
    story.register(member, at)
    story.log_in(member, at + MINUTE, story.tokens())
    at += 3 * MINUTE
    good = []
    pauses = (20 * MINUTE, HOUR) if story.careful else (20_000, 90_000)
    for number in range(dice.randint(12, 30)):
        at += dice.randrange(*pauses)
        amount, tokens = dice.randrange(100, 500), story.tokens(card=number)
        if number < 3 or dice.random() < 0.8:
            story.fail_to_pay(member, at, amount, tokens)
        else:
            good.append((at, story.pay(member, at, amount, tokens), tokens))
    if good:
        at += dice.randrange(5 * MINUTE, HOUR)
        bought, paid = story.order(member, at, dice.randrange(20_000, 60_000), good[-1][2])
        story.deliver(bought)
        good.append((at, paid, good[-1][2]))
    for paid_at, payment_id, _ in good:
        if dice.random() < 0.9:
            story.charge_back(member, payment_id, paid_at)


def takeover(story: Story, cast: Cast) -> None:
    """Passwords of a member are tried until one fits; then points and the stored card are emptied."""
    dice, member = story.dice, cast.victim.member_id or ""
    story.use(member)
    home = belongings(cast.seed, member, cast.victim.country)
    abroad = dice.random() < 0.7 and not story.careful
    country = dice.choice(ELSEWHERE) if abroad else home.country
    thief = story.tokens()._replace(card=home.cards[0], country=country)
    at = story.started_at
    for _ in range(0 if story.careful else dice.randint(3, 8)):  # or the password was for sale
        story.log_in(member, at, thief, failed=True)
        at += dice.randrange(20_000, 3 * MINUTE)
    story.log_in(member, at, thief)
    for gift in dice.sample(cast.gifts, dice.randint(1, 3)):
        at += dice.randrange(MINUTE, 5 * MINUTE)
        story.wish(member, at, gift)
    for _ in range(dice.randint(1, 2)):
        at += dice.randrange(2 * MINUTE, 30 * MINUTE)
        target = min(max(10_000, dice.randint(2, 6) * amount_of(cast.victim)), 150_000)
        bought, paid = story.order(member, at, target, thief)
        story.deliver(bought)
        story.dispute(member, paid, bought.order_id, at)
        if dice.random() < 0.6:
            story.charge_back(member, paid, at)


def coupon_farming(story: Story, cast: Cast) -> None:
    """One person, many new accounts: each takes the coupon that is for new members."""
    dice, at = story.dice, story.started_at
    for number, member in enumerate(cast.accounts[: dice.randint(6, 14)]):
        at += dice.randrange(10 * MINUTE, 5 * HOUR)
        tokens = story.tokens(card=number % 2)
        if story.careful:
            tokens = story.tokens(card=number, device=number)
        story.register(member, at)
        story.log_in(member, at + 2 * MINUTE, tokens)
        bought, _ = story.order(
            member, at + 10 * MINUTE, dice.randrange(3_000, 7_000), tokens, fraud=False
        )
        story.apply_coupon(member, at + 10 * MINUTE, WELCOME, total(bought) // 10)
        story.deliver(bought)


def self_referral(story: Story, cast: Cast) -> None:
    """A member invites friends who are all the same person."""
    dice, inviter = story.dice, cast.accounts[0]
    at, tokens = story.started_at, story.tokens()
    story.register(inviter, at)
    story.log_in(inviter, at + MINUTE, tokens)
    bought, _ = story.order(inviter, at + 5 * MINUTE, 5_000, tokens, fraud=False)
    story.deliver(bought)
    same_card = dice.random() < 0.8 and not story.careful
    for number, member in enumerate(cast.accounts[1 : 1 + dice.randint(3, 7)], start=1):
        at += dice.randrange(HOUR, 12 * HOUR)
        used = tokens if same_card else story.tokens(number, number if story.careful else 0)
        story.invite(inviter, member, at, used)
        bought, _ = story.order(member, at + HOUR, dice.randrange(1_500, 3_000), used, fraud=False)
        story.deliver(bought)


def refund_for_points(story: Story, cast: Cast) -> None:
    """Much is bought; when the points have become a gift, all of it goes back."""
    dice, member = story.dice, cast.accounts[0]
    at, tokens = story.started_at, story.tokens()
    story.register(member, at)
    orders = []
    for _ in range(dice.randint(4, 6)):
        at += dice.randrange(HOUR, 3 * DAY)
        story.log_in(member, at - 5 * MINUTE, tokens)
        bought, _ = story.order(member, at, dice.randrange(15_000, 50_000), tokens, fraud=False)
        story.deliver(bought)
        orders.append(bought)
    at += POINTS_ACTIVE
    for gift in dice.sample(cast.gifts, dice.randint(1, 2)):
        at += dice.randrange(MINUTE, HOUR)
        story.wish(member, at, gift)
    for bought in orders[: len(orders) // 2 + 1] if story.careful else orders:
        at += dice.randrange(HOUR, 2 * DAY)
        story.give_back(bought, at)


def collecting(story: Story, cast: Cast) -> None:
    """Accounts of one address buy with stolen cards, and turn the points into gifts before that shows."""
    dice, began = story.dice, story.started_at
    for number, member in enumerate(cast.accounts[: dice.randint(3, 5)]):
        tokens = story.tokens(number, number if story.careful else 0)
        at = began + dice.randrange(6 * HOUR)
        story.register(member, at)
        for _ in range(dice.randint(2, 3)):
            at += dice.randrange(HOUR, 2 * DAY)
            story.log_in(member, at - 5 * MINUTE, tokens)
            bought, paid = story.order(member, at, dice.randrange(10_000, 40_000), tokens)
            story.deliver(bought)
            story.charge_back(member, paid, at)
        at += POINTS_ACTIVE
        story.log_in(member, at, tokens)
        story.wish(member, at + 5 * MINUTE, dice.choice(cast.gifts))


SCHEMES: dict[Scheme, tuple[Callable[[Story, Cast], None], float]] = {  # and how many a week
    Scheme.CARD_TESTING: (card_testing, 1.0),
    Scheme.TAKEOVER: (takeover, 2.0),
    Scheme.COUPON_FARMING: (coupon_farming, 0.6),
    Scheme.SELF_REFERRAL: (self_referral, 0.8),
    Scheme.REFUND_FOR_POINTS: (refund_for_points, 0.7),
    Scheme.COLLECTING: (collecting, 0.5),
}
