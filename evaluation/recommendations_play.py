"""The very agents of production, followed touch by touch and asked what they would offer.

In process and without Kafka: `shell.py` runs the agents that have to do with candidates, and those whose
words they hear: orders, and the hot lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from time import perf_counter

from agents import Agent, Stage
from agents.candidates.assortment import ASSORTMENT
from agents.candidates.content import CONTENT
from agents.candidates.features import FEATURES
from agents.candidates.listing import ranked
from agents.candidates.neighbours import NEIGHBOURS
from agents.candidates.offers import OFFERS
from agents.candidates.ranking import best
from agents.candidates.reach import REACHED
from agents.candidates.touches import TOUCHES
from agents.candidates.training import MIXING, MIXTURES
from agents.candidates.trends import GATHERING, TRENDING, TRENDS
from agents.orders import ORDERS
from agents.popularity import OF_PRODUCTS
from evaluation.recommendations_data import Description, Touch
from evaluation.shell import Shell
from schemas.actions import ProductBrowsed, ProductListed, PurchaseLine, PurchaseMade
from schemas.candidates import Purpose
from schemas.outcomes import OrderRefused
from schemas.record import Outcome
from schemas.risk import LoggedIn


class Play:
    """The agents at work; `seconds`: what they took."""

    def __init__(self) -> None:
        members: tuple[Agent, ...] = (ORDERS, TOUCHES, OFFERS)  # type: ignore[type-arg]  # of any state
        stages = (
            Stage("members", "member_id", members, (TRENDS, REACHED, MIXTURES, ASSORTMENT)),
            Stage("products", "product_id", (OF_PRODUCTS, CONTENT, NEIGHBOURS, TRENDING)),
            Stage("searches", "term", (FEATURES,)),
            Stage("training", "model", (GATHERING, MIXING)),
        )
        self._shell = Shell(stages, self._hear)
        self._members = self._shell.stages["members"]
        self._offers = self._members.agents[members.index(OFFERS)]
        self._events = 0
        self.seconds = 0.0

    def _hear(self, said: Outcome) -> None:
        if isinstance(said, OrderRefused):
            raise AssertionError(said)

    def describe(self, product_id: str, its: Description, at: int) -> None:
        """A product is listed at this moment (milliseconds), and all that follows."""
        started = perf_counter()
        self._shell.emit(
            ProductListed(
                event_id=f"list-{product_id}",
                product_id=product_id,
                occurred_at=at,
                name=its.name,
                category=its.category,
                brand=its.brand,
                price_minor=its.price_minor,
                currency="XXX",
            )
        )
        self.seconds += perf_counter() - started

    def look(self, touch: Touch) -> None:
        """A member looks at a product, and all that follows."""
        started = perf_counter()
        self._events += 1
        self._shell.emit(
            ProductBrowsed(
                event_id=f"look-{self._events}",
                member_id=touch.member_id,
                occurred_at=touch.at,
                product_id=touch.product_id,
            )
        )
        self.seconds += perf_counter() - started

    def buy(self, basket: Sequence[Touch]) -> None:
        """A member buys products together, and all that follows."""
        started = perf_counter()
        self._events += 1
        lines = [
            PurchaseLine(line_number=n, product_id=one.product_id, quantity=1, amount_minor=0)
            for n, one in enumerate(basket, start=1)
        ]
        self._shell.emit(
            PurchaseMade(
                event_id=f"buy-{self._events}",
                member_id=basket[0].member_id,
                occurred_at=basket[0].at,
                order_id=f"order-{self._events}",
                currency="XXX",
                lines=lines,
            )
        )
        self.seconds += perf_counter() - started

    def come_back(self, member_id: str, at: int) -> None:
        """A member logs in at this moment (milliseconds), and all that follows."""
        started = perf_counter()
        self._events += 1
        self._shell.emit(
            LoggedIn(event_id=f"log-in-{self._events}", member_id=member_id, occurred_at=at)
        )
        self.seconds += perf_counter() - started

    def offer(
        self, member_id: str, purpose: Purpose, at: int, most: int, wanted: Callable[[str], bool]
    ) -> list[str]:
        """The first so many of what a member is likely to touch at this moment, among the wanted."""
        started = perf_counter()
        self._shell.wake(at)
        mixed = ranked(self._offers.state(member_id), purpose, at, self._members.states)
        found = [product for product, _ in islice(best(mixed, wanted), most)]
        self.seconds += perf_counter() - started
        return found
