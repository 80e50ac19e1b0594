"""Loyalty where the member is: a score at each purchase and each week of silence, and what came of it.

The chance of buying again follows from the newest snapshot of the model. It is said when an order is
placed, when one no longer counts or counts again, and weekly, so that it falls with silence and not only
with events. After `SILENT_MOST` without an order a last score is said, and the member is left alone until
the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from msgspec import Struct, field

from agents import Agent, Tables, Woken
from agents.heat import added
from agents.loyalty import engagement, models
from agents.loyalty.engagement import Engagement
from agents.loyalty.features import features
from agents.loyalty.model import predict
from agents.loyalty.purchases import (
    Purchases,
    buy,
    change,
    figures,
    fresh,
    intervals,
    repeats_a_year,
    retained,
)
from agents.loyalty.snapshots import (
    FORETOLD_WEEKS,
    WEEK,
    Foretold,
    Snapshot,
    begin_of,
    foretells,
    matured,
    rhythm,
    said_of,
    take,
    week_of,
)
from agents.loyalty.training import MODEL
from agents.marks import mark
from schemas.engagement import CommentPosted, ProductLiked, ProductShared, ReviewWritten
from schemas.loyalty import LoyaltyObserved, LoyaltyScored
from schemas.outcomes import (
    OrderPlaced,
    OrderState,
    OrderStateChanged,
    PointsForfeited,
    PointsReleased,
)
from schemas.record import Event, Outcome
from schemas.risk import LoggedIn

HORIZON_DAYS = 90
SILENT_MOST = 104 * WEEK
LOG_INS_HALF_LIFE = 4 * WEEK


class Loyalty(Struct):
    """A member's purchases, the snapshots that wait for their answer, and when the next week begins.

    `log2_log_ins` is log2 of the sum over log-ins of 2^(at / 4 weeks); below zero there were none.
    `foretold` are the chances, at most three, that wait for what comes of them.
    """

    purchases: Purchases = field(default_factory=Purchases)
    snapshots: list[Snapshot] = field(default_factory=list)
    wakes_at: int | None = None
    log2_log_ins: float = -1.0
    engagement: Engagement = Engagement()
    foretold: list[Foretold] = field(default_factory=list)


Heard = (
    OrderPlaced
    | OrderStateChanged
    | PointsForfeited
    | PointsReleased
    | LoggedIn
    | engagement.Deed
    | Woken
)
Said = LoyaltyScored | LoyaltyObserved


def react(state: Loyalty, event: Heard, tables: Tables) -> Iterator[Said]:
    """Count what was bought, uncount what came back, and look weekly."""
    match event:
        case OrderPlaced():
            buy(state.purchases, event.occurred_at, mark(event.order_id), event.total_minor)
            _keep_awake(state, event.member_id, event.occurred_at)
            yield score(state, event.member_id, event.occurred_at, tables)
        case OrderStateChanged():
            returned = event.state is OrderState.RETURNED
            if returned and change(state.purchases, mark(event.order_id), returned=True):
                yield score(state, event.member_id, event.occurred_at, tables)
        case PointsForfeited() | PointsReleased():
            fraud = isinstance(event, PointsForfeited)
            if change(state.purchases, mark(event.order_id), fraud=fraud):
                yield score(state, event.member_id, event.occurred_at, tables)
        case LoggedIn():
            state.log2_log_ins = added(state.log2_log_ins, event.occurred_at / LOG_INS_HALF_LIFE)
        case ReviewWritten() | CommentPosted() | ProductLiked() | ProductShared():
            state.engagement = engagement.engaged(state.engagement, event)
        case Woken():
            yield from _look(state, event.key, event.occurred_at, tables)
        case _:
            assert_never(event)


def wake_at(state: Loyalty) -> int | None:
    """When the member's next week begins."""
    return state.wakes_at


def score(state: Loyalty, member_id: str, at: int, tables: Tables) -> LoyaltyScored:
    """The member's loyalty at a moment (milliseconds), of the 90 days after it."""
    purchases, published = state.purchases, models.newest(tables)
    standing = purchases.standing
    now = figures(standing, at)
    interval, spread = intervals(purchases)
    return LoyaltyScored(
        member_id=member_id,
        occurred_at=at,
        probability=None
        if now is None
        else predict(published.weights, features(now, HORIZON_DAYS)),
        horizon_days=HORIZON_DAYS,
        probability_fresh=None
        if now is None
        else predict(published.weights, features(fresh(now), HORIZON_DAYS)),
        model_version=published.version,
        figures=now,
        first_purchase_at=standing.first_at if standing.days else None,
        repeat_purchases=max(standing.days - 1, 0),
        repeats_a_year=repeats_a_year(standing, at),
        interval_days=interval,
        interval_spread_days=spread,
        retained_7=retained(standing, 7, at),
        retained_30=retained(standing, 30, at),
        retained_90=retained(standing, 90, at),
        recent_log_ins=0.0
        if state.log2_log_ins < 0
        else 2.0 ** (state.log2_log_ins - at / LOG_INS_HALF_LIFE),
        **engagement.figures(state.engagement, at),
    )


def _keep_awake(state: Loyalty, member_id: str, at: int) -> None:
    if state.wakes_at is None:
        own = rhythm(member_id)
        state.wakes_at = begin_of(own, week_of(own, at) + 1)


def _look(state: Loyalty, member_id: str, at: int, tables: Tables) -> Iterator[Said]:
    """A week begins: what is known of former ones, how the member stands, and the score."""
    own, standing = rhythm(member_id), state.purchases.standing
    week = week_of(own, at)
    for known in matured(state.snapshots, own, week, standing):
        said = said_of(state.foretold, known)
        yield LoyaltyObserved(
            model=MODEL,
            occurred_at=at,
            member_id=member_id,
            horizon_days=known.horizon_days,
            figures=known.figures,
            bought=known.bought,
            probability=None if said is None else said.probability,
            model_version=0 if said is None else said.model_version,
        )
    take(state.snapshots, week, standing)
    if foretells(own, week):
        _foretell(state, week, at, tables)
    yield score(state, member_id, at, tables)
    if at - state.purchases.newest[-1].at >= SILENT_MOST:
        state.snapshots, state.foretold, state.wakes_at = [], [], None
    else:
        state.wakes_at = at + WEEK


def _foretell(state: Loyalty, week: int, at: int, tables: Tables) -> None:
    """Keep what is said now for 13 weeks, beside the 90 days that the score is about."""
    now = figures(state.purchases.standing, at)
    if now is not None:
        published = models.newest(tables)
        chance = predict(published.weights, features(now, FORETOLD_WEEKS * 7.0))
        state.foretold.append(Foretold(week, chance, published.version))


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {
        OrderPlaced,
        OrderStateChanged,
        PointsForfeited,
        PointsReleased,
        LoggedIn,
        ReviewWritten,
        CommentPosted,
        ProductLiked,
        ProductShared,
    }
)
LOYALTY: Agent[Any] = Agent("loyalty", Loyalty, HEARS, react, wake_at)
