"""When somebody misbehaves, and whom it meets: drawn week by week, so that a shorter year is a prefix."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from replay import programme
from replay.invented import dice_of
from replay.misbehaviour.schemes import SCHEMES, Cast
from replay.misbehaviour.story import Story
from replay.misbehaviour.truth import Incident, Scheme
from replay.retail import Invoice, Kind
from replay.shop import DAY, OPENS_AT, Shop
from replay.told import Told

WEEK = 7 * DAY
FIRST_WEEK = 2  # before that there is nobody to take from
FIRST_ACCOUNT = 20_000  # real members have numbers below
ACCOUNTS = 16  # kept for one incident
VICTIM_WITHIN = 60 * DAY


class Incidence(NamedTuple):
    """An incident's actions, and what is true of it."""

    told: list[Told]
    incident: Incident


def incidents(
    invoices: Sequence[Invoice], shop: Shop, seed: int, until: int
) -> Iterator[Incidence]:
    """All incidents that begin before `until` (milliseconds), in no order.

    `invoices` are all of the year until then, in the order of time: victims are members of late orders.
    """
    orders = [invoice for invoice in invoices if invoice.kind is Kind.ORDER]
    gifts = programme.gifts(shop)
    for number, (scheme, at) in enumerate(_moments(seed)):
        if at >= until:
            continue
        victim = _victim(orders, at, dice_of(seed, "victim", scheme, at))
        if victim is None:
            continue
        story = Story(seed, scheme, number, at, shop)
        first = FIRST_ACCOUNT + number * ACCOUNTS
        accounts = [str(first + place) for place in range(ACCOUNTS)]
        act, _ = SCHEMES[scheme]
        act(story, Cast(accounts, victim, gifts, seed))
        yield Incidence(story.told, story.incident)


def _moments(seed: int) -> Iterator[tuple[Scheme, int]]:
    """Scheme and beginning of every incident of the year."""
    for week in range(FIRST_WEEK, 54):
        for scheme, (_, a_week) in SCHEMES.items():
            dice = dice_of(seed, "week", week, scheme)
            for _ in range(int(a_week) + (dice.random() < a_week % 1)):
                yield scheme, OPENS_AT + week * WEEK + dice.randrange(WEEK)


def _victim(orders: Sequence[Invoice], at: int, dice: random.Random) -> Invoice | None:
    """An order of the last two months, by a member who is therefore there."""
    late = [order for order in orders if at - VICTIM_WITHIN <= order.at < at - DAY]
    return dice.choice(late) if late else None
