"""How well candidates foretell what a member touches next: asked first, told later, in one pass.

Three protocols, all without sampling: every product that the member may be offered is ranked.
`last-item`: each member's last product is held out and all else is told; then, long after, each member logs
in and is asked, so that all are asked of the same state of knowledge.
`prequential`: before each touch the member is asked, then it is told; the last half of them counts.
`next-basket`: touches of a member at one moment are an order. Before each order of a member who ordered
before, they are asked for products they never bought, and for any; the last half of the orders counts.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from itertools import groupby

from msgspec import Struct, field

from agents.candidates import journey, mixture, neighbours, paths, reach, tastes, touches, trends
from evaluation.recommendations_data import Touch, Touches
from evaluation.recommendations_measures import Crowd, Figures, Measure
from evaluation.recommendations_play import Play
from evaluation.recommendations_references import References
from schemas.candidates import Purpose

HOUR = 3_600_000
DAYS = 48 * HOUR
Told = Callable[[str], None]


class Protocol(enum.StrEnum):
    """What is asked when."""

    LAST_ITEM = "last-item"
    PREQUENTIAL = "prequential"
    NEXT_BASKET = "next-basket"


NOTHING = {
    Protocol.LAST_ITEM: "No member's last touch is of a product that they had not touched before.",
    Protocol.PREQUENTIAL: "In the last half nobody touches a product that is new to them.",
    Protocol.NEXT_BASKET: "In the last half nobody orders who had ordered before.",
}


class Report(Struct, kw_only=True):
    """The figures of the agents: of the main lists at the top, of all groups in `figures`; references."""

    protocol: Protocol
    k: int
    rows: int
    bad_rows: int
    events: int
    members: int
    products: int
    described: int = 0
    hit_rate: float
    mrr: float
    ndcg: float
    coverage: float
    diversity: float
    figures: dict[str, Figures] = field(default_factory=dict)
    references: dict[str, Figures] = field(default_factory=dict)
    events_per_second: float = 0.0
    parameters: dict[str, float | int | str] = field(default_factory=dict)


class CannotEvaluate(ValueError):
    """The data does not hold what the protocol asks; the sentence says what is missing."""


def evaluate(data: Touches, protocol: Protocol, k: int = 20, tell: Told = lambda _: None) -> Report:
    """Live through the touches and measure. Raises `CannotEvaluate`; `tell` hears how far it is."""
    return _Trial(data, protocol, k, tell).report()


def parameters() -> dict[str, float | int | str]:
    """All that was chosen by hand; there is no other chance than draws from the ids of events."""
    return {
        "window": paths.WINDOW,
        "paths_most": paths.PATHS_MOST,
        "neighbours_most": neighbours.NEIGHBOURS_MOST,
        "answered_most": neighbours.ANSWERED_MOST,
        "popularity_power": neighbours.POPULARITY_POWER,
        "fading": tastes.FADING,
        "tastes_most": tastes.KEPT_MOST,
        "order_steps": touches.ORDER_STEPS,
        "asked_most": touches.ASKED_MOST,
        "mixture_rate": mixture.RATE,
        "kin_loudness": neighbours.KIN_LOUDNESS,
        "trends_most": trends.TRENDS_MOST,
        "reached_most": reach.REACHED_MOST,
        "journey_most": journey.KEPT,
        "seed": "none: draws are hashes of event ids",
    }


class _Trial:
    """One evaluation: the agents, the references, and the measures of both."""

    def __init__(self, data: Touches, protocol: Protocol, k: int, tell: Told) -> None:
        self._data = data
        self._protocol = protocol
        self._k = k
        self._tell = tell
        self._play = Play()
        self._crowd = Crowd((touch.member_id, touch.product_id) for touch in data.touches)
        self._references = References(sorted(self._crowd.touches))
        self._seen: dict[str, set[str]] = defaultdict(set)
        self._touched_at: dict[str, int] = {}
        self._undescribed = dict(data.described)
        self._measures: dict[str, Measure] = {}
        self._beside: dict[str, Measure] = {}

    def report(self) -> Report:
        touches = self._data.touches
        {
            Protocol.LAST_ITEM: self._last_item,
            Protocol.PREQUENTIAL: self._prequential,
            Protocol.NEXT_BASKET: self._next_basket,
        }[self._protocol]()
        if not self._measures:
            raise CannotEvaluate(NOTHING[self._protocol])
        figures = self._figures(self._measures)
        main = figures.get("all") or figures.get("novel") or next(iter(figures.values()))
        return Report(
            hit_rate=main.hit_rate,
            mrr=main.mrr,
            ndcg=main.ndcg,
            coverage=main.coverage,
            diversity=main.diversity,
            protocol=self._protocol,
            k=self._k,
            rows=self._data.rows,
            bad_rows=self._data.bad_rows,
            events=len(touches),
            members=len({touch.member_id for touch in touches}),
            products=len(self._crowd.touches),
            described=len(self._data.described),
            figures=figures,
            references=self._figures(self._beside),
            events_per_second=len(touches) / max(self._play.seconds, 1e-9),
            parameters=parameters(),
        )

    def _figures(self, measures: dict[str, Measure]) -> dict[str, Figures]:
        found = {name: measure.figures(self._crowd) for name, measure in measures.items()}
        return {name: figures for name, figures in found.items() if figures is not None}

    # ---- protocols ------------------------------------------------------------------------------

    def _last_item(self) -> None:
        last = {touch.member_id: place for place, touch in enumerate(self._data.touches)}
        held = set(last.values())
        for place, touch in enumerate(self._data.touches):
            if place not in held:
                self._look(touch)
            self._progress(place)
        after = self._data.touches[-1].at + DAYS
        for place in sorted(held):
            touch = self._data.touches[place]
            if self._seen[touch.member_id] and self._is_novel(touch):
                self._play.come_back(touch.member_id, after)
                self._ask(touch, ["all"])

    def _prequential(self) -> None:
        half = len(self._data.touches) // 2
        for place, touch in enumerate(self._data.touches):
            if place >= half and self._is_novel(touch):
                self._ask(touch, ["all", *self._groups(touch)])
            self._look(touch)
            self._progress(place)

    def _next_basket(self) -> None:
        baskets = list(_baskets(self._data.touches))
        place = 0
        for number, basket in enumerate(baskets):
            first = basket[0]
            if self._seen[first.member_id]:
                self._play.come_back(first.member_id, first.at)
                if number >= len(baskets) // 2:
                    self._ask_for_basket(basket)
            for touch in basket:
                self._describe(touch)
            self._play.buy(basket)
            for touch in basket:
                self._remember(touch)
                self._progress(place)
                place += 1

    # ---- asking ---------------------------------------------------------------------------------

    def _groups(self, touch: Touch) -> list[str]:
        """The parts of which figures are said of their own."""
        before = self._touched_at.get(touch.member_id)
        if before is None:
            return ["of strangers"]
        return ["after an hour"] if touch.at - before > HOUR else ["within an hour"]

    def _is_novel(self, touch: Touch) -> bool:
        return touch.product_id not in self._seen[touch.member_id]

    def _ask(self, touch: Touch, groups: list[str]) -> None:
        member_id, seen = touch.member_id, self._seen[touch.member_id]
        offered = self._play.offer(
            member_id, Purpose.NOVEL, touch.at, self._k, lambda one: one not in seen
        )
        for group in groups:
            self._add(self._measures, group, offered, [touch.product_id])
        popular = self._references.popularity(self._k, lambda one: one not in seen)
        alike = self._references.cosine(member_id, self._k, lambda one: one not in seen)
        for group in groups:
            self._add(self._beside, f"popularity {group}", popular, [touch.product_id])
            self._add(self._beside, f"item-kNN {group}", alike, [touch.product_id])

    def _ask_for_basket(self, basket: list[Touch]) -> None:
        first, seen = basket[0], self._seen[basket[0].member_id]
        products = [touch.product_id for touch in basket]
        novel = [product for product in products if product not in seen]
        if novel:
            self._ask_basket("novel", first, Purpose.NOVEL, lambda one: one not in seen, novel)
        self._ask_basket("any", first, Purpose.ANY, lambda _: True, products)
        own = self._references.own(first.member_id, self._k)
        self._add(self._beside, "own frequency any", own, products)

    def _ask_basket(
        self,
        group: str,
        first: Touch,
        purpose: Purpose,
        wanted: Callable[[str], bool],
        came: list[str],
    ) -> None:
        offered = self._play.offer(first.member_id, purpose, first.at, self._k, wanted)
        self._add(self._measures, group, offered, came)
        popular = self._references.popularity(self._k, wanted)
        alike = self._references.cosine(first.member_id, self._k, wanted)
        self._add(self._beside, f"popularity {group}", popular, came)
        self._add(self._beside, f"item-kNN {group}", alike, came)

    def _add(
        self,
        measures: dict[str, Measure],
        name: str,
        offered: list[str] | None,
        came: Collection[str],
    ) -> None:
        if offered is not None:
            measures.setdefault(name, Measure(self._k)).add(offered, came)

    # ---- telling --------------------------------------------------------------------------------

    def _describe(self, touch: Touch) -> None:
        """A product is listed when it is first touched: before, nobody knows that it will be there."""
        its = self._undescribed.pop(touch.product_id, None)
        if its is not None:
            self._play.describe(touch.product_id, its, touch.at)

    def _look(self, touch: Touch) -> None:
        self._describe(touch)
        self._play.look(touch)
        self._remember(touch)

    def _remember(self, touch: Touch) -> None:
        self._references.told(touch.member_id, touch.product_id)
        self._seen[touch.member_id].add(touch.product_id)
        self._touched_at[touch.member_id] = touch.at

    def _progress(self, place: int) -> None:
        if place % 1_000 == 0:
            self._tell(f"Living through {place:,} of {len(self._data.touches):,} touches …")


def _baskets(touches: list[Touch]) -> Iterator[list[Touch]]:
    """Touches of a member at one moment, each product once, in the order of time."""
    for _, moment in groupby(touches, key=lambda touch: touch.at):
        by_member: dict[str, list[Touch]] = {}
        for touch in dict.fromkeys(moment):
            by_member.setdefault(touch.member_id, []).append(touch)
        yield from by_member.values()
