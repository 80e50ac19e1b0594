"""What a redemption comes to: asked of the stock once its points are held, and told to its one end.

`points` holds, spends and gives back the points and `stock` the gift; this agent passes the request on
and says the end: RewardRedeemed or RedemptionRefused, one for each request. An ended one is remembered
for `KEPT`, so that its cancellation is answered by what became of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from msgspec import Struct, field, structs

from agents import Agent, StateMap, Tables, Woken
from agents.cases import KEPT
from schemas.actions import RedemptionCancelled
from schemas.outcomes import (
    HoldRefused,
    HoldVoided,
    PointsHeld,
    PointsSpent,
    Reason,
    RedemptionRefused,
    RewardRedeemed,
    StockCommitted,
    StockRequested,
)
from schemas.record import Event, Outcome

REPEATS = (Reason.ALREADY_POSTED, Reason.CONFLICTS)


class Redemption(Struct, frozen=True, array_like=True):
    """A request; `ended` says how: ALREADY_REDEEMED, or the reason of its refusal."""

    product_id: str
    quantity: int
    at: int
    ended: Reason | None = None


class Redemptions(Struct):
    """Requests by redemption id, and when the first of them is to be let go."""

    next_at: int | None = None
    requests: StateMap[Redemption] = field(default_factory=StateMap)


Heard = PointsHeld | HoldRefused | PointsSpent | HoldVoided | RedemptionCancelled | Woken


def react(state: Redemptions, event: Heard, _tables: Tables) -> Iterator[Outcome]:
    """From the held points to the end."""
    match event:
        case PointsHeld():
            yield from _ask(state, event)
        case HoldRefused():
            yield from _refuse(state, event)
        case PointsSpent():
            yield from _reward(state, event)
        case HoldVoided():
            yield from _give_up(state, event)
        case RedemptionCancelled():
            yield from _cancel(state, event)
        case Woken():
            _forget(state, event.occurred_at)
        case _:
            assert_never(event)


def _ask(state: Redemptions, held: PointsHeld) -> Iterator[StockRequested]:
    request = Redemption(held.product_id, held.quantity, held.occurred_at)
    state.requests[held.redemption_id] = request
    yield StockRequested(
        product_id=held.product_id,
        member_id=held.member_id,
        occurred_at=held.occurred_at,
        redemption_id=held.redemption_id,
        quantity=held.quantity,
    )


def _refuse(state: Redemptions, refused: HoldRefused) -> Iterator[RedemptionRefused]:
    """A request that was refused at once; a repeat has no end of its own."""
    if refused.reason in REPEATS:
        return
    request = Redemption(refused.product_id, 0, refused.occurred_at)
    yield _end(state, refused.member_id, refused.redemption_id, request, refused)


def _reward(state: Redemptions, spent: PointsSpent) -> Iterator[StockCommitted | RewardRedeemed]:
    request = state.requests.get(spent.redemption_id)
    if request is None:
        return
    _keep_end(state, spent.redemption_id, request, spent.occurred_at, Reason.ALREADY_REDEEMED)
    yield StockCommitted(
        product_id=request.product_id,
        member_id=spent.member_id,
        occurred_at=spent.occurred_at,
        redemption_id=spent.redemption_id,
    )
    yield RewardRedeemed(
        member_id=spent.member_id,
        occurred_at=spent.occurred_at,
        redemption_id=spent.redemption_id,
        product_id=request.product_id,
        quantity=request.quantity,
        points=spent.points,
    )


def _give_up(state: Redemptions, voided: HoldVoided) -> Iterator[RedemptionRefused]:
    request = state.requests.get(voided.redemption_id)
    if request is not None:
        yield _end(state, voided.member_id, voided.redemption_id, request, voided)


def _end(
    state: Redemptions,
    member_id: str,
    redemption_id: str,
    request: Redemption,
    why: HoldRefused | HoldVoided,
) -> RedemptionRefused:
    _keep_end(state, redemption_id, request, why.occurred_at, why.reason)
    return RedemptionRefused(
        member_id=member_id,
        occurred_at=why.occurred_at,
        redemption_id=redemption_id,
        product_id=request.product_id,
        reason=why.reason,
    )


def _keep_end(
    state: Redemptions, redemption_id: str, request: Redemption, at: int, ended: Reason
) -> None:
    state.requests[redemption_id] = structs.replace(request, at=at, ended=ended)
    if state.next_at is None or at + KEPT < state.next_at:
        state.next_at = at + KEPT


def _cancel(state: Redemptions, asked: RedemptionCancelled) -> Iterator[RedemptionRefused]:
    """An open request is waived by `points`, and its end follows; any other is answered here."""
    request = state.requests.get(asked.redemption_id)
    ended = Reason.UNKNOWN_REDEMPTION if request is None else request.ended
    if ended is None:
        return
    yield RedemptionRefused(
        member_id=asked.member_id,
        occurred_at=asked.occurred_at,
        redemption_id=asked.redemption_id,
        product_id=None if request is None else request.product_id,
        reason=ended,
        cancellation=True,
    )


def _forget(state: Redemptions, now: int) -> None:
    state.next_at = None
    for redemption_id, request in list(state.requests.items()):
        if request.ended is None:
            continue
        if request.at + KEPT <= now:
            del state.requests[redemption_id]
        elif state.next_at is None or request.at + KEPT < state.next_at:
            state.next_at = request.at + KEPT


def wake_at(state: Redemptions) -> int | None:
    """When the oldest ended request is let go."""
    return state.next_at


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {PointsHeld, HoldRefused, PointsSpent, HoldVoided, RedemptionCancelled}
)
REDEMPTIONS: Agent[Any] = Agent("redemptions", Redemptions, HEARS, react, wake_at)
