"""Purchases lived through by the very agents that score and learn in production, in one pass.

Each member has the state of its own, woken weekly; examples go to the learner as they become known, and
its snapshots come back to the scorer, as they do through the topics. Nothing is known before its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from agents import Place, Woken
from agents.loyalty import models, scoring, training
from agents.loyalty.features import features
from agents.loyalty.model import predict
from agents.loyalty.purchases import figures
from evaluation.loyalty_data import Purchase
from schemas.loyalty import LoyaltyModelPublished, LoyaltyObserved, LoyaltyScored
from schemas.outcomes import OrderPlaced

ALONE = Place(0, 1)


class Chance(NamedTuple):
    """What is said of a member at a moment."""

    member_id: str
    probability: float


class Play:
    """The state of all members and of the learner, at the moment up to which it was lived."""

    def __init__(self, orders: Sequence[Purchase]) -> None:
        self.members: dict[str, scoring.Loyalty] = {}
        self.learner = training.Training()
        self.published = models.Published()
        self._tables = {models.NAME: self.published}
        self._orders = iter(orders)
        self._next = next(self._orders, None)
        self._due: list[tuple[int, str]] = []

    def live(self, until: int) -> None:
        """Live through everything before `until` (milliseconds)."""
        while True:
            order = self._next
            at = until if order is None else min(order.at, until)
            self._wake(at)
            if order is None or order.at >= until:
                return
            self._buy(order)
            self._next = next(self._orders, None)

    def chances(self, at: int, horizon_days: float) -> Iterator[Chance]:
        """What the newest snapshot of the model says of each member with a purchase."""
        for member_id, state in self.members.items():
            known = figures(state.purchases.standing, at)
            if known is not None:
                said = predict(self.published.weights, features(known, horizon_days))
                yield Chance(member_id, said)

    def _buy(self, order: Purchase) -> None:
        state = self.members.get(order.member_id)
        if state is None:
            state = self.members[order.member_id] = scoring.Loyalty()
        placed = OrderPlaced(
            member_id=order.member_id,
            occurred_at=order.at,
            order_id=str(order.at),
            currency="XXX",
            lines=[],
            total_minor=order.amount_minor,
        )
        asleep = state.wakes_at is None
        for _ in scoring.react(state, placed, self._tables):
            pass
        if asleep and state.wakes_at is not None:
            heappush(self._due, (state.wakes_at, order.member_id))

    def _wake(self, until: int) -> None:
        """Wake whoever is due at or before that moment, as the shell does before an event."""
        while self._due and self._due[0][0] <= until:
            at, member_id = heappop(self._due)
            state = self.members[member_id]
            woken = Woken(event_id="woken", key=member_id, occurred_at=at)
            for said in scoring.react(state, woken, self._tables):
                self._hear(said)
            if state.wakes_at is not None:
                heappush(self._due, (state.wakes_at, member_id))

    def _hear(self, said: LoyaltyObserved | LoyaltyScored) -> None:
        if isinstance(said, LoyaltyObserved):
            for published in training.react(self.learner, said, {}):
                self._publish(published)

    def _publish(self, published: LoyaltyModelPublished) -> None:
        for _ in models.react(self.published, published, ALONE):
            pass
